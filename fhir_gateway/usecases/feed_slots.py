"""Which Slots does a booking of the EHR take?

Those of its people that are there already, where they fit its time; else one is made for it, on the
Schedule of its first actor, which is made too where there is none. Decision 9.
"""

from collections.abc import Sequence
from typing import Any

from fhir_gateway.core.codes import EXT_ORIGIN
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval, format_instant
from fhir_gateway.storage import actors, resources, slot_facts
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Write
from fhir_gateway.usecases import schedules
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import span_of
from fhir_gateway.usecases.zones import extension

Resource = dict[str, Any]

#: Whose Schedule a booking belongs to, the first of them that takes part.
_OWNERS = ("Practitioner", "Device", "Location")
_HELD_BY_FEED = "feed"


async def slots_for(
    tx: Transaction,
    deps: Deps,
    appointment: Resource,
    held: Sequence[str],
    schedule: Resource | None,
) -> list[str]:
    """Ids of the Slots that a booking takes; empty where nobody is known whose time it is.

    Args:
        tx: Open transaction.
        deps: See Deps.
        appointment: With start and end, its participants known.
        held: Ids of the Slots that it has now.
        schedule: SCH-5 as an Identifier; it names the Schedule.
    """
    span = span_of(appointment)
    owner = _owner(appointment)
    if span is None or owner is None:
        return []
    ids = await _schedules(tx, owner, schedule)
    for each in ids:
        fitting = await _fitting(tx, each, span, held)
        if fitting:
            return fitting
    home = ids[0] if ids else await _make_schedule(tx, deps, owner, schedule)
    return [await _make_slot(tx, deps, home, span, appointment)]


def _owner(appointment: Resource) -> Ref | None:
    refs = [
        ref
        for each in appointment["participant"]
        if each.get("status") != "declined" and each.get("required") != "information-only"
        if (ref := reference_of(each.get("actor"))) is not None
    ]
    return next((ref for kind in _OWNERS for ref in refs if ref.type == kind), None)


async def _schedules(tx: Transaction, owner: Ref, schedule: Resource | None) -> list[str]:
    """Schedules of the owner; first the one that the message names."""
    own = list(
        dict.fromkeys(each.schedule for each in await actors.by_references(tx, [str(owner)]))
    )
    if schedule is None:
        return own
    named = await resources.with_tokens(
        tx, "Schedule", [f"identifier|{schedule['system']}|{schedule['value']}"]
    )
    return named or own


async def _fitting(
    tx: Transaction, schedule: str, span: Interval, held: Sequence[str]
) -> list[str]:
    """Slots that cover the time without a gap, the first beginning with it."""
    ids = await slot_facts.slots_of_schedule(tx, schedule, span)
    found = await resources.read_many(tx, "Slot", ids)
    taken: list[str] = []
    reached = span.start
    for key in ids:
        slot = found[key].resource()
        time = span_of(slot)
        if time is None or _somebody_elses(slot, key, held):
            continue
        if time.start != reached:
            continue
        taken.append(key)
        reached = time.end
        if reached >= span.end:
            return taken
    return []


def _somebody_elses(slot: Resource, key: str, held: Sequence[str]) -> bool:
    """Whether it was made for another booking of the feed that still has it."""
    origin = (extension(slot, EXT_ORIGIN) or {}).get("valueCode")
    return origin == _HELD_BY_FEED and slot["status"] != "free" and key not in held


async def _make_schedule(tx: Transaction, deps: Deps, owner: Ref, schedule: Resource | None) -> str:
    made: Resource = {
        "resourceType": "Schedule",
        "id": deps.ids.new(),
        "extension": [{"url": EXT_ORIGIN, "valueCode": _HELD_BY_FEED}],
        "actor": [{"reference": str(owner)}],
    }
    if schedule is not None:
        made["identifier"] = [schedule]
    zone = deps.tenants[tx.tenant].zone
    await resources.write(tx, Write(made, method="POST"), now=deps.clock.now(), zone=zone)
    await schedules.register(tx, made)
    return str(made["id"])


async def _make_slot(
    tx: Transaction, deps: Deps, schedule: str, span: Interval, appointment: Resource
) -> str:
    zone = deps.tenants[tx.tenant].zone
    made: Resource = {
        "resourceType": "Slot",
        "id": deps.ids.new(),
        "extension": [{"url": EXT_ORIGIN, "valueCode": _HELD_BY_FEED}],
        "schedule": {"reference": f"Schedule/{schedule}"},
        "status": "free",
        "start": format_instant(span.start.astimezone(zone)),
        "end": format_instant(span.end.astimezone(zone)),
    }
    for name in ("serviceType", "specialty", "appointmentType"):
        if name in appointment:
            made[name] = appointment[name]
    await resources.write(tx, Write(made, method="POST"), now=deps.clock.now(), zone=zone)
    return str(made["id"])
