"""How do clients create, replace and delete resources?

Shape and rules first, then references, then what the type means: Appointments, Slots and Schedules
hold time, responses answer. Decisions 3, 4, 5 and 9.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.codes import EXT_PRIORITY_RULE
from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.extension_values import complaints
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage import engagements, queues, resources, slot_statuses
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Version, Write
from fhir_gateway.usecases import (
    answers,
    booking,
    counting,
    horizons,
    identifying,
    preferences,
    queue_configuration,
    queue_encounters,
    react,
    referencing,
    schedules,
    slots,
    storing,
)
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Around, look_around
from fhir_gateway.usecases.explaining import run_explained
from fhir_gateway.usecases.referencing import check_references, check_unreferenced
from fhir_gateway.usecases.slot_states import refresh_slots

Resource = dict[str, Any]
Create = Callable[[Transaction, Deps, Write], Awaitable[Stored]]
Update = Callable[[Transaction, Deps, Stored, Write], Awaitable[Stored]]


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did.

    Attributes:
        stored: The version now.
        created: Whether there was none before.
    """

    stored: Stored
    created: bool


async def create(deps: Deps, tenant: int, resource: Resource) -> Stored:
    """Keep a new resource under an id of ours; what the client sent as id does not count.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        resource: As read; it is changed in place (id, meta).

    Raises:
        GatewayError: invalid or unprocessable content, a reference to nothing, an identifier in
            use, a time that is not to be had.
    """
    validate(resource, type_name=resource["resourceType"])
    resource["id"] = deps.ids.new()

    async def work(tx: Transaction) -> Stored:
        return await create_within(tx, deps, resource)

    stored = await run_explained(deps, tenant, work)
    await react.promptly(deps, tenant, resource)
    return stored


async def create_within(
    tx: Transaction, deps: Deps, resource: Resource, *, coming: Collection[Ref] = ()
) -> Stored:
    """The half of `create` that lives inside a transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        resource: Valid, with its new id; it is not changed.
        coming: What the same transaction is going to write, and may be pointed to.

    Raises:
        GatewayError: as for `create`.
        TimeTakenError: the time is not to be had.
    """
    return await _create(tx, deps, Write(dict(resource), method="POST"), coming)


async def update(
    deps: Deps,
    tenant: int,
    ref: Ref,
    resource: Resource,
    *,
    if_match: int | None,
    only_new: bool = False,
) -> Updated:
    """Replace a resource, or keep a new one under the client's id.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        ref: Where the client put it.
        resource: As read, with that id.
        if_match: The version that it may replace; None for whichever there is.
        only_new: Whether it may replace nothing.

    Raises:
        GatewayError: as for create; precondition-failed for another version;
            precondition-required where the tenant demands If-Match.
    """
    validate(resource, type_name=ref.type)

    async def work(tx: Transaction) -> Updated:
        return await update_within(tx, deps, ref, resource, if_match=if_match, only_new=only_new)

    return await run_explained(deps, tenant, work)


async def update_within(
    tx: Transaction,
    deps: Deps,
    ref: Ref,
    resource: Resource,
    *,
    if_match: int | None,
    only_new: bool = False,
    coming: Collection[Ref] = (),
) -> Updated:
    """The half of `update` that lives inside a transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        ref: Of the resource.
        resource: Valid, with that id; it is not changed.
        if_match: The version that it may replace.
        only_new: Whether it may replace nothing.
        coming: What the same transaction is going to write, and may be pointed to.

    Raises:
        GatewayError: as for `update`.
        TimeTakenError: the time is not to be had.
    """
    old = await resources.read(tx, ref)
    check_version(deps, old, if_match)
    if old is not None and only_new:
        raise fail(Category.PRECONDITION_FAILED, f"{ref} is there already", "If-None-Match")
    if old is not None:
        stored = await replace_within(tx, deps, old, resource, coming=coming)
        return Updated(stored, created=False)
    write = _first(dict(resource), await resources.last_version(tx, ref))
    return Updated(await _create(tx, deps, write, coming), created=True)


