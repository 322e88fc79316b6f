"""Which visits of a given length would fit into the free Slots?

Columns in, columns out: no resource is touched. A candidate starts where a Slot starts and may
span several adjacent free Slots of the same Schedule (end of one = start of the next).

Source: owner's plan, phase 10 (_get_available_slots), rows S4 and S11; decisions 9 and 18.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fhir_gateway.core.time import Interval, merged
from fhir_gateway.engines.clinic_time import (
    Minutes,
    day_number,
    days,
    minute_from,
    minute_of,
    wall_minutes,
)

Flags = npt.NDArray[np.bool_]
NONE = -1  # no such row


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """One Schedule whose Slots are searched.

    Args:
        id: Of the Schedule.
        actors: References of its actors, `Type/id`.
        zone: IANA name; decides what day and hour it is.
        practitioner: Reference of the practitioner among the actors.
        location: Reference of the location among the actors.
        buffer_before: Minutes that have to be clear before the visit.
        buffer_after: Minutes that have to be clear after it.
    """

    id: str
    actors: tuple[str, ...]
    zone: str
    practitioner: str | None = None
    location: str | None = None
    buffer_before: int = 0
    buffer_after: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class SlotColumns:
    """Free Slots, one row each, in any order.

    Args:
        schedule: Shape (n,) int64, index into the sequence of ScheduleFacts.
        start: Shape (n,) int64, minutes since the epoch.
        end: Shape (n,) int64, after start.
        ids: Slot ids, n of them.
        ordered: Whether rows of the same Schedule and start are in order of their ids, so that
            nobody has to sort them.

    Raises:
        ValueError: columns of different lengths, or a Slot that does not end after it starts.
    """

    schedule: Minutes
    start: Minutes
    end: Minutes
    ids: Sequence[str]
    ordered: bool = False

    def __post_init__(self) -> None:
        if not len(self.schedule) == len(self.start) == len(self.end) == len(self.ids):
            raise ValueError("slot columns have different lengths")
        if bool((self.end <= self.start).any()):
            raise ValueError("a slot ends after it starts")


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """What is looked for.

    Args:
        duration: Minutes of the visit, > 0.
        now: Aware.
        window: The whole visit lies inside; None is unlimited.
        dates: Clinic-local days of the start; empty is any.
        minimum_notice: Minutes between now and the earliest start.
        busy: Times taken of every actor that has to come: nothing of them may overlap the visit
            with its buffers.
        taken: By index into the Schedules: times of its own people, which the buffers of a visit
            must not reach into either. A Schedule without buffers needs none: its Slots are free.
        within: Times at which required actors who have Slots of their own are free: the visit lies
            inside of them.

    Raises:
        ValueError: no duration.
    """

    duration: int
    now: datetime
    window: Interval | None = None
    dates: frozenset[date] = frozenset()
    minimum_notice: int = 0
    busy: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    taken: Mapping[int, Sequence[Interval]] = field(default_factory=dict)
    within: Mapping[str, Sequence[Interval]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.duration <= 0:
            raise ValueError("a visit takes at least a minute")


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Visits that fit, one row each, in the order of their first Slot's row.

    Args:
        schedule: Shape (m,) int64, index into the ScheduleFacts.
        start: Shape (m,) int64, minutes since the epoch.
        end: Shape (m,) int64, start + duration.
        slot_rows: Flat int64 rows of SlotColumns; candidate i uses
            slot_rows[slot_offsets[i]:slot_offsets[i + 1]], in order of time.
        slot_offsets: Shape (m + 1,) int64.
    """

    schedule: Minutes
    start: Minutes
    end: Minutes
    slot_rows: Minutes
    slot_offsets: Minutes

    def __len__(self) -> int:
        return len(self.start)

    def slots_of(self, candidate: int) -> tuple[int, ...]:
        """Rows of the Slots that a candidate uses."""
        first, last = self.slot_offsets[candidate], self.slot_offsets[candidate + 1]
        return tuple(self.slot_rows[first:last].tolist())

    def only(self, rows: Minutes) -> "Candidates":
        """Some of the candidates, in the order of the rows."""
        counts = np.diff(self.slot_offsets)[rows]
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        flat = self.slot_rows[np.repeat(self.slot_offsets[rows], counts) + within]
        return Candidates(self.schedule[rows], self.start[rows], self.end[rows], flat, offsets)

    @property
    def first_slots(self) -> Minutes:
        """Shape (m,): row of the Slot that each candidate starts in."""
        return self.slot_rows[self.slot_offsets[:-1]]


