"""Whose time does a Schedule share out?

Practitioners and Devices are exclusive, a Location only on a Schedule with availability, and where
nobody is, the Schedule itself is: nothing bookable can be booked twice. Decision 8.
"""

from typing import Any

from fhir_gateway.core.codes import EXT_AVAILABILITY
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.storage import actors, resources, slot_statuses
from fhir_gateway.storage.actors import ScheduleActor
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import availability
from fhir_gateway.usecases.zones import extension, part

Resource = dict[str, Any]

_ALWAYS = frozenset({"Practitioner", "Device", "Schedule"})


async def register(tx: Transaction, schedule: Resource) -> bool:
    """Say whose time it is.

    Returns:
        Whether it was somebody else's before.

    Raises:
        GatewayError: unprocessable, for an availability that cannot be followed; conflict, where
            it was somebody else's and time is held in its Slots.
    """
    availability.check(schedule)
    wanted = await _actors(tx, schedule)
    before = await actors.of_schedules(tx, [schedule["id"]])
    if before == wanted:
        return False
    if before and await slot_statuses.held_in_schedule(tx, schedule["id"]):
        raise GatewayError(
            Category.CONFLICT,
            Issue(
                "Time is held in Slots of this Schedule; whose it is cannot change now",
                ("Schedule.actor",),
                "conflict",
                "time-held",
            ),
        )
    await actors.set_schedule(tx, schedule["id"], wanted)
    return bool(before)


async def _actors(tx: Transaction, schedule: Resource) -> list[ScheduleActor]:
    refs = [ref for each in schedule["actor"] if (ref := reference_of(each)) is not None]
    roles = await actors.practitioners_of_roles(
        tx, [ref.id for ref in refs if ref.type == "PractitionerRole"]
    )
    names = [roles.get(ref.id, str(ref)) if ref.type == "PractitionerRole" else str(ref)
             for ref in refs]  # fmt: skip
    rules = extension(schedule, EXT_AVAILABILITY)
    before = int(part(rules, "bufferBefore") or 0)
    after = int(part(rules, "bufferAfter") or 0)
    exclusive = {each: _exclusive(each, has_availability=rules is not None) for each in names}
    if not any(exclusive.values()):
        exclusive[str(Ref("Schedule", schedule["id"]))] = True
    keys = await actors.keys_of(tx, exclusive)
    return [
        ScheduleActor(schedule["id"], keys[each], each, exclusive[each], before, after)
        for each in sorted(exclusive)
    ]


def _exclusive(reference: str, *, has_availability: bool) -> bool:
    kind = reference.split("/")[0]
    return kind in _ALWAYS or (kind == "Location" and has_availability)


async def follow_role(tx: Transaction, role: str) -> None:
    """Give the Schedules of a PractitionerRole to its practitioner, who may be another now.

    Raises:
        GatewayError: conflict, where time is held in one of them.
    """
    ids = await resources.with_tokens(tx, "Schedule", [f"actor|PractitionerRole/{role}"])
    for each in (await resources.read_many(tx, "Schedule", ids)).values():
        await register(tx, each.resource())


async def removed(tx: Transaction, schedule_id: str) -> None:
    """Forget a deleted Schedule."""
    await actors.set_schedule(tx, schedule_id, [])