async def replace_within(
    tx: Transaction,
    deps: Deps,
    old: Stored,
    resource: Resource,
    *,
    method: str = "PUT",
    coming: Collection[Ref] = (),
) -> Stored:
    """Put a resource in the place of a version that was read in the same transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        old: The version.
        resource: Valid, with the same id; it is not changed.
        method: For the history.
        coming: What the same transaction is going to write, and may be pointed to.

    Raises:
        GatewayError: a reference to nothing, or what the type does not allow.
        TimeTakenError: the time is not to be had.
    """
    write = resources.replacing(old, dict(resource), method)
    if old.type == "Appointment":
        return await booking.update(tx, deps, old, write, await _around(tx, resource, coming))
    await check_references(tx, resource, coming=coming)
    return await _UPDATE.get(old.type, _update_plain)(tx, deps, old, write)


def _first(resource: Resource, last: Version | None) -> Write:
    if last is None:
        return Write(resource, method="PUT")
    return Write(resource, last.version, last.last_updated, "PUT", revives=True)


def check_version(deps: Deps, old: Stored | None, if_match: int | None) -> None:
    """Make sure that a client changes the version that it has seen.

    Args:
        deps: Its policy says whether If-Match is demanded.
        old: The present version; None where there is none.
        if_match: The version that the client names; None for none.

    Raises:
        GatewayError: precondition-failed for another version; precondition-required.
    """
    if if_match is not None:
        present = old.version if old else None
        if present != if_match:
            text = f"The present version is {present}" if present else "There is no such resource"
            raise fail(Category.PRECONDITION_FAILED, text, "If-Match", code="conflict")
    elif deps.policy.require_if_match and old is not None:
        raise fail(Category.PRECONDITION_REQUIRED, "An update has to say If-Match here", "If-Match")


async def delete(deps: Deps, tenant: int, ref: Ref, *, if_match: int | None) -> Version | None:
    """Delete a resource.

    Returns:
        The entry of its history; None where there was nothing to delete.

    Raises:
        GatewayError: conflict, where it holds time or something live points to it.
    """

    async def work(tx: Transaction) -> Version | None:
        version = await delete_within(tx, deps, ref, if_match=if_match)
        if version is not None:
            await check_unreferenced(tx, ref)
        return version

    return await deps.database.run(tenant, work)


async def delete_within(
    tx: Transaction, deps: Deps, ref: Ref, *, if_match: int | None
) -> Version | None:
    """The half of `delete` that lives inside a transaction.

    Before it ends, the caller makes sure that nothing points to the resource
    (`check_unreferenced`); what points to it may go in the same transaction.

    Raises:
        GatewayError: conflict, where it holds time; precondition-failed for another version.
    """
    old = await resources.read(tx, ref)
    if if_match is not None:
        check_version(deps, old, if_match)
    if old is None:
        return None
    await _check_removal(tx, old)
    version = await resources.remove(tx, old, now=deps.clock.now())
    if ref.type == "Appointment":
        counting.moved(tx, old.resource(), None, version.last_updated)
    elif ref.type == "Slot":
        await slots.removed(tx, deps, old)
    elif ref.type == "Schedule":
        await schedules.removed(tx, ref.id)
    elif ref.type in queue_configuration.QUEUED_AT:
        await queues.remove(tx, str(ref))
    return version


async def _check_removal(tx: Transaction, old: Stored) -> None:
    if old.type == "Appointment" and await engagements.of_appointment(tx, old.id):
        raise GatewayError(
            Category.CONFLICT,
            Issue("The Appointment holds time; cancel it first", ("Appointment.status",),
                  "conflict", "time-held"),
        )  # fmt: skip
    if old.type == "Slot":
        await slots.check_removal(tx, old)
    if old.type == "Encounter":
        queue_encounters.check_removal(old.resource())


