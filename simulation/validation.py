"""Does the queue that is played through do what theory says of queues that it can say much of?

Exponential services, a load of .8, three servers: the mean wait by Erlang C for whichever order
does not look at lengths, the mean wait of each class by Cobham, and Little's law, which holds for
every discipline.
"""

import random
from dataclasses import replace

from simulation.confidence import Interval, interval
from simulation.queue_model import Desk, Person, Queue, Wait, arrivals, mean_of
from simulation.queue_study import DESK
from simulation.queue_theory import cobham, mean_wait
from simulation.study import Study, Table

LOAD = 0.8


def study(seed: int, replications: int, hours: int) -> Study:
    """Compare with theory; the measurements are named by what was compared.

    Args:
        seed: Of the report.
        replications: Independent stretches of time.
        hours: Of each.
    """
    desk = replace(DESK, sigma=None, profile=(1.0,) * hours)
    rate = LOAD * desk.servers / desk.service
    stretches = [
        arrivals(random.Random(f"validation {seed} {each}"), desk, LOAD)
        for each in range(replications)
    ]
    rows, measured = [], {}
    for discipline in ("fifo", "static", "best"):
        waits = [Queue(discipline, desk).day(each) for each in stretches]
        expected = mean_wait(desk.servers, rate, desk.service)
        found = interval([mean_of(each) for each in waits])
        measured[f"erlang-{discipline}"] = found
        rows.append(_row(f"{discipline}: mean wait, minutes", "Erlang C", expected, found))
        length, number = _little(desk, waits, stretches)
        measured[f"little-{discipline}"] = length
        rows.append(_row(f"{discipline}: people who wait", "Little", number, length))
        if discipline == "static":
            theory = cobham(desk.servers, [rate * each for each in desk.mix.values()], desk.service)
            for each, value in zip(desk.mix, theory, strict=True):
                some = interval(
                    [mean_of([one for one in stretch if one.clinical_class is each])
                     for stretch in waits]
                )  # fmt: skip
                measured[f"cobham-{each.name.lower()}"] = some
                rows.append(_row(f"{discipline}: {each.name.lower()}", "Cobham", value, some))
    said = (
        f"{replications} stretches of {hours} hours that begin empty, load {LOAD}, exponential "
        "services. One of twenty intervals may miss what it should hold."
    )
    head = ["what", "by", "theory", "played", "holds it"]
    return Study("Validation", (), [Table("Theory", head, rows, said)], (), measured)


def _row(what: str, by: str, expected: float, found: Interval) -> list[str]:
    holds = "yes" if found.low <= expected <= found.high else "no"
    return [what, by, f"{expected:.2f}", found.told(2), holds]


def _little(
    desk: Desk, waits: list[list[Wait]], stretches: list[list[Person]]
) -> tuple[Interval, float]:
    """People who wait, counted at every half minute, and arrival rate × mean wait, as measured."""
    whole = 60.0 * len(desk.profile)
    counted = [
        counted_waiting([each.joined for each in some], [each.minutes for each in some], whole)
        for some in waits
    ]
    rates = [len(some) / whole for some in stretches]
    expected = [rate * mean_of(some) for rate, some in zip(rates, waits, strict=True)]
    return interval(counted), sum(expected) / len(expected)


def counted_waiting(joined: list[float], minutes: list[float], whole: float) -> float:
    """The mean number of people who wait, from looks at the queue each half minute.

    Args:
        joined: Minute of each person.
        minutes: Wait of each person.
        whole: How long it is looked at.
    """
    comings, goings = sorted(joined), sorted(map(sum, zip(joined, minutes, strict=True)))
    come = gone = seen = 0
    looks = int(2 * whole)
    for look in range(looks):
        moment = look / 2
        while come < len(comings) and comings[come] <= moment:
            come += 1
        while gone < len(goings) and goings[gone] <= moment:
            gone += 1
        seen += come - gone
    return seen / looks
