"""Which discipline of a queue keeps the long waits short, at which load, and for whom?"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fhir_gateway.engines.clinical_class import ClinicalClass
from simulation.confidence import Interval, changes, differences, interval, quantile
from simulation.ledger import CLAIM_LOAD
from simulation.queue_model import DISCIPLINES, Desk, Person, Wait, arrivals, mean_of, played
from simulation.study import Plot, Study, Table, worse

#: Three people serve an outpatient department for twelve hours; busy mornings and late afternoons.
DESK = Desk(
    servers=3,
    service=15.0,
    sigma=0.5,
    mix={
        ClinicalClass.EMERGENCY: 0.03,
        ClinicalClass.URGENT: 0.15,
        ClinicalClass.SOON: 0.27,
        ClinicalClass.ROUTINE: 0.55,
    },
    profile=(1.0, 1.2, 1.2, 1.1, 1.0, 0.9, 0.9, 1.0, 1.1, 1.0, 0.9, 0.7),
    scheduled=0.5,
)
#: Where more people are urgent, as in an emergency department.
EMERGENCY_DESK = replace(
    DESK,
    mix={
        ClinicalClass.EMERGENCY: 0.02,
        ClinicalClass.URGENT: 0.20,
        ClinicalClass.SOON: 0.45,
        ClinicalClass.ROUTINE: 0.33,
    },
)


def _with(urgent: int, soon: int, routine: int) -> Desk:
    targets = dict(zip(ClinicalClass, (0, urgent, soon, routine), strict=True))
    return replace(DESK, targets=targets)


#: Title -> discipline and desk.
OTHERS = {
    "as above": ("best", DESK),
    "emergency department": ("best", EMERGENCY_DESK),
    "emergency department, people come evenly": (
        "best",
        replace(EMERGENCY_DESK, profile=(1.0,) * 12),
    ),
    "targets 30, 60, 120 minutes": ("best", _with(30, 60, 120)),
    "targets 30, 120, 120 minutes": ("best", _with(30, 120, 120)),
    "targets 30, 90, 90 minutes": ("best", _with(30, 90, 90)),
    "targets 30, 60, 60 minutes": ("best", _with(30, 60, 60)),
    "emergencies, then first come, first served": ("best", _with(30, 30, 30)),
    "first come, first served": ("fifo", DESK),
}
LOADS = (0.85, 0.90, 0.95, 1.00, 1.04, 1.08)
DAYS = 5
WARM_UP = 5  # days in which the estimates learn before they count
URGENT_TARGET = 30.0
_AHEAD = ((0, 2), (3, 5), (6, 10), (11, 10_000))


@dataclass(frozen=True, slots=True)
class Week:
    """One replication of one discipline: minutes, and shares from 0 to 1."""

    mean: float
    median: float
    p95: float
    longest: float
    urgent_in_target: float
    by_class: dict[ClinicalClass, float]
    p95_by_class: dict[ClinicalClass, float]


Weeks = dict[str, list[Week]]


def study(seed: int, replications: int, loads: Sequence[float] = LOADS, days: int = DAYS) -> Study:
    """Play the load sweep and the estimates.

    Args:
        seed: Of the report.
        replications: Weeks at the load at which claims are decided; half as many for the
            estimates, a quarter at every other load.
        loads: The one at which claims are decided is among them.
        days: Of a week.
    """
    few = (replications + 3) // 4
    sweep = {
        load: weeks(seed, load, replications if load == CLAIM_LOAD else few, days) for load in loads
    }
    deciding = sweep[CLAIM_LOAD]
    emergency = weeks(seed, CLAIM_LOAD, replications, days, EMERGENCY_DESK, ("static", "best"))
    told = {each: estimates(seed, each, 2 * few, days) for each in ("plan", "best")}
    near = _within(told["best"], 0, 2)
    ranged = [mean_of(week, _inside) for week in told["best"]]
    mean = _against(deciding, "best", "mean")
    measured = {
        "queue-p95": _against(deciding, "best", "p95"),
        "queue-maximum": _against(deciding, "best", "longest"),
        "queue-urgent": interval(_of(deciding, "best", "urgent_in_target")),
        "emergency-p95": _against(emergency, "best", "p95"),
        "emergency-maximum": _against(emergency, "best", "longest"),
        "emergency-urgent": interval(_of(emergency, "best", "urgent_in_target")),
        "queue-mean-low": mean,
        "queue-mean-high": mean,
        "queue-estimate": interval(near),
        "queue-range": interval(ranged),
    }
    return Study(
        "Queue",
        _assumed(replications, days),
        [
            _sweep_table(sweep),
            _class_table(deciding),
            _estimate_table(told),
            _other_table(seed, few, days),
        ],
        _plots(sweep),
        measured,
        _losses(sweep),
    )


def a_week(seed: int, load: float, number: int, days: int, desk: Desk = DESK) -> list[list[Person]]:
    """The same people for every discipline."""
    return [
        arrivals(random.Random(f"queue {seed} {load} {number} {day}"), desk, load)
        for day in range(days)
    ]


def weeks(
    seed: int,
    load: float,
    replications: int,
    days: int,
    desk: Desk = DESK,
    disciplines: Sequence[str] = DISCIPLINES,
) -> Weeks:
    """Every discipline through the same weeks."""
    found: Weeks = {each: [] for each in disciplines}
    for number in range(replications):
        week = a_week(seed, load, number, days, desk)
        for discipline in disciplines:
            waits = [wait for day in played(discipline, desk, week) for wait in day]
            found[discipline].append(_week(waits))
    return found


def _week(waits: list[Wait]) -> Week:
    minutes = [each.minutes for each in waits]
    by_class = {each: [one for one in waits if one.clinical_class is each] for each in DESK.mix}
    return Week(
        mean_of(waits),
        quantile(minutes, 0.5),
        quantile(minutes, 0.95),
        max(minutes),
        mean_of(by_class[ClinicalClass.URGENT], lambda each: each.minutes <= URGENT_TARGET),
        {each: mean_of(some) for each, some in by_class.items()},
        {each: quantile([one.minutes for one in some], 0.95) for each, some in by_class.items()},
    )


def estimates(seed: int, discipline: str, replications: int, days: int) -> list[list[Wait]]:
    """Those who had to wait and were told how long, after the days in which the queue learns."""
    found = []
    for number in range(replications):
        week = a_week(seed, CLAIM_LOAD, number, WARM_UP + days)
        played_days = played(discipline, DESK, week, telling=True)[WARM_UP:]
        found.append([wait for day in played_days for wait in day if wait.told])
    return found


def _inside(wait: Wait) -> bool:
    return wait.told is not None and wait.told.low <= wait.minutes <= wait.told.high


def _near(wait: Wait) -> bool:
    return abs(wait.minutes - wait.point) <= 10


def _within(told: list[list[Wait]], low: int, high: int) -> list[float]:
    some = [[each for each in week if low <= (each.ahead or 0) <= high] for week in told]
    return [mean_of(week, _near) for week in some if week]


def _against(found: Weeks, discipline: str, name: str) -> Interval:
    """By how many percent something is more than with static priority."""
    return changes(_of(found, discipline, name), _of(found, "static", name))


def _of(found: Weeks, discipline: str, name: str) -> list[float]:
    return [float(getattr(each, name)) for each in found[discipline]]


def _assumed(replications: int, days: int) -> list[str]:
    return [
        f"{DESK.servers} people serve for {len(DESK.profile)} hours a day, until nobody waits.",
        f"A service takes {DESK.service:.0f} minutes (lognormal, σ {DESK.sigma}), for all classes.",
        f"People come by a Poisson process whose rate changes by the hour: {_shares(DESK)}.",
        f"In the emergency department: {_shares(EMERGENCY_DESK)}.",
        f"{replications} weeks of {days} days at load {CLAIM_LOAD}, a quarter of them at others.",
        "All disciplines meet the same people.",
        "A load of 1 is as much work as can be done in the opening hours.",
        "Nobody leaves without being served, and nobody is late when called.",
        "`static` is the class, then who came first; `fifo` is who came first.",
        f"Targets of `best`: {', '.join(map(str, DESK.targets.values()))} minutes.",
        "Points of `plan` for the classes: 100, 70, 40, 10; half of all have an appointment.",
    ]


def _shares(desk: Desk) -> str:
    return ", ".join(f"{each.name.lower()} {share:.0%}" for each, share in desk.mix.items())


def _sweep_table(sweep: dict[float, Weeks]) -> Table:
    rows = [
        [
            f"{load:.2f}",
            discipline,
            *(
                interval(_of(found, discipline, name)).told()
                for name in ("mean", "median", "p95", "longest")
            ),
            interval([100 * each for each in _of(found, discipline, "urgent_in_target")]).told(),
        ]
        for load, found in sweep.items()
        for discipline in DISCIPLINES
    ]
    head = ["load", "discipline", "mean", "median", "P95", "longest of a week",
            "urgent within 30 minutes, %"]  # fmt: skip
    return Table("Load sweep", head, rows, "Minutes of waiting.")


def _class_table(found: Weeks) -> Table:
    rows = [
        [
            each.name.lower(),
            discipline,
            interval([week.by_class[each] for week in found[discipline]]).told(),
            interval([week.p95_by_class[each] for week in found[discipline]]).told(),
        ]
        for each in DESK.mix
        for discipline in DISCIPLINES
    ]
    head = ["class", "discipline", "mean", "P95"]
    return Table(f"Who waits, at load {CLAIM_LOAD}", head, rows, "Minutes of waiting.")


def _estimate_table(told: dict[str, list[list[Wait]]]) -> Table:
    rows = []
    for low, high in _AHEAD:
        for policy, found in told.items():
            some = [[each for each in week if low <= (each.ahead or 0) <= high] for week in found]
            some = [week for week in some if week]
            errors = [mean_of(week, lambda each: abs(each.minutes - each.point)) for week in some]
            inside = [100 * mean_of(week, _inside) for week in some]
            rows.append(
                [
                    f"{low} to {high}" if high < 10_000 else f"{low} and more",
                    policy,
                    str(sum(len(week) for week in some)),
                    interval([100 * each for each in _within(found, low, high)]).told(),
                    interval(errors).told(),
                    interval(inside).told() if policy == "best" else "tells one minute",
                ]
            )
    head = ["people ahead", "policy", "told", "within ± 10 minutes, %", "mean error, minutes",
            "called within the range, %"]  # fmt: skip
    said = (
        f"At load {CLAIM_LOAD}, for those who found all servers busy, each policy in its own "
        f"queue, after {WARM_UP} days of learning."
    )
    return Table("How long will it take", head, rows, said)


def _other_table(seed: int, replications: int, days: int) -> Table:
    """What another mix of people, and other targets, would change."""
    rows = []
    for name, (discipline, desk) in OTHERS.items():
        found = weeks(seed, CLAIM_LOAD, replications, days, desk, ("static", discipline))
        shares = [100 * each for each in _of(found, discipline, "urgent_in_target")]
        rows.append(
            [
                name,
                _against(found, discipline, "p95").told(),
                _against(found, discipline, "longest").told(),
                interval(shares).told(),
            ]
        )
    head = ["what is different", "P95, %", "longest, %", "urgent within 30 minutes, %"]
    said = (
        f"Against static priority, at load {CLAIM_LOAD}, in a quarter of the weeks. No order that "
        "knows neither the future nor how long a service will last makes the longest wait shorter "
        "than first come, first served; the rows before it show what the urgent would pay for it."
    )
    return Table("Other people, other targets, and how far an order can go", head, rows, said)


def _plots(sweep: dict[float, Weeks]) -> list[Plot]:
    ticks = [f"{each:.2f}" for each in sweep]

    def lines(name: str) -> dict[str, list[Interval]]:
        return {
            discipline: [interval(_of(found, discipline, name)) for found in sweep.values()]
            for discipline in DISCIPLINES
        }

    return [
        Plot("queue-p95", "P95 of the wait", "load", "minutes", ticks, lines("p95")),
        Plot("queue-longest", "Longest wait of a week", "load", "minutes", ticks, lines("longest")),
        Plot("queue-urgent", "Urgent called within 30 minutes", "load", "share", ticks,
             lines("urgent_in_target")),
    ]  # fmt: skip


def _losses(sweep: dict[float, Weeks]) -> list[str]:
    found = []
    for load, weeks_of in sweep.items():
        for other in ("fifo", "static", "plan"):
            for name, title in (("mean", "mean wait"), ("median", "median wait"), ("p95", "P95"),
                                ("longest", "longest wait")):  # fmt: skip
                difference = differences(_of(weeks_of, "best", name), _of(weeks_of, other, name))
                what = f"load {load:.2f}, {title}, best less {other}"
                found += worse(what, difference, "minutes", larger_is_worse=True)
            urgent = differences(
                _of(weeks_of, "best", "urgent_in_target"), _of(weeks_of, other, "urgent_in_target")
            )
            points = Interval(100 * urgent.mean, 100 * urgent.low, 100 * urgent.high)
            what = f"load {load:.2f}, urgent within 30 minutes, best less {other}"
            found += worse(what, points, "points", larger_is_worse=False)
            for each in DESK.mix:
                what = f"load {load:.2f}, mean wait of {each.name.lower()}, best less {other}"
                found += worse(what, _by_class(weeks_of, other, each), "minutes",
                               larger_is_worse=True)  # fmt: skip
    return found


def _by_class(found: Weeks, other: str, clinical_class: ClinicalClass) -> Interval:
    best, others = ([each.by_class[clinical_class] for each in found[name]]
                    for name in ("best", other))  # fmt: skip
    return differences(best, others)
