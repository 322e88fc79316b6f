"""What does each engine do for a clinic alone, and what do all of them together?"""

import random
from collections.abc import Mapping

import numpy as np

from fhir_gateway.engines.no_show import one_visit
from fhir_gateway.engines.no_show_features import Visits
from fhir_gateway.engines.no_show_fit import fit
from fhir_gateway.engines.no_show_model import NoShowModel, cold_start
from simulation.confidence import Interval, differences, interval
from simulation.scheduling_model import (
    CALL_BUDGET,
    CALL_HELPS,
    ZONE,
    Clinic,
    Month,
    Policies,
    Visit,
    planned,
)
from simulation.scheduling_requests import BACKLOG, LENGTHS, Request, Size, requests
from simulation.study import Plot, Study, Table, worse

DEMAND = 0.95
DEMANDS = (0.80, 0.95, 1.10)
#: Months from which the no-show model learns; never those of a report.
TRAINING_SEED = "training"
#: Each engine alone, then together.
ABLATION = {
    "first free, no calls, no waitlist": Policies(),
    "slots by plan": Policies("plan"),
    "slots by best": Policies("best"),
    "calls by plan": Policies(calls="plan"),
    "calls by best": Policies(calls="best"),
    "waitlist by plan": Policies(waitlist="plan"),
    "waitlist by best": Policies(waitlist="best"),
    "all by plan": Policies("plan", "plan", "plan"),
    "all by best": Policies("best", "best", "best"),
    "all by best, but first free": Policies("first-free", "best", "best"),
}
_SLOTS = {"first-free": "first free, no calls, no waitlist", "plan": "slots by plan",
          "best": "slots by best"}  # fmt: skip

#: By policy of the waitlist, by hours of notice: share that is filled.
Refill = Mapping[str, Mapping[int, float]]
#: By name of what is switched on, one month for each replication.
Months = dict[str, list[Month]]


def study(
    seed: int, replications: int, refill: Refill, training: int, size: Size | None = None
) -> Study:
    """Play the same months under every combination.

    Args:
        seed: Of the report.
        replications: Months.
        refill: What the study of the waitlist found.
        training: Months from which the no-show model learns.
        size: See Size.
    """
    size = size or Size()
    model = trained(training, size)
    slots_only = {name: ABLATION[name] for name in _SLOTS.values()}
    others = (replications + 1) // 2
    sweep = {
        demand: months(seed, demand, replications, ABLATION, refill, model, size)
        if demand == DEMAND
        else months(seed, demand, others, slots_only, refill, model, size)
        for demand in DEMANDS
    }
    found = sweep[DEMAND]
    first, plan, best = (found[name] for name in _SLOTS.values())
    measured = {
        "slots-plan": differences(used(best), used(plan)),
        "slots-first-free": differences(used(best), used(first)),
        "slots-wishes": differences(met(best), met(first)),
        "no-show-calls": differences(
            missed(found["calls by best"]), missed(found["calls by plan"])
        ),
        "clinic-all": differences(used(found["all by best"]), used(found["all by plan"])),
    }
    return Study(
        "A clinic's month",
        _assumed(replications, training, size),
        [_ablation_table(found), _demand_table(sweep)],
        [_plot(sweep)],
        measured,
        _losses(found),
    )


def months(
    seed: int | str,
    demand: float,
    replications: int,
    policies: Mapping[str, Policies],
    refill: Refill,
    model: NoShowModel,
    size: Size,
) -> Months:
    """The same requests under each of the policies."""
    found: Months = {name: [] for name in policies}
    for number in range(replications):
        asked = a_month(seed, demand, number, size)
        for name, chosen in policies.items():
            filled = refill[chosen.waitlist] if chosen.waitlist else {}
            found[name].append(Clinic(chosen, filled, model, size).month(asked))
    return found


def a_month(seed: int | str, demand: float, number: int, size: Size) -> list[Request]:
    return requests(random.Random(f"clinic {seed} {demand} {number}"), demand, size)