def search(
    slots: SlotColumns, schedules: Sequence[ScheduleFacts], wanted: SlotSearch
) -> Candidates:
    """Every visit of the wanted length that the free Slots have room for.

    Args:
        slots: Free Slots of the Schedules.
        schedules: What the schedule column points into.
        wanted: Length, limits and the times taken of required actors.

    Returns:
        Possibly no candidate at all. Two Slots of one Schedule with the same start give two
        candidates.

    Source: owner's plan, phase 10; row S11 (start ≥ now + minimum notice).
    """
    follower, reach = _chains(slots, wanted.duration)
    fits = reach - slots.start >= wanted.duration
    fits &= _inside(slots, wanted)
    fits &= _on_dates(slots, schedules, wanted.dates)
    fits &= _actors_free(slots, schedules, wanted)
    for times in wanted.within.values():
        fits &= _covered(slots.start, slots.start + wanted.duration, times)
    return _candidates(slots, np.flatnonzero(fits), follower, wanted.duration)


def _inside(slots: SlotColumns, wanted: SlotSearch) -> Flags:
    fits: Flags = slots.start >= minute_from(wanted.now) + wanted.minimum_notice
    if wanted.window:
        fits &= slots.start >= minute_from(wanted.window.start)
        fits &= slots.start + wanted.duration <= minute_of(wanted.window.end)
    return fits


def _on_dates(
    slots: SlotColumns, schedules: Sequence[ScheduleFacts], dates: frozenset[date]
) -> Flags:
    if not dates:
        return np.ones(len(slots.start), dtype=np.bool_)
    wanted = np.array([day_number(day) for day in dates], dtype=np.int64)
    wall = wall_of(slots.schedule, slots.start, schedules)
    return np.isin(days(wall), wanted)


def wall_of(schedule: Minutes, minutes: Minutes, schedules: Sequence[ScheduleFacts]) -> Minutes:
    """The wall clock of each row, in the zone of its own Schedule.

    Args:
        schedule: Shape (n,), index into schedules.
        minutes: Shape (n,), minutes since the epoch.
    """
    wall = np.empty_like(minutes)
    for zone in {each.zone for each in schedules}:
        rows = np.array([each.zone == zone for each in schedules], dtype=np.bool_)[schedule]
        wall[rows] = wall_minutes(minutes[rows], zone)
    return wall


def rows_by_schedule(schedule: Minutes, count: int) -> list[Minutes]:
    """The rows of each Schedule.

    Args:
        schedule: Shape (n,), index into the Schedules.
        count: Of Schedules.

    Returns:
        For each Schedule its rows in order, possibly none.
    """
    order = np.argsort(schedule, kind="stable")
    bounds = np.searchsorted(schedule[order], np.arange(count + 1))
    return [order[low:high] for low, high in pairwise(bounds)]


def _actors_free(
    slots: SlotColumns, schedules: Sequence[ScheduleFacts], wanted: SlotSearch
) -> Flags:
    before = np.array([each.buffer_before for each in schedules], dtype=np.int64)
    after = np.array([each.buffer_after for each in schedules], dtype=np.int64)
    since = slots.start - before[slots.schedule]
    until = slots.start + wanted.duration + after[slots.schedule]
    free = clear(since, until, [each for times in wanted.busy.values() for each in times])
    for index, times in wanted.taken.items():
        own = slots.schedule == index
        free[own] &= clear(since[own], until[own], times)
    return free


