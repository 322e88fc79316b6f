"""How much of a stretch of time is booked, for many stretches of many people at once?"""

from collections.abc import Mapping, Sequence

import numpy as np

from fhir_gateway.engines.clinic_time import Minutes
from fhir_gateway.engines.slot_facts import Diary
from fhir_gateway.engines.slot_search import ScheduleFacts


class BookedMinutes:
    """The diaries of all Schedules laid end to end, so that one search answers for all.

    Args:
        schedules: Each with its practitioner; none has an empty diary.
        diaries: By practitioner.
    """

    def __init__(self, schedules: Sequence[ScheduleFacts], diaries: Mapping[str, Diary]) -> None:
        found = [diaries.get(each.practitioner or "", Diary()) for each in schedules]
        starts = np.concatenate([np.empty(0, dtype=np.int64), *(each.start for each in found)])
        ends = np.concatenate([np.empty(0, dtype=np.int64), *(each.end for each in found)])
        place = np.repeat(np.arange(len(found)), [len(each.start) for each in found])
        self._base = int(starts.min(initial=0)) if len(starts) else 0
        self._width = int(ends.max(initial=self._base)) - self._base
        self._all = Diary(self._laid(place, starts), self._laid(place, ends))

    def between(self, schedule: Minutes, since: Minutes, until: Minutes) -> Minutes:
        """Booked minutes inside each stretch; overlapping appointments count once each.

        Args:
            schedule: Shape (n,), index into the Schedules.
            since: Shape (n,), minutes since the epoch.
            until: Shape (n,), not before since.
        """
        return booked_between(self._all, self._laid(schedule, since), self._laid(schedule, until))

    def _laid(self, place: Minutes, minutes: Minutes) -> Minutes:
        """Where a minute lies; nothing is booked outside of the width, so that it may be cut."""
        inside = np.clip(minutes - self._base, 0, self._width)
        laid: Minutes = inside + place * (self._width + 1)
        return laid


def booked_between(diary: Diary, since: Minutes, until: Minutes) -> Minutes:
    """The same for one diary.

    Args:
        diary: Of one practitioner.
        since: Shape (n,).
        until: Shape (n,), not before since.
    """
    return _before(diary, until) - _before(diary, since)


def _before(diary: Diary, moment: Minutes) -> Minutes:
    """Booked minutes before each moment, by prefix sums over starts and over ends."""

    def clipped(edges: Minutes) -> Minutes:
        edges = np.sort(edges)
        sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(edges)])
        passed = np.searchsorted(edges, moment, side="right")
        waited: Minutes = passed * moment - sums[passed]
        return waited

    return clipped(diary.start) - clipped(diary.end)
