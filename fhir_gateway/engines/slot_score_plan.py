"""What is each candidate worth by the owner's rule?

Priority and risk ignore the slot, and a pending appointment is not "nearby": kept as written
(rows S10 and S12).

Source: owner's plan, phase 10 (SmartScheduler._score_*), rows S1 to S12.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from fhir_gateway.engines.clinic_time import (
    DAYS,
    PARTS,
    Minutes,
    hours,
    part_numbers,
    weekdays,
)
from fhir_gateway.engines.priority_rules import AppliedRules
from fhir_gateway.engines.slot_facts import Diary, PatientFacts
from fhir_gateway.engines.slot_score import (
    AVAILABILITY,
    NO_SHOW,
    PREFERENCE,
    PRIORITY,
    PROXIMITY,
    SCALE,
    FactorColumn,
    millionths,
)
from fhir_gateway.engines.slot_search import (
    Candidates,
    Flags,
    ScheduleFacts,
    rows_by_schedule,
)

NEARBY = 15  # minutes on either side of the start, both included
BY_NEARBY = (100, 75, 50)  # none, one, two or more appointments nearby
NEW_PATIENT = Decimal(75)
UNKNOWN_TRAVEL = Decimal(50)
RUSH = ((7, 10), (16, 19))  # hours from (included) to (excluded)
RUSH_PENALTY = Fraction(1, 2)  # points per minute of travel
NEUTRAL, DAY_POINTS, PART_POINTS, PRACTITIONER_POINTS = 50, 25, 15, 10


def plan_columns(
    candidates: Candidates,
    schedules: Sequence[ScheduleFacts],
    wall: Minutes,
    patient: PatientFacts | None,
    applied: AppliedRules,
    diaries: Mapping[str, Diary],
) -> tuple[FactorColumn, ...]:
    """The five factors of every candidate.

    Args:
        candidates: n of them.
        schedules: What candidates.schedule points into.
        wall: Shape (n,), clinic wall clock of each start.
        patient: None gives the neutral 75/50/50.
        applied: The priority rules that matched.
        diaries: By practitioner reference; absent = nothing booked.

    Source: owner's plan, phase 10.
    """
    return (
        availability(candidates, schedules, diaries),
        priority(len(candidates), applied),
        no_show(len(candidates), patient),
        proximity(candidates, schedules, wall, patient),
        preference(candidates, schedules, wall, patient),
    )


def availability(
    candidates: Candidates, schedules: Sequence[ScheduleFacts], diaries: Mapping[str, Diary]
) -> FactorColumn:
    """100, 75 or 50 by the practitioner's appointments that start within ± 15 minutes."""
    nearby = np.zeros(len(candidates), dtype=np.int64)
    for schedule, rows in zip(
        schedules, rows_by_schedule(candidates.schedule, len(schedules)), strict=True
    ):
        starts = np.sort(diaries.get(schedule.practitioner or "", Diary()).start)
        first = np.searchsorted(starts, candidates.start[rows] - NEARBY, side="left")
        last = np.searchsorted(starts, candidates.start[rows] + NEARBY, side="right")
        nearby[rows] = last - first
    points = np.array(BY_NEARBY, dtype=np.int64)[np.minimum(nearby, 2)]
    return FactorColumn(
        AVAILABILITY,
        points * SCALE,
        lambda i: f"{nearby[i]} appointments start within 15 minutes",
    )


def priority(count: int, applied: AppliedRules) -> FactorColumn:
    """The rule's score for every candidate alike; 50 where none matches."""
    text = f"rule {applied.scoring.id}" if applied.scoring else "no priority rule matches"
    return _same(PRIORITY, count, applied.score, text)


def no_show(count: int, patient: PatientFacts | None) -> FactorColumn:
    """100 minus the rate in percent; 75 for a patient without past appointments."""
    if patient is None or patient.no_show_rate is None:
        return _same(NO_SHOW, count, NEW_PATIENT, "no past appointments")
    value = max(Decimal(0), 100 - patient.no_show_rate)
    return _same(NO_SHOW, count, value, f"{patient.no_show_rate} % of appointments missed")


def _same(code: str, count: int, value: Decimal, text: str) -> FactorColumn:
    return FactorColumn(code, np.full(count, millionths(value), dtype=np.int64), lambda _: text)


def proximity(
    candidates: Candidates,
    schedules: Sequence[ScheduleFacts],
    wall: Minutes,
    patient: PatientFacts | None,
) -> FactorColumn:
    """Half a point off per minute of travel in the rush; 100 outside of it; 50 if unknown."""
    rush = in_rush(hours(wall))
    trips = [travel_to(schedule, patient) for schedule in schedules]
    calm = [UNKNOWN_TRAVEL if trip is None else Decimal(100) for trip in trips]
    busy = [UNKNOWN_TRAVEL if trip is None else _in_rush_value(trip) for trip in trips]
    table = np.array([_all_millionths(calm), _all_millionths(busy)], dtype=np.int64)

    def text(i: int) -> str:
        trip = trips[candidates.schedule[i]]
        when = "in the rush" if rush[i] else "outside the rush"
        return "travel time unknown" if trip is None else f"{trip} minutes of travel, {when}"

    return FactorColumn(PROXIMITY, table[rush.astype(np.int64), candidates.schedule], text)


def in_rush(hour: Minutes) -> Flags:
    """Starts from 07:00 to 09:59 and from 16:00 to 18:59."""
    rush: Flags = np.zeros(len(hour), dtype=np.bool_)
    for since, until in RUSH:
        rush |= (hour >= since) & (hour < until)
    return rush


def travel_to(schedule: ScheduleFacts, patient: PatientFacts | None) -> Decimal | None:
    """Minutes to the Schedule's location; None if unknown, zero is known (row S9)."""
    if patient is None or schedule.location is None:
        return None
    return patient.travel_minutes.get(schedule.location)


def _in_rush_value(trip: Decimal) -> Fraction:
    return max(Fraction(0), 100 - RUSH_PENALTY * Fraction(trip))


def _all_millionths(values: Sequence[Decimal | Fraction]) -> list[int]:
    return [millionths(value) for value in values]


def preference(
    candidates: Candidates,
    schedules: Sequence[ScheduleFacts],
    wall: Minutes,
    patient: PatientFacts | None,
) -> FactorColumn:
    """50, 25 more for the weekday, 15 for the part of day, 10 for the practitioner."""
    facts = patient or PatientFacts()
    day = np.array([name in facts.preferred_days for name in DAYS])[weekdays(wall)]
    part = np.array([name in facts.preferred_parts for name, _ in PARTS])
    part = part[part_numbers(hours(wall))]
    known = [schedule.practitioner in facts.preferred_practitioners for schedule in schedules]
    person = np.array(known, dtype=np.bool_)[candidates.schedule]
    points = NEUTRAL + day * DAY_POINTS + part * PART_POINTS + person * PRACTITIONER_POINTS

    def text(i: int) -> str:
        named = (("weekday", day), ("part of day", part), ("practitioner", person))
        met = [name for name, flags in named if flags[i]]
        return f"preferred {', '.join(met)}" if met else "no known preference is met"

    return FactorColumn(PREFERENCE, np.minimum(points, 100).astype(np.int64) * SCALE, text)
