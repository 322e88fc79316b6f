"""What does a patient seem to like, going by the visits that took place?

Stated preferences win over learnt ones and the two are kept apart (row S16).

Source: owner's plan, phase 10 (update_patient_scheduling_preferences); decision 22.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fhir_gateway.engines.clinic_time import DAYS, PARTS, part_of

REMEMBERED = 20  # fulfilled visits
#: Share of them from which on `best` takes something for a habit and not for chance.
HABIT = 0.25


@dataclass(frozen=True, slots=True)
class FulfilledVisit:
    """One visit that took place.

    Args:
        start: Planned start, aware.
        zone: IANA name of the clinic's zone.
        practitioner: Reference, where there was one.
    """

    start: datetime
    zone: str
    practitioner: str | None = None


@dataclass(frozen=True, slots=True)
class LearntPreferences:
    """Shares 0..1 of the remembered visits, by code.

    A weekday or part of day is preferred by `plan` where it occurs at all, by `best` where it is a
    habit (`HABIT`).
    """

    day_shares: Mapping[str, float]
    part_shares: Mapping[str, float]
    practitioner_shares: Mapping[str, float]
    visits: int

    def days(self, policy: str = "plan") -> tuple[str, ...]:
        """Days-of-week codes, in the order of the week: for `plan` all, for `best` habits."""
        return _liked(self.day_shares, policy, DAYS)

    def parts(self, policy: str = "plan") -> tuple[str, ...]:
        """Parts of the day, in the order of the day: for `plan` all, for `best` habits."""
        return _liked(self.part_shares, policy, tuple(part for part, _ in PARTS))

    def practitioners(self, policy: str = "plan") -> tuple[str, ...]:
        """References: for `best` habits; for `plan` none, which learns about times alone."""
        order = tuple(sorted(self.practitioner_shares))
        return _liked(self.practitioner_shares, policy, order) if policy == "best" else ()


def _liked(shares: Mapping[str, float], policy: str, order: Sequence[str]) -> tuple[str, ...]:
    least = HABIT if policy == "best" else 0.0
    return tuple(name for name in order if name in shares and shares[name] >= least)


def learnt(visits: Iterable[FulfilledVisit]) -> LearntPreferences:
    """Learn from the last 20 fulfilled visits.

    Args:
        visits: Fulfilled ones, in any order.

    Returns:
        Empty mappings where there was no visit.

    Source: owner's plan, phase 10; row S4 (clinic time, days as codes).
    """
    last = sorted(visits, key=lambda visit: visit.start.astimezone(UTC), reverse=True)[:REMEMBERED]
    local = [visit.start.astimezone(ZoneInfo(visit.zone)) for visit in last]
    return LearntPreferences(
        _shares([DAYS[start.weekday()] for start in local]),
        _shares([part_of(start.hour) for start in local]),
        _shares([visit.practitioner for visit in last if visit.practitioner]),
        len(last),
    )


def _shares(names: Sequence[str]) -> Mapping[str, float]:
    return {name: count / len(names) for name, count in Counter(names).items()}


def effective(stated: Sequence[str], from_visits: Sequence[str]) -> tuple[str, ...]:
    """The preference that counts: what was stated, else what was learnt (row S16)."""
    return tuple(stated) or tuple(from_visits)