def trained(count: int, size: Size) -> NoShowModel:
    """The no-show model as the gateway's refit makes it, from months of other seeds."""
    visits = [
        each
        for number in range(count)
        for each in Clinic(Policies(), {}, cold_start(), size).month(
            a_month(TRAINING_SEED, DEMAND, number, size)
        ).visits
        if each.cancelled is None
    ]  # fmt: skip
    seen = [one_visit(each.request.facts.no_show, planned(each), ZONE) for each in visits]
    columns = (np.concatenate([getattr(each, name) for each in seen]) for name in Visits.__slots__)
    outcome = np.array([float(each.missed) for each in visits])
    days = np.array([each.start // 1440 for each in visits], dtype=np.int64)
    return fit(Visits(*columns), outcome, days, "simulation")


def used(found: list[Month]) -> list[float]:
    """Attended of offered minutes, in percent; who came by the waitlist is taken to come."""
    return [
        100 * (sum(each.request.length for each in month.visits if _came(each)) + month.refilled)
        / month.offered
        for month in found
    ]  # fmt: skip


def missed(found: list[Month]) -> list[float]:
    """No-shows, in percent of the visits that were not cancelled."""
    return [_share([each.missed for each in _kept(month)]) for month in found]


def met(found: list[Month]) -> list[float]:
    """Wishes met, in percent."""
    return [_share([each.met for each in month.visits]) for month in found]


def lead(found: list[Month]) -> list[float]:
    """Days from the request to the visit."""
    return [_share([each.lead for each in month.visits]) / 100 for month in found]


def away(found: list[Month]) -> list[float]:
    """Requests for which there was no time, in percent of the visits."""
    return [100 * month.turned_away / max(1, len(month.visits)) for month in found]


def gaps(found: list[Month]) -> list[float]:
    """Free minutes in runs too short for the usual visit, in percent of those offered."""
    return [100 * month.lost_gaps / month.offered for month in found]


_MEASURES = {
    "attended of offered minutes, %": used,
    "no-shows, %": missed,
    "wishes met, %": met,
    "lead, days": lead,
    "without a time, %": away,
    "lost in gaps, %": gaps,
}


def _share(values: list[bool] | list[float] | list[int]) -> float:
    return 100 * float(sum(values)) / len(values) if values else 0.0


def _kept(month: Month) -> list[Visit]:
    return [each for each in month.visits if each.cancelled is None]


def _came(visit: Visit) -> bool:
    return visit.cancelled is None and not visit.missed


def _assumed(replications: int, training: int, size: Size) -> list[str]:
    lengths = ", ".join(str(each) for each in LENGTHS)
    return [
        (
            f"{size.practitioners} practitioners, {size.days} working days of eight hours; "
            f"requests for {lengths} minutes come at random, for a time in {size.ahead} days."
        ),
        f"{replications} months, half as many beside the demand at which claims are decided.",
        f"The {size.warm_up} days before have a demand of {BACKLOG}: the clinic is booked up then.",
        "Everybody takes the time that is given; about half have wishes of each kind.",
        (
            "No-shows: people differ, the log-odds grow with the logarithm of the lead time, and a "
            "bit where wishes are not met. This truth is of our own making: how good the model is "
            "on real visits is said by `fhir-gateway evaluate no-show`."
        ),
        f"Calls: {CALL_BUDGET:.0%} of the visits; a call prevents {CALL_HELPS:.0%} of no-shows.",
        f"The model of `best` is fitted on {training} months of other seeds.",
        "Waitlist: a time given back is filled as often as the study above found for its notice.",
    ]


def _ablation_table(found: Months) -> Table:
    rows = [
        [name, *(interval(measure(some)).told() for measure in _MEASURES.values())]
        for name, some in found.items()
    ]
    said = f"Demand {DEMAND}. Each engine alone, the others as in the first row; then all of them."
    return Table("Ablation", ["what", *_MEASURES], rows, said)


def _demand_table(sweep: dict[float, Months]) -> Table:
    rows = [
        [f"{demand:.2f}", policy,
         *(interval(measure(found[name])).told() for measure in _MEASURES.values())]
        for demand, found in sweep.items()
        for policy, name in _SLOTS.items()
    ]  # fmt: skip
    return Table("Slot finding by demand", ["demand", "slots by", *_MEASURES], rows)


def _plot(sweep: dict[float, Months]) -> Plot:
    lines: dict[str, list[Interval]] = {
        policy: [interval(used(found[name])) for found in sweep.values()]
        for policy, name in _SLOTS.items()
    }
    ticks = [f"{each:.2f}" for each in sweep]
    return Plot("slots-used", "Attended of offered minutes", "demand", "%", ticks, lines)


def _losses(found: Months) -> list[str]:
    worse_if_larger = {missed, lead, away, gaps}
    pairs = [("slots by best", each) for each in (_SLOTS["first-free"], _SLOTS["plan"])]
    pairs += [("calls by best", "calls by plan"), ("waitlist by best", "waitlist by plan"),
              ("all by best", "all by plan"), ("all by best", _SLOTS["first-free"]),
              ("all by best", "all by best, but first free")]  # fmt: skip
    lost = []
    for best, other in pairs:
        for name, measure in _MEASURES.items():
            difference = differences(measure(found[best]), measure(found[other]))
            lost += worse(f"{best} less {other}: {name}", difference, "",
                          larger_is_worse=measure in worse_if_larger)  # fmt: skip
    return lost
