"""How does an empty tenant get a whole clinic at once?

Resources are written as they are given, each after what it refers to; bookings that are not over
take their time, and Slot statuses follow at the end in one go.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fhir_gateway.core.codes import HOLDING
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.storage import engagements, identities, patient_counters, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Write
from fhir_gateway.usecases import identifying, schedules, storing
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import needs_of_all, span_of
from fhir_gateway.usecases.slot_states import refresh_slots

Resource = dict[str, Any]
_BATCH = 500


async def is_empty(deps: Deps, tenant: int) -> bool:
    """Whether a tenant has nothing yet."""
    async with deps.database.transaction(tenant) as tx:
        return not await resources.any_history(tx)


async def fill(deps: Deps, tenant: int, given: Sequence[Resource]) -> None:
    """Write a clinic into an empty tenant, all or nothing.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        given: Valid resources with ids; Slots as free; changed in place.

    Raises:
        GatewayError: conflict, where two bookings want the same time; duplicate, for identifiers.
    """
    by_type: dict[str, list[Resource]] = {}
    for each in given:
        by_type.setdefault(each["resourceType"], []).append(each)

    now = deps.clock.now()
    ahead = [each for each in by_type.get("Appointment", ()) if _is_ahead(each, now)]
    _foresee(by_type.get("Slot", ()), ahead)

    async def work(tx: Transaction) -> None:
        for type_name in CATALOGUE:
            await _write(tx, deps, by_type.get(type_name, []))
        for each in by_type.get("Schedule", ()):
            await schedules.register(tx, each)
        await _hold(tx, ahead)
        slots = [each["id"] for each in by_type.get("Slot", ())]
        for first in range(0, len(slots), _BATCH):
            await refresh_slots(tx, deps, slots[first : first + _BATCH])
        patient_counters.recount_all(tx)

    await deps.database.run(tenant, work)


async def _write(tx: Transaction, deps: Deps, group: Sequence[Resource]) -> None:
    for first in range(0, len(group), _BATCH):
        writes = [Write(each, method="PUT") for each in group[first : first + _BATCH]]
        await storing.store_all(tx, deps, writes)
    named = [(each["id"], key) for each in group for key in identifying.keys_of(each)]
    if named and not await identities.add_many(tx, group[0]["resourceType"], named):
        raise fail(Category.DUPLICATE, "Two resources have the same identifier")


def _is_ahead(appointment: Resource, now: datetime) -> bool:
    span = span_of(appointment)
    return appointment["status"] in HOLDING and span is not None and span.end > now


def _foresee(slots: Sequence[Resource], ahead: Sequence[Resource]) -> None:
    """Spare the Slots of bookings a second version; what they say is still derived at the end."""
    taken = {part["reference"] for each in ahead for part in each.get("slot", ())}
    for slot in slots:
        if f"Slot/{slot['id']}" in taken:
            slot["status"] = "busy"


async def _hold(tx: Transaction, appointments: Sequence[Resource]) -> None:
    wanted = [row for each in await needs_of_all(tx, appointments) for row in each.all]
    if await engagements.insert_many(tx, wanted) < len(wanted):
        raise fail(Category.CONFLICT, "Two bookings want the same time of the same person")
