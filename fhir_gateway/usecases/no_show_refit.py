"""How does a clinic's model of no-shows learn from its own appointments?

Once a day. The model is judged before it counts: what is learnt from the earlier visits has to be
no worse on the later ones than the cold start. Its card says from what it was learnt and how good
it is; where the cold start stays, why.
"""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import numpy as np

from fhir_gateway.core.time import format_instant, local_day
from fhir_gateway.engines.clinic_time import EPOCH
from fhir_gateway.engines.no_show_fit import LEAST_OF_EACH, LEAST_VISITS, fit
from fhir_gateway.engines.no_show_model import NoShowModel, clinic_rate, cold_start
from fhir_gateway.engines.no_show_trial import (
    BUDGET,
    Booked,
    Trial,
    cases,
    last_learnt_day,
    trial,
)
from fhir_gateway.storage import no_show_models
from fhir_gateway.storage.no_show_models import ModelRow
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.tenants import Tenant
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.no_show_records import own_appointments

#: The hour of the clinic from which on the day's refit may begin.
QUIET_HOUR = 2


async def refit_due(deps: Deps) -> int:
    """Refit every clinic whose day has come; returns how many were."""
    done = 0
    for tenant in deps.tenants.values():
        if await _is_due(deps, tenant):
            await refit(deps, tenant)
            done += 1
    return done


async def refit(deps: Deps, tenant: Tenant) -> ModelRow:
    """Learn from all that a clinic knows, and keep the model for it.

    Args:
        deps: See Deps.
        tenant: Whose appointments.

    Returns:
        The version made; where another process has been faster, that one's.
    """
    now = deps.clock.now()
    async with deps.database.transaction(tenant.id, snapshot=True) as tx:
        last = await no_show_models.newest(tx)
        booked = await own_appointments(tx, tenant.zone, now)
    version = last.version + 1 if last else 1
    model, card = await asyncio.to_thread(learn, booked, f"{version}")
    card = {"version": version, "made": format_instant(now.replace(microsecond=0))} | card

    async def keep(tx: Transaction) -> ModelRow:
        newer = await no_show_models.newest(tx)
        if newer is not None and newer.version >= version:
            return newer
        row = ModelRow(version, now, model.written(), card)
        await no_show_models.add(tx, row)
        return row

    row = await deps.database.run(tenant.id, keep)
    deps.log("no-show.refitted", tenant=tenant.id, version=row.version)
    return row


async def _is_due(deps: Deps, tenant: Tenant) -> bool:
    now = deps.clock.now()
    async with deps.database.transaction(tenant.id) as tx:
        last = await no_show_models.newest(tx)
    if last is None:
        return True
    today = local_day(now, tenant.zone)
    quiet = now.astimezone(tenant.zone).hour >= QUIET_HOUR
    return quiet and local_day(last.made_at, tenant.zone) < today


def learn(booked: Booked, version: str) -> tuple[NoShowModel, dict[str, Any]]:
    """The model that counts from now on, and its card.

    Args:
        booked: All appointments of the clinic.
        version: What a model of its own is called.

    Returns:
        The model; source (`own-history` or `cold-start`), reason, base_rate and `report`'s parts.
    """
    known = cases(booked)
    ended = known.at(~np.isnan(known.missed))
    missed = int(ended.missed.sum())
    rate = clinic_rate(missed, len(ended) - missed)
    said: dict[str, Any] = {"visits": len(ended), "missed": missed, "base_rate": round(rate, 4)}
    if not len(ended):
        return _cold(rate, said, "no appointment has been missed or kept yet")
    last = last_learnt_day(ended.day)
    learnt, tested = ended.at(ended.day <= last), ended.at(ended.day > last)
    if not len(tested):
        return _cold(rate, said, "all appointments were on one day")
    result = trial(learnt, tested)
    said |= report(result)
    if result.model.cold:
        return _cold(rate, said, f"too few visits to learn from: {too_few()}")
    best, cold = (result.figures(each).brier for each in ("best", "cold-start"))
    if best > cold:
        return _cold(
            rate, said, "what was learnt was worse on the later visits than the cold start"
        )
    model = fit(ended.visits, ended.missed, ended.day, version)
    said["source"], said["base_rate"] = "own-history", round(model.base_rate, 4)
    said["coefficients"] = {
        name: round(value, 4) for name, value in model.written()["coefficients"].items()
    }
    return model, said


def too_few() -> str:
    """What is needed to learn."""
    return f"{LEAST_VISITS} of the earlier ones, {LEAST_OF_EACH} of each outcome"


def report(result: Trial, budget: float = BUDGET) -> dict[str, Any]:
    """A trial as plain JSON.

    Returns:
        learnt and judged {visits, from, to}, call_budget, figures {part: {policy: …}}, groups.
    """
    parts: dict[str, dict[str, Any]] = {}
    for each in result.judged:
        parts.setdefault(each.part, {})[each.policy] = asdict(each.figures)
    return {
        "learnt": _extent(result.learnt),
        "judged": _extent(result.tested),
        "call_budget": budget,
        "figures": parts,
        "groups": [asdict(each) for each in result.groups],
    }


def day_of(number: int) -> str:
    """Days since 1970-01-01 as a date."""
    return (EPOCH + timedelta(days=number)).date().isoformat()


def _cold(rate: float, said: dict[str, Any], why: str) -> tuple[NoShowModel, dict[str, Any]]:
    return cold_start(rate), said | {"source": "cold-start", "reason": why}


def _extent(extent: tuple[int, int, int]) -> dict[str, Any]:
    count, first, last = extent
    return {"visits": count} | ({"from": day_of(first), "to": day_of(last)} if count else {})
