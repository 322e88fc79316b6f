"""How do clients create, replace and delete resources?

Shape and rules first, then references, then what the type means: Appointments, Slots and Schedules
hold time, responses answer. Decisions 3, 4, 5 and 9.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref, relative, walk_references
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage import engagements, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Version, Write
from fhir_gateway.usecases import answers, booking, identifying, react, schedules, slots
from fhir_gateway.usecases.appointments import TimeTakenError
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.explaining import explained

T = TypeVar("T")
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
        await _check_references(tx, resource)
        return await _create(tx, deps, Write(dict(resource), method="POST"))

    stored = await _explaining(deps, tenant, work)
    await react.promptly(deps, tenant, resource)
    return stored


async def update(
    deps: Deps, tenant: int, ref: Ref, resource: Resource, *, if_match: int | None
) -> Updated:
    """Replace a resource, or keep a new one under the client's id.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        ref: Where the client put it.
        resource: As read, with that id.
        if_match: The version that it may replace; None for whichever there is.

    Raises:
        GatewayError: as for create; precondition-failed for another version;
            precondition-required where the tenant demands If-Match.
    """
    validate(resource, type_name=ref.type)

    async def work(tx: Transaction) -> Updated:
        old = await resources.read(tx, ref)
        _check_version(deps, old, if_match)
        await _check_references(tx, resource)
        if old is None:
            last = await resources.last_version(tx, ref)
            write = _first(dict(resource), last)
            return Updated(await _create(tx, deps, write), created=True)
        write = resources.replacing(old, dict(resource))
        return Updated(await _update(tx, deps, old, write), created=False)

    return await _explaining(deps, tenant, work)


def _first(resource: Resource, last: Version | None) -> Write:
    if last is None:
        return Write(resource, method="PUT")
    return Write(resource, last.version, last.last_updated, "PUT", revives=True)


def _check_version(deps: Deps, old: Stored | None, if_match: int | None) -> None:
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
        old = await resources.read(tx, ref)
        if if_match is not None:
            _check_version(deps, old, if_match)
        if old is None:
            return None
        await _check_removal(tx, old)
        version = await resources.remove(tx, old, now=deps.clock.now())
        if ref.type == "Slot":
            await slots.removed(tx, deps, old)
        elif ref.type == "Schedule":
            await schedules.removed(tx, ref.id)
        return version

    return await deps.database.run(tenant, work)


async def _check_removal(tx: Transaction, old: Stored) -> None:
    if old.type == "Appointment" and await engagements.of_appointment(tx, old.id):
        raise GatewayError(
            Category.CONFLICT,
            Issue("The Appointment holds time; cancel it first", ("Appointment.status",),
                  "conflict", "time-held"),
        )  # fmt: skip
    if old.type == "Slot":
        await slots.check_removal(tx, old)
    pointing = await resources.referencing(tx, old.ref)
    if pointing is not None:
        raise GatewayError(
            Category.CONFLICT,
            Issue(f"{pointing} points to it", (old.type,), "conflict", "referenced"),
        )


async def _explaining(deps: Deps, tenant: int, work: Callable[[Transaction], Awaitable[T]]) -> T:
    try:
        return await deps.database.run(tenant, work)
    except TimeTakenError as error:
        raise await explained(deps, tenant, error) from error


async def _check_references(tx: Transaction, resource: Resource) -> None:
    """Every relative reference must point to something that is there (decision 4)."""
    name = resource["resourceType"]
    found = [
        (path, ref)
        for path, element in walk_references(resource, name)
        if (ref := relative(element["reference"])) is not None
    ]
    known = await resources.existing(tx, {ref for _, ref in found})
    issues = tuple(
        Issue(_missing(ref), (path,), "not-found" if ref.type in CATALOGUE else "not-supported")
        for path, ref in found
        if ref not in known and not _itself(resource, ref)
    )
    if issues:
        raise GatewayError(Category.UNPROCESSABLE, *issues)


def _missing(ref: Ref) -> str:
    if ref.type not in CATALOGUE:
        return f"{ref.type} is not served here, so {ref} cannot be there; give an absolute address"
    return f"There is no {ref}"


def _itself(resource: Resource, ref: Ref) -> bool:
    return ref == Ref(resource["resourceType"], resource.get("id", ""))


async def _create(tx: Transaction, deps: Deps, write: Write) -> Stored:
    handler = _CREATE.get(write.resource["resourceType"], _create_plain)
    return await handler(tx, deps, write)


async def _update(tx: Transaction, deps: Deps, old: Stored, write: Write) -> Stored:
    handler = _UPDATE.get(old.type, _update_plain)
    return await handler(tx, deps, old, write)


async def _create_plain(tx: Transaction, deps: Deps, write: Write) -> Stored:
    zone = deps.tenants[tx.tenant].zone
    stored = await resources.write(tx, write, now=deps.clock.now(), zone=zone)
    await identifying.register(tx, write.resource)
    return stored


async def _update_plain(tx: Transaction, deps: Deps, _: Stored, write: Write) -> Stored:
    return await _create_plain(tx, deps, write)


async def _create_schedule(tx: Transaction, deps: Deps, write: Write) -> Stored:
    stored = await _create_plain(tx, deps, write)
    await schedules.register(tx, write.resource)
    return stored


async def _update_schedule(tx: Transaction, deps: Deps, _: Stored, write: Write) -> Stored:
    return await _create_schedule(tx, deps, write)


async def _create_role(tx: Transaction, deps: Deps, write: Write) -> Stored:
    stored = await _create_plain(tx, deps, write)
    await schedules.follow_role(tx, stored.id)
    return stored


async def _update_role(tx: Transaction, deps: Deps, _: Stored, write: Write) -> Stored:
    return await _create_role(tx, deps, write)


_CREATE: dict[str, Create] = {
    "Appointment": booking.create,
    "AppointmentResponse": answers.answer,
    "PractitionerRole": _create_role,
    "Schedule": _create_schedule,
    "Slot": slots.create,
}
_UPDATE: dict[str, Update] = {
    "Appointment": booking.update,
    "PractitionerRole": _update_role,
    "Schedule": _update_schedule,
    "Slot": slots.update,
}
