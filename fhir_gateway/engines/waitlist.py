"""Who on the waitlist could take a freed time, and in which order are they asked?

`plan` is the owner's order by match score; `best` goes by clinical class, then by virtual deadline
(created + the class's target), then by days gained. Whoever has waited for another whole target
beyond the first counts as one class more urgent, so nobody is passed over for ever.

Source: owner's plan, phase 12 (find_matching_waitlist_entries), rows W1, W8, W11; decision 25.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import Interval, local_day
from fhir_gateway.engines.clinical_class import (
    WAITLIST_TARGET_DAYS,
    ClinicalClass,
    class_of,
    priority_rank,
)
from fhir_gateway.engines.decision import KeyPart, Refusal
from fhir_gateway.engines.waitlist_facts import FreedTime, WaitlistEntry
from fhir_gateway.engines.waitlist_score import MatchScore, match_score


@dataclass(frozen=True, slots=True)
class Placed:
    """One entry that could take the time.

    Args:
        entry: The entry.
        rank: 1 is asked first.
        score: By the owner's rule; decides in `plan` only.
        keys: What decided, first to last.
    """

    entry: WaitlistEntry
    rank: int
    score: MatchScore
    keys: tuple[KeyPart, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """Everybody on the list: those who could take it, in order, and the others with a reason."""

    placed: tuple[Placed, ...]
    excluded: tuple[tuple[str, Refusal], ...]


def eligible(entry: WaitlistEntry, freed: FreedTime, now: datetime) -> Refusal | None:
    """Decide whether an entry could take the freed time.

    Args:
        entry: Facts of the entry; its busy times without the appointment it wants to leave.
        freed: The time.
        now: Aware.

    Returns:
        None, or the first of: `past`, `service-type`, `canceller`, `minimum-notice`,
        `wanted-period`, `practitioner`, `too-long`, `patient-busy`.

    Source: owner's plan, phase 12, rows W1 (missing bound = open) and W8 (canceller, busy
    patient, too long a visit; absent service type is no match).
    """
    return (
        _in_time(freed, now)
        or _same_service(entry, freed)
        or _noticed(entry, freed, now)
        or _wanted(entry, freed)
        or _has_room(entry, freed)
    )


def _in_time(freed: FreedTime, now: datetime) -> Refusal | None:
    if freed.start.astimezone(UTC) <= now:
        return Refusal("past", "the time has begun")
    return None


def _noticed(entry: WaitlistEntry, freed: FreedTime, now: datetime) -> Refusal | None:
    notice = timedelta(minutes=freed.notice_for(entry.service_types & freed.service_types))
    if freed.start.astimezone(UTC) - now < notice:
        return Refusal("minimum-notice", "the time begins too soon for this kind of visit")
    return None


def _same_service(entry: WaitlistEntry, freed: FreedTime) -> Refusal | None:
    if not entry.service_types & freed.service_types:
        return Refusal("service-type", "another service is wanted, or none is named")
    if freed.canceller is not None and entry.patient == freed.canceller:
        return Refusal("canceller", "the patient has just given this time up")
    return None


def _wanted(entry: WaitlistEntry, freed: FreedTime) -> Refusal | None:
    day = local_day(freed.start, ZoneInfo(freed.zone))
    if entry.wanted and not any(period.includes(day) for period in entry.wanted):
        return Refusal("wanted-period", "the day is outside the wanted period")
    if entry.practitioners and freed.practitioner not in entry.practitioners:
        return Refusal("practitioner", "another practitioner is wanted")
    return None


def _has_room(entry: WaitlistEntry, freed: FreedTime) -> Refusal | None:
    start, end = freed.start.astimezone(UTC), freed.end.astimezone(UTC)
    if entry.duration_minutes is not None:
        needed = timedelta(minutes=entry.duration_minutes)
        if needed > end - start:
            return Refusal("too-long", "the visit takes longer than the freed time")
        end = start + needed
    visit = Interval(start, end)
    if any(visit.overlaps(_in_utc(taken)) for taken in entry.busy):
        return Refusal("patient-busy", "the patient has another appointment then")
    return None


def _in_utc(interval: Interval) -> Interval:
    return Interval(interval.start.astimezone(UTC), interval.end.astimezone(UTC))


def matching(
    policy: str, entries: Iterable[WaitlistEntry], freed: FreedTime, now: datetime
) -> Matching:
    """Divide the list into those who could take the time, in order, and the others.

    Args:
        policy: `plan` or `best`.
        entries: Active entries, in any order.
        freed: The time.
        now: Aware.
    """
    fitting: list[WaitlistEntry] = []
    excluded: list[tuple[str, Refusal]] = []
    for entry in entries:
        refusal = eligible(entry, freed, now)
        if refusal is None:
            fitting.append(entry)
        else:
            excluded.append((entry.id, refusal))
    return Matching(order(policy, fitting, freed, now), tuple(excluded))


def order(
    policy: str, entries: Iterable[WaitlistEntry], freed: FreedTime, now: datetime
) -> tuple[Placed, ...]:
    """Rank eligible entries.

    Args:
        policy: `plan`: score, then priority (1 highest, 0 or absent last), then oldest created,
            then id. `best`: clinical class with what long waiting adds (`standing_class`), then
            virtual deadline, then days gained (no appointment yet gains most), then oldest
            created, then id.
        entries: Eligible ones, in any order.
        freed: The time.
        now: Aware; decides how long each has waited.

    Source: owner's plan, phase 12; decision 25.
    """
    zone = ZoneInfo(freed.zone)
    today = local_day(now, zone)
    scored = [(entry, match_score(entry, freed, today)) for entry in entries]
    if policy == "plan":
        scored.sort(key=lambda pair: _plan_key(*pair))
        keys = [_plan_parts(*pair) for pair in scored]
    else:
        scored.sort(key=lambda pair: _best_key(pair[0], freed, today))
        keys = [_best_parts(entry, freed, today) for entry, _ in scored]
    return tuple(
        Placed(entry, rank, score, parts)
        for rank, ((entry, score), parts) in enumerate(zip(scored, keys, strict=True), start=1)
    )


def _plan_key(entry: WaitlistEntry, score: MatchScore) -> tuple[object, ...]:
    created = entry.created.astimezone(UTC)
    return -score.exact, priority_rank(entry.priority), created, entry.id


def _plan_parts(entry: WaitlistEntry, score: MatchScore) -> tuple[KeyPart, ...]:
    return (
        KeyPart("score", str(score.total)),
        KeyPart("priority", str(entry.priority or "none")),
        KeyPart("created", entry.created.isoformat()),
    )


def standing_class(entry: WaitlistEntry, today: date, zone: ZoneInfo) -> ClinicalClass:
    """The class that an entry is ranked with: one more urgent for each whole target beyond the
    first that it has waited, emergencies apart.

    So whoever is routine is ranked with the urgent after three targets, and their deadline is
    before that of anybody who joins from then on.
    """
    own = class_of(entry.priority)
    if own <= ClinicalClass.URGENT:
        return own
    waited = (today - local_day(entry.created, zone)).days
    steps = max(0, waited // WAITLIST_TARGET_DAYS[own] - 1)
    return ClinicalClass(max(ClinicalClass.URGENT, own - steps))


def virtual_deadline(entry: WaitlistEntry, zone: ZoneInfo) -> date:
    """The clinic's day by which the entry's class wants the patient seen."""
    target = WAITLIST_TARGET_DAYS[class_of(entry.priority)]
    return local_day(entry.created, zone) + timedelta(days=target)


def days_gained(entry: WaitlistEntry, freed: FreedTime) -> int | None:
    """Clinic's days between the freed time and the appointment held; None where none is held."""
    if entry.held_start is None:
        return None
    zone = ZoneInfo(freed.zone)
    return (local_day(entry.held_start, zone) - local_day(freed.start, zone)).days


def _best_key(entry: WaitlistEntry, freed: FreedTime, today: date) -> tuple[object, ...]:
    gained = days_gained(entry, freed)
    zone = ZoneInfo(freed.zone)
    return (
        standing_class(entry, today, zone),
        virtual_deadline(entry, zone),
        (gained is not None, -(gained or 0)),
        entry.created.astimezone(UTC),
        entry.id,
    )


def _best_parts(entry: WaitlistEntry, freed: FreedTime, today: date) -> tuple[KeyPart, ...]:
    gained = days_gained(entry, freed)
    zone = ZoneInfo(freed.zone)
    own, standing = class_of(entry.priority), standing_class(entry, today, zone)
    told = standing.name.lower()
    return (
        KeyPart("class", told if own == standing else f"{told}, for the long wait"),
        KeyPart("deadline", virtual_deadline(entry, zone).isoformat()),
        KeyPart("days-gained", "no appointment yet" if gained is None else str(gained)),
        KeyPart("created", entry.created.isoformat()),
    )
