"""Who of many waiting patients gets which of many times, so that it is best for all together?

First who gets a time at all: in order of need, nobody is left out for somebody who needs it less,
and as many as can be get one. Then which: among all ways to serve these patients one with the
highest sum of scores. Both are exact.

Source: engines.md section 1.3 (batch mode); decision 30 (scipy here only).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fhir_gateway.engines.clinic_time import Minutes
from fhir_gateway.engines.slot_search import NONE, Candidates, Flags, ScheduleFacts

#: Dearer than any sum of scores: no time that is not allowed is ever given.
_NEVER = 1e12


def assign(values: Minutes, allowed: Flags) -> Minutes:
    """Give each patient one time at most, and each time to one patient at most.

    Args:
        values: Shape (n, m), what each time is worth for each patient, hundredths of 0..100;
            patients in order of need, the neediest first.
        allowed: Shape (n, m), whether the patient could come then.

    Returns:
        Shape (n,), the time of each patient; NONE for who is left out.
    """
    chosen = np.full(len(values), NONE, dtype=np.int64)
    served = served_first(allowed)
    if not len(served):
        return chosen
    # Loading it takes a second; most who use the gateway never ask for this.
    from scipy.optimize import linear_sum_assignment

    costs: npt.NDArray[np.float64] = np.where(allowed, -values, _NEVER)[served]
    rows, times = linear_sum_assignment(costs)
    chosen[served[rows]] = times
    return chosen


def served_first(allowed: Flags) -> Minutes:
    """Which patients get a time at all.

    The sets of patients that can be served together are a matroid: taking each in order of need
    whenever all taken so far can still be served gives as many as possible, and the neediest.

    Args:
        allowed: Shape (n, m), the neediest first.

    Returns:
        Their places, ascending.
    """
    holder = np.full(allowed.shape[1], NONE, dtype=np.int64)
    return np.array(
        [patient for patient in range(len(allowed)) if _make_room(patient, allowed, holder)],
        dtype=np.int64,
    )


def _make_room(patient: int, allowed: Flags, holder: Minutes) -> bool:
    """Find a time for one more, moving others to times that they can come to as well."""
    came_from = np.full(len(holder), NONE, dtype=np.int64)  # whose step leads to a time
    reached = np.zeros(len(holder), dtype=np.bool_)
    waiting = [patient]
    time_of = {int(who): int(time) for time, who in enumerate(holder) if who != NONE}
    while waiting:
        who = waiting.pop()
        fresh = np.flatnonzero(allowed[who] & ~reached)
        reached[fresh] = True
        came_from[fresh] = who
        empty = fresh[holder[fresh] == NONE]
        if len(empty):
            _hand_over(int(empty[0]), patient, came_from, time_of, holder)
            return True
        waiting += holder[fresh].tolist()
    return False


def _hand_over(
    time: int, patient: int, came_from: Minutes, time_of: dict[int, int], holder: Minutes
) -> None:
    while True:
        who = int(came_from[time])
        holder[time] = who
        if who == patient:
            return
        time = time_of[who]


def apart(candidates: Candidates, schedules: Sequence[ScheduleFacts], most: int = 5000) -> Minutes:
    """Times of which all can be given away: no two of one practitioner overlap.

    Args:
        candidates: Of one length; those of one Schedule may overlap where it has several Slots.
        schedules: What they point into; their buffers stay clear.
        most: At most so many, the earliest.

    Returns:
        Rows of candidates, by start.
    """
    free_from: dict[str, int] = {}
    kept: list[int] = []
    for row in np.argsort(candidates.start, kind="stable").tolist():
        schedule = schedules[int(candidates.schedule[row])]
        whose = schedule.practitioner or schedule.id
        start = int(candidates.start[row])
        if start - schedule.buffer_before >= free_from.get(whose, start - schedule.buffer_before):
            kept.append(row)
            free_from[whose] = int(candidates.end[row]) + schedule.buffer_after
        if len(kept) == most:
            break
    return np.array(kept, dtype=np.int64)