def clear(since: Minutes, until: Minutes, busy: Iterable[Interval]) -> Flags:
    """Which of the times from since to until nothing busy touches.

    Args:
        since: Shape (n,), minutes since the epoch.
        until: Shape (n,), after since.
        busy: In any order.
    """
    taken = merged(busy)
    if not taken:
        return np.ones(len(since), dtype=np.bool_)
    starts = np.array([minute_of(each.start) for each in taken], dtype=np.int64)
    ends = np.array([minute_from(each.end) for each in taken], dtype=np.int64)
    place = np.searchsorted(ends, since, side="right")
    never = np.append(starts, np.iinfo(np.int64).max)
    free: Flags = never[place] >= until
    return free


def _covered(since: Minutes, until: Minutes, free: Iterable[Interval]) -> Flags:
    """Which of the times from since to until lie inside of free ones."""
    spans = merged(free)
    starts = np.array([minute_from(each.start) for each in spans], dtype=np.int64)
    ends = np.array([minute_of(each.end) for each in spans], dtype=np.int64)
    place = np.searchsorted(starts, since, side="right") - 1
    inside: Flags = np.append(ends, np.iinfo(np.int64).min)[place] >= until
    return inside


def _chains(slots: SlotColumns, duration: int) -> tuple[Minutes, Minutes]:
    """For each Slot the row that follows it (NONE at the end), and how far the chain reaches.

    Where several Slots of a Schedule start at the same time, the follower is the one that leads
    furthest, so that an overlap never hides a visit that would fit.
    """
    if bool((slots.end - slots.start >= duration).all()):
        return np.full(len(slots.start), NONE), np.minimum(slots.end, slots.start + duration)
    group, follows = _groups(slots)
    names = np.arange(len(slots.ids)) if slots.ordered else _id_ranks(slots.ids)
    enough = slots.start + duration  # nobody who starts earlier needs more of this Slot's chain
    reach = np.minimum(slots.end, enough)
    while True:
        order = np.lexsort((names, -reach, group))
        firsts = order[np.flatnonzero(np.diff(group[order], prepend=-1))]
        follower = firsts[follows] if len(firsts) else follows
        follower = np.where(follows == NONE, NONE, follower)
        further = np.where(follower == NONE, reach, np.maximum(reach, reach[follower]))
        further = np.minimum(further, enough)
        if bool((further == reach).all()):
            return follower, reach
        reach = further


def _groups(slots: SlotColumns) -> tuple[Minutes, Minutes]:
    """Number each (schedule, start), and say which number begins where each Slot ends."""
    stride = int(slots.end.max(initial=0)) - int(slots.start.min(initial=0)) + 1
    base = int(slots.start.min(initial=0))
    starting = slots.schedule * stride + (slots.start - base)
    ending = slots.schedule * stride + (slots.end - base)
    keys, group = np.unique(starting, return_inverse=True)
    if not len(keys):
        return group.astype(np.int64), group.astype(np.int64)
    place = np.minimum(np.searchsorted(keys, ending), len(keys) - 1)
    return group.astype(np.int64), np.where(keys[place] == ending, place, NONE).astype(np.int64)


def _id_ranks(ids: Sequence[str]) -> Minutes:
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return ranks


def _candidates(slots: SlotColumns, rows: Minutes, follower: Minutes, duration: int) -> Candidates:
    until = slots.start[rows] + duration
    steps = [rows]
    owners = [np.arange(len(rows), dtype=np.int64)]
    while True:
        short = slots.end[steps[-1]] < until[owners[-1]]
        if not bool(short.any()):
            break
        owners.append(owners[-1][short])
        steps.append(follower[steps[-1][short]])
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    offsets = np.searchsorted(owner[order], np.arange(len(rows) + 1))
    return Candidates(
        slots.schedule[rows],
        slots.start[rows],
        until,
        np.concatenate(steps)[order],
        offsets.astype(np.int64),
    )


def columns(rows: Iterable[tuple[int, Interval, str]]) -> SlotColumns:
    """Slot columns from (schedule index, time, Slot id), for callers that hold objects."""
    listed = list(rows)
    return SlotColumns(
        np.array([index for index, _, _ in listed], dtype=np.int64),
        np.array([minute_of(time.start) for _, time, _ in listed], dtype=np.int64),
        np.array([minute_of(time.end) for _, time, _ in listed], dtype=np.int64),
        [name for _, _, name in listed],
    )
