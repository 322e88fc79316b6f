"""Is somebody already engaged at that time, and when else would it go?

The database constraint is the guarantee; this is the explanation. Times are half open and are
compared as instants, also where both carry the same zone on the night of a clock change.

Source: owner's plan, phase 10 (ConflictDetector); decisions 8 and 18.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import HOLDING
from fhir_gateway.core.time import Interval, local_day, merged


@dataclass(frozen=True, slots=True)
class Engagement:
    """One actor's time that is taken.

    Args:
        actor: `Type/id`.
        start: Aware, included.
        end: Aware, excluded.
        appointment: Id of the Appointment it belongs to; empty for a block.
        kind: `appointment`, `hold`, `offer`, `block`, `overlap`.
        status: Appointment.status; None where no Appointment holds the time.
    """

    actor: str
    start: datetime
    end: datetime
    appointment: str
    kind: str = "appointment"
    status: str | None = None


def conflicts(
    engagements: Iterable[Engagement],
    actors: Collection[str],
    interval: Interval,
    ignore: str | None = None,
) -> tuple[Engagement, ...]:
    """All active engagements of the actors that overlap the interval.

    Args:
        engagements: In any order; those of other actors and of a status that holds no time do
            not count.
        actors: `Type/id`.
        interval: Half open: what ends at its start, or starts at its end, is no conflict.
        ignore: An Appointment to leave out (the one that is being moved).

    Returns:
        By start, then actor, then Appointment.

    Source: owner's plan, phase 10; decision 18 (`$check-conflicts`).
    """
    start, end = interval.start.astimezone(UTC), interval.end.astimezone(UTC)
    found = (
        each
        for each in engagements
        if each.actor in actors
        and _active(each)
        and (ignore is None or each.appointment != ignore)
        and each.start.astimezone(UTC) < end
        and start < each.end.astimezone(UTC)
    )
    return tuple(sorted(found, key=_order))


def _active(engagement: Engagement) -> bool:
    return engagement.status is None or engagement.status in HOLDING


def _order(engagement: Engagement) -> tuple[datetime, str, str]:
    return engagement.start.astimezone(UTC), engagement.actor, engagement.appointment


def clear_of(slots: Iterable[Interval], busy: Iterable[Interval]) -> tuple[Interval, ...]:
    """The slots that no busy time of any actor touches: free time in common.

    Args:
        slots: Free Slots of the schedule that is to be booked.
        busy: Times taken of every actor that has to come, mixed.

    Returns:
        The slots that remain, in UTC, in their order.
    """
    taken = merged(_in_utc(each) for each in busy)
    ends = [each.end for each in taken]
    kept = []
    for slot in map(_in_utc, slots):
        after = bisect_right(ends, slot.start)
        if after == len(taken) or taken[after].start >= slot.end:
            kept.append(slot)
    return tuple(kept)


def alternatives(
    free: Sequence[Interval],
    original: Interval,
    now: datetime,
    zone: ZoneInfo,
    count: int = 5,
    days: int = 7,
) -> tuple[Interval, ...]:
    """Other times of the same duration, nearest first.

    Args:
        free: Free Slots that all actors have in common (see `clear_of`). Each of them offers its
            own start; the visit may go on through Slots that overlap or touch.
        original: The time that was wanted.
        now: Aware; earlier starts are no alternative.
        zone: Of the clinic: days are its calendar days.
        count: At most so many.
        days: Calendar days looked at, the day of the original start being the first.

    Returns:
        In UTC, by distance of the start from the original start, the earlier on a tie.

    Source: owner's plan, phase 10 (suggest_alternative_slots); decision 18.
    """
    wanted = _in_utc(original)
    spans = merged(_in_utc(each) for each in free)
    first = local_day(wanted.start, zone)
    last = first + timedelta(days=days)
    starts = {each.start.astimezone(UTC) for each in free}
    fitting = (
        Interval(start, start + (wanted.end - wanted.start))
        for start in starts
        if start >= now and first <= local_day(start, zone) < last
    )
    offered = [each for each in fitting if _covered(each, spans)]
    offered.sort(key=lambda each: (abs(each.start - wanted.start), each.start))
    return tuple(offered[:count])


def _covered(visit: Interval, spans: Sequence[Interval]) -> bool:
    place = bisect_right(spans, visit.start, key=lambda span: span.start) - 1
    return place >= 0 and spans[place].contains(visit)


def _in_utc(interval: Interval) -> Interval:
    return Interval(interval.start.astimezone(UTC), interval.end.astimezone(UTC))
