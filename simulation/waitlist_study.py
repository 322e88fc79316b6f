"""How often is a freed time filled, with how many messages, and how soon?"""

import random

from simulation.confidence import Interval, differences, interval, ratios
from simulation.ledger import CLAIM_NOTICE
from simulation.study import Plot, Study, Table, worse
from simulation.waitlist_model import (
    ACCEPTS,
    CALLS,
    DECLINES,
    FITS,
    LATENCY,
    MISFITS,
    POLICIES,
    REACHED,
    SAYS_YES,
    Filled,
    fill,
    freed_time,
    waiting_list,
)

NOTICES = (2, 8, 24, 72)  # hours
TIMES = 25  # freed in one replication
LIST = 50  # people

#: By policy, for each replication what became of each time.
Found = dict[str, list[list[Filled]]]


def study(found: dict[int, Found]) -> Study:
    """What became of the freed times.

    Args:
        found: By hours of notice, see `freed`.
    """
    deciding = found[CLAIM_NOTICE]
    measured = {
        "waitlist-fill": ratios(_filled(deciding["best"]), _filled(deciding["plan"])),
        "waitlist-messages": _messages_against(deciding),
    }
    return Study(
        "Waitlist",
        _assumed(len(deciding["best"]), len(deciding["best"][0])),
        [_table(found)],
        _plots(found),
        measured,
        _losses(found),
    )


def freed(seed: int, notice: int, replications: int, times: int = TIMES) -> Found:
    """Free the same times with the same people on the list under every policy.

    Args:
        seed: Of the report.
        notice: Hours.
        replications: Of independent lists.
        times: Freed in each replication.
    """
    found: Found = {each: [[] for _ in range(replications)] for each in POLICIES}
    for number in range(replications):
        dice = random.Random(f"waitlist {seed} {notice} {number}")
        for _ in range(times):
            time, now = freed_time(dice, notice)
            patients = waiting_list(dice, LIST, time, now)
            for policy in POLICIES:
                found[policy][number].append(fill(policy, patients, time, now))
    return found


def shares(found: dict[int, Found]) -> dict[str, dict[int, float]]:
    """By policy, by hours of notice: which part of the times is filled."""
    return {
        policy: {notice: _mean(_filled(times[policy])) for notice, times in found.items()}
        for policy in POLICIES
    }


def _filled(found: list[list[Filled]]) -> list[float]:
    return [sum(each.minutes is not None for each in some) / len(some) for some in found]


def _messages(found: list[list[Filled]]) -> list[float]:
    return [sum(each.messages for each in some) / len(some) for some in found]


def _for_each_filled(found: list[list[Filled]]) -> Interval:
    return ratios(_messages(found), _filled(found))


def _messages_against(found: Found) -> Interval:
    """Messages for each filled time, best through plan: a ratio of ratios, by the delta method."""
    best, plan = _for_each_filled(found["best"]), _for_each_filled(found["plan"])
    linear = [
        (one - best.mean * two) / two_mean / plan.mean
        - best.mean * (three - plan.mean * four) / four_mean / plan.mean**2
        for one, two, three, four in zip(
            _messages(found["best"]), _filled(found["best"]),
            _messages(found["plan"]), _filled(found["plan"]), strict=True,
        )
        for two_mean in (_mean(_filled(found["best"])),)
        for four_mean in (_mean(_filled(found["plan"])),)
    ]  # fmt: skip
    around = interval(linear)
    half = (around.high - around.low) / 2
    ratio = best.mean / plan.mean
    return Interval(ratio, ratio - half, ratio + half)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _of_winners(found: list[list[Filled]], name: str, scale: float = 1.0) -> str:
    won = [[each for each in some if each.minutes is not None] for some in found]
    means = [scale * _mean([float(getattr(each, name)) for each in some]) for some in won if some]
    return interval(means).told()


def _disappointed(found: list[list[Filled]]) -> list[float]:
    return [sum(each.disappointed for each in some) / len(some) for some in found]


def _assumed(replications: int, times: int) -> list[str]:
    return [
        f"{replications} × {times} freed half hours for each notice; {LIST} people on the list.",
        "They have wishes, up to ten weeks of waiting, and a later appointment of their own.",
        (
            f"{ACCEPTS:.1%} of the offers are accepted, as of 177 311 of a portal; {FITS} times as "
            f"many at a liked hour, {MISFITS} times as many far from it; {DECLINES:.0%} are "
            "declined, the rest ignored."
        ),
        f"Half of those who answer do so within {LATENCY:.0f} minutes (lognormal, long tail).",
        "Nothing comes free by night, which the clinic keeps quiet: it is over at seven.",
        "Messages are offers made; nobody is told by them that a time is gone.",
        (
            "Cascade: as many offers at a time as best, in the order of plan. Between it and best "
            "lies the price of asking by clinical class and deadline, not by likely acceptance."
        ),
        (
            f"Manual: a receptionist calls {CALLS} at most, one each ten minutes from 8 to 16, "
            f"longest wait first; {REACHED:.0%} are reached, {SAYS_YES:.0%} of them say yes."
        ),
        "The times are independent of each other: nobody has offers for two of them.",
    ]


def _table(found: dict[int, Found]) -> Table:
    rows = [
        [
            f"{notice} h",
            policy,
            interval([100 * each for each in _filled(times[policy])]).told(),
            _for_each_filled(times[policy]).told(),
            _of_winners(times[policy], "minutes"),
            interval([100 * each for each in _disappointed(times[policy])]).told(),
            _of_winners(times[policy], "waited"),
            _of_winners(times[policy], "urgent", 100),
        ]
        for notice, times in found.items()
        for policy in POLICIES
    ]
    head = ["notice", "policy", "filled, %", "messages or calls for each filled", "minutes to fill",
            "too late, of 100 times", "days waited", "urgent, %"]  # fmt: skip
    said = (
        "Too late: who accepted when somebody else had it. The last two are of those who have it."
    )
    return Table("Freed times", head, rows, said)


def _plots(found: dict[int, Found]) -> list[Plot]:
    ticks = [f"{each} h" for each in found]
    lines = {
        policy: [interval(_filled(times[policy])) for times in found.values()]
        for policy in POLICIES
    }
    return [Plot("waitlist-filled", "Freed times that are filled", "notice", "share", ticks, lines)]


def _losses(found: dict[int, Found]) -> list[str]:
    lost = []
    for notice, times in found.items():
        for other in ("manual", "plan"):
            filled = differences(_filled(times["best"]), _filled(times[other]))
            late = differences(_disappointed(times["best"]), _disappointed(times[other]))
            sent = differences(_messages(times["best"]), _messages(times[other]))
            named = f"notice {notice} h"
            lost += worse(f"{named}, filled, best less {other}", _times(filled, 100), "points",
                          larger_is_worse=False)  # fmt: skip
            lost += worse(f"{named}, accepted too late, best less {other}", _times(late, 100),
                          "of 100 times", larger_is_worse=True)  # fmt: skip
            lost += worse(f"{named}, messages for each freed time, best less {other}", sent, "",
                          larger_is_worse=True)  # fmt: skip
    return lost


def _times(found: Interval, factor: float) -> Interval:
    return Interval(factor * found.mean, factor * found.low, factor * found.high)