async def _create(tx: Transaction, deps: Deps, write: Write, coming: Collection[Ref]) -> Stored:
    name = write.resource["resourceType"]
    if name == "Appointment":
        return await booking.create(tx, deps, write, await _around(tx, write.resource, coming))
    await check_references(tx, write.resource, coming=coming)
    return await _CREATE.get(name, _create_plain)(tx, deps, write)


async def _around(tx: Transaction, appointment: Resource, coming: Collection[Ref]) -> Around:
    """What is stored around an Appointment, once its references have been looked at."""
    found = await look_around(
        tx, [appointment], referencing.named_in(appointment).difference(coming)
    )
    referencing.check(appointment, found.existing, coming=coming)
    return found


#: Extensions of ours that the gateway acts upon, by the type on which they stand.
_ACTED_UPON = {"PlanDefinition": EXT_PRIORITY_RULE}


def _check_own(resource: Resource) -> None:
    url = _ACTED_UPON.get(resource["resourceType"])
    issues = complaints(resource, url) if url else []
    if issues:
        raise GatewayError(Category.UNPROCESSABLE, *issues)


async def _create_plain(tx: Transaction, deps: Deps, write: Write) -> Stored:
    _check_own(write.resource)
    stored = await storing.store(tx, deps, write)
    await identifying.register(tx, write.resource)
    return stored


async def _update_plain(tx: Transaction, deps: Deps, _: Stored, write: Write) -> Stored:
    return await _create_plain(tx, deps, write)


async def _create_schedule(
    tx: Transaction, deps: Deps, write: Write, before: Resource | None = None
) -> Stored:
    stored = await _create_plain(tx, deps, write)
    await horizons.schedule_written(tx, write.resource, before)
    if await schedules.register(tx, write.resource):
        ids = await slot_statuses.lock_slots_of_schedule(tx, stored.id)
        await refresh_slots(tx, deps, ids)
    return stored


async def _update_schedule(tx: Transaction, deps: Deps, old: Stored, write: Write) -> Stored:
    return await _create_schedule(tx, deps, write, old.resource())


async def _create_role(tx: Transaction, deps: Deps, write: Write) -> Stored:
    stored = await _create_plain(tx, deps, write)
    await schedules.follow_role(tx, stored.id)
    return stored


async def _update_role(tx: Transaction, deps: Deps, _: Stored, write: Write) -> Stored:
    return await _create_role(tx, deps, write)


async def _create_queued_at(tx: Transaction, deps: Deps, write: Write) -> Stored:
    stored = await _create_plain(tx, deps, write)
    await queue_configuration.register(tx, deps, write.resource, is_new=True)
    return stored


async def _update_queued_at(tx: Transaction, deps: Deps, _: Stored, write: Write) -> Stored:
    stored = await _create_plain(tx, deps, write)
    await queue_configuration.register(tx, deps, write.resource, is_new=False)
    return stored


async def _create_encounter(tx: Transaction, deps: Deps, write: Write) -> Stored:
    queue_encounters.check_written(None, write.resource)
    return await _create_plain(tx, deps, write)


async def _update_encounter(tx: Transaction, deps: Deps, old: Stored, write: Write) -> Stored:
    queue_encounters.check_written(old.resource(), write.resource)
    return await _create_plain(tx, deps, write)


_CREATE: dict[str, Create] = {
    "AppointmentResponse": answers.answer,
    "Basic": preferences.create,
    "Encounter": _create_encounter,
    "HealthcareService": _create_queued_at,
    "Location": _create_queued_at,
    "PractitionerRole": _create_role,
    "Schedule": _create_schedule,
    "Slot": slots.create,
}
_UPDATE: dict[str, Update] = {
    "Basic": preferences.update,
    "Encounter": _update_encounter,
    "HealthcareService": _update_queued_at,
    "Location": _update_queued_at,
    "PractitionerRole": _update_role,
    "Schedule": _update_schedule,
    "Slot": slots.update,
}
