"""How good would predictions of no-shows have been, and what is known of the clinic's own model?

On a file or on the gateway's own appointments; what `fhir-gateway evaluate` tells, as plain values.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.engines.no_show_trial import Cases, Trial, cases, last_learnt_day, trial
from fhir_gateway.storage import no_show_models
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.no_show_file import Outcome, booked, read_outcomes, without
from fhir_gateway.usecases.no_show_records import own_appointments
from fhir_gateway.usecases.no_show_refit import day_of, report, too_few

Say = Callable[[str], None]


def of_files(
    file: Path, test: Path | None, until: int | None, budget: float, say: Say
) -> dict[str, Any]:
    """Learn from a file and judge on its later part, or on another file.

    Args:
        file: Appointments with outcomes, see `usecases.no_show_file`.
        test: Those to judge on; None for the later ones of the file.
        until: Last day to learn from, days since 1970-01-01; None for 70 % of the visits.
        budget: Share of the appointments that can be called about.
        say: Told what is going on.

    Returns:
        learnt and judged {visits, from, to}, call_budget, figures {part: {policy: …}}, groups,
        microseconds_per_prediction, notes.

    Raises:
        GatewayError: invalid, with file and line; or nothing is left to judge.
    """
    first = _read(file, say)
    late = sum(each.booked >= each.day + 1 for each in first)
    notes = []
    if late:
        notes.append(f"{late} appointments are booked after their day: their lead counts as 0")
    if test is None:
        say("looking back")
        return _told(*_split(cases(booked(first)), until), budget, notes, say)
    second = _read(test, say)
    kept = without(first, second)
    if len(kept) < len(first):
        count = len(first) - len(kept)
        notes.append(f"{count} appointments of {file.name} are also in {test.name}: judged only")
    if until is not None:
        kept = [each for each in kept if each.day <= until]
    begins = min(each.day for each in second)
    later = sum(each.day >= begins for each in kept)
    if later:
        notes.append(f"{later} appointments learnt from are not earlier than the first one judged")
    say("looking back")
    together = cases(booked([*kept, *second]))
    is_kept = np.arange(len(together)) < len(kept)
    return _told(together.at(is_kept), together.at(~is_kept), budget, notes, say)


async def of_own_history(
    deps: Deps, tenant: int, until: int | None, budget: float, say: Say
) -> dict[str, Any]:
    """The same of the gateway's own appointments.

    Args:
        deps: The process.
        tenant: Its number.
        until: As for a file.
        budget: As for a file.
        say: Told what is going on.

    Raises:
        GatewayError: invalid, without appointments to judge.
    """
    say("reading the appointments")
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        found = await own_appointments(tx, deps.tenants[tenant].zone, deps.clock.now())
    return _told(*_split(cases(found), until), budget, [], say)


async def card_of(deps: Deps, tenant: int) -> dict[str, Any]:
    """What is said of the model that a clinic's predictions come from.

    Raises:
        GatewayError: not-found, where no model has been made yet.
    """
    async with deps.database.transaction(tenant) as tx:
        row = await no_show_models.newest(tx)
    if row is None:
        text = "no model has been made yet; a running gateway makes one a day"
        raise fail(Category.NOT_FOUND, text)
    return dict(row.card)


def _read(path: Path, say: Say) -> list[Outcome]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise fail(Category.INVALID, f"{path}: {error.strerror}") from error
    say(f"reading {path.name}")
    return read_outcomes(path.name, content, lambda line: say(f"reading {path.name}, line {line}"))


def _split(found: Cases, until: int | None) -> tuple[Cases, Cases]:
    """The earlier visits with an outcome, and the later ones."""
    ended = found.at(~np.isnan(found.missed))
    if not len(ended):
        raise fail(Category.INVALID, "no appointment has been missed or kept")
    last = last_learnt_day(ended.day) if until is None else until
    learnt, tested = ended.at(ended.day <= last), ended.at(ended.day > last)
    if not len(tested):
        raise fail(Category.INVALID, f"no appointment is later than {day_of(last)}, to judge on")
    return learnt, tested


def _told(
    learnt: Cases, tested: Cases, budget: float, notes: list[str], say: Say
) -> dict[str, Any]:
    if not len(learnt):
        raise fail(Category.INVALID, "no appointment is left to learn from")
    say(f"learning from {len(learnt)} visits")
    result = trial(learnt, tested, budget=budget)
    if result.model.cold:
        notes.append(f"too few visits to learn from ({too_few()}): best is the cold start")
    cost = round(_microseconds(result, tested), 3)
    return report(result, budget) | {"microseconds_per_prediction": cost, "notes": notes}


def _microseconds(result: Trial, tested: Cases) -> float:
    """What one prediction takes, in batches of ten thousand at most."""
    visits = tested.visits.at(slice(0, 10_000))
    begun = time.perf_counter()
    result.model.probabilities(visits)
    return (time.perf_counter() - begun) / len(visits) * 1e6
