"""Who else has to hear of a change of an Appointment?

The message to each destination is written in the transaction of the change, so that it says what
was true then and is there if the change is. Whoever brought the news is not told it again.

Source: decision 19; hl7v2.md sections 2.1 and 6, N8.
"""

from base64 import b32encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import SYSTEM_OWN, SYSTEM_V2_0203
from fhir_gateway.core.refs import reference_of
from fhir_gateway.mapping import events_out, siu_out
from fhir_gateway.mapping.letterhead import Letterhead
from fhir_gateway.mapping.profiles import SenderProfile, base_of
from fhir_gateway.mapping.writing import type_code
from fhir_gateway.outbound.destinations import Destination
from fhir_gateway.storage import dispatches, inbox, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps

Resource = dict[str, Any]

#: Kinds of system that the mapping makes of a sender's identifiers without authority.
_BARE = (
    "appointment-filler", "appointment-placer", "patient", "practitioner", "location",
)  # fmt: skip
_TAKERS = ("Patient", "Practitioner", "Location", "Device")


def awaited(tx: Transaction, deps: Deps) -> bool:
    """Whether a booking made here has to be confirmed by somebody else's application."""
    return any(
        each.confirms and not each.sends_as(tx.source)
        for each in deps.destinations.get(tx.tenant, ())
    )


async def unconfirmed(tx: Transaction, appointment: str) -> bool:
    """Whether somebody's application has still to confirm an Appointment.

    Args:
        tx: Open transaction.
        appointment: Its id.
    """
    told = await dispatches.told(tx, appointment)
    return any(each.confirms and each.state in dispatches.OPEN for each in told)


async def tell(
    tx: Transaction, deps: Deps, old: Resource | None, new: Resource, *, awaits: bool = False
) -> None:
    """Write what other systems have to be told of a change.

    Args:
        tx: Of the change.
        deps: See Deps.
        old: The Appointment before; None for a new one.
        new: The Appointment after, with id.
        awaits: Whether it is pending only until those who confirm have said yes.
    """
    wanted = [
        each for each in deps.destinations.get(tx.tenant, ()) if not each.sends_as(tx.source)
    ]  # fmt: skip
    if not wanted:
        return
    events = [(each, await _event(tx, each, old, new)) for each in wanted]
    due = [(each, event) for each, event in events if event in _possible(each)]
    if not due:
        return
    scene = await _Scene.read(tx, new)
    for destination, event in due:
        draft = _draft(tx, deps, destination, str(event), scene)
        dispatches.add(tx, replace(draft, confirms=awaits and destination.confirms))


def _possible(destination: Destination) -> set[str]:
    wanted: set[str] = set(destination.events)
    return wanted if destination.role == "filler" else wanted & set(siu_out.REQUESTS)


async def _event(
    tx: Transaction, destination: Destination, old: Resource | None, new: Resource
) -> str | None:
    event = events_out.event_of(old, new, known=False)
    if event is not None or old is None or events_out.event_of(old, new, known=True) is None:
        return event
    earlier = await dispatches.told(tx, new["id"], [destination.name])
    known = bool(earlier) or await inbox.feed_state(tx, new["id"]) is not None
    return events_out.event_of(old, new, known=known)


class _Scene:
    """An Appointment with all who take part, each known by some identifier."""

    def __init__(self, appointment: Resource, actors: Sequence[Resource]) -> None:
        self.appointment = appointment
        patients = (each for each in actors if each["resourceType"] == "Patient")
        self.patient = next(patients, None)
        self.others = [each for each in actors if each["resourceType"] != "Patient"]

    @classmethod
    async def read(cls, tx: Transaction, appointment: Resource) -> "_Scene":
        people = [dict(each) for each in appointment.get("participant", ())]
        await _replace_roles(tx, people)
        refs = [ref for each in people if (ref := reference_of(each.get("actor"))) is not None]
        found = await resources.read_all(tx, (ref for ref in refs if ref.type in _TAKERS))
        actors = [found[ref].resource() for ref in dict.fromkeys(refs) if ref in found]
        return cls({**appointment, "participant": people}, actors)


async def _replace_roles(tx: Transaction, people: list[Resource]) -> None:
    """A PractitionerRole is its practitioner (decision 8)."""
    refs = {n: reference_of(each.get("actor")) for n, each in enumerate(people)}
    roles = {n: ref.id for n, ref in refs.items() if ref and ref.type == "PractitionerRole"}
    if not roles:
        return
    found = await resources.read_many(tx, "PractitionerRole", roles.values())
    for n, id_ in roles.items():
        stored = found.get(id_)
        person = stored.resource().get("practitioner") if stored else None
        if person:
            people[n]["actor"] = person


def _draft(
    tx: Transaction, deps: Deps, destination: Destination, event: str, scene: _Scene
) -> dispatches.Draft:
    zone = ZoneInfo(destination.zone) if destination.zone else deps.tenants[tx.tenant].zone
    unique = f"{tx.tenant}|{destination.name}|{deps.ids.new()}"
    # MSH-10 holds 20 characters up to 2.5.1; so many of base 32 are 100 bits.
    control_id = b32encode(sha256(unique.encode()).digest()).decode()[:20]
    head = Letterhead(
        destination.sender.pair,
        destination.receiver.pair,
        control_id,
        deps.clock.now(),
        zone,
        destination.version,
        destination.charset,
        destination.processing_id,
        destination.confirm == "application",
    )
    base = base_of(SenderProfile(), destination.receiver.pair)
    own = scene.appointment["id"]
    raw = siu_out.write(
        event,
        {**scene.appointment, "identifier": _appointment_ids(scene.appointment, destination, base)},
        _known(scene.patient, base) if scene.patient else None,
        [_known(each, base) for each in scene.others],
        head,
        destination.role,
    )
    kind = f"SIU^{event}" if destination.role == "filler" else f"SRM^{siu_out.REQUESTS[event]}"
    summary = events_out.says_of(scene.appointment)
    return dispatches.Draft(destination.name, own, control_id, kind, summary, raw)


def _appointment_ids(appointment: Resource, destination: Destination, base: str) -> list[Resource]:
    """Placer and filler id: those that are known, the receiver's own first, else ours."""
    known = sorted(
        appointment.get("identifier", ()), key=lambda each: not _is_of(each, base)
    )  # fmt: skip
    own = {"system": SYSTEM_OWN, "value": appointment["id"]}
    found = []
    for code in ("PLAC", "FILL"):
        first = next((each for each in known if type_code(each) == code), None)
        if first is not None:
            found.append(_in_its_words(first, base))
        elif code == "PLAC" or destination.role == "filler":
            kind = {"coding": [{"system": SYSTEM_V2_0203, "code": code}]}
            found.append({"type": kind, **own})
    return found


def _known(resource: Resource, base: str) -> Resource:
    """A participant with its identifiers, the receiver's own first; ours where it has none."""
    own = {"system": SYSTEM_OWN, "value": resource["id"]}
    known = [each for each in resource.get("identifier", ()) if each.get("value")] or [own]
    ordered = sorted(known, key=lambda each: not _is_of(each, base))
    return {**resource, "identifier": [_in_its_words(each, base) for each in ordered]}


def _is_of(identifier: Resource, base: str) -> bool:
    return str(identifier.get("system", "")).startswith(f"{base}:")


def _in_its_words(identifier: Resource, base: str) -> Resource:
    """What the receiver has named without an authority is named so to it."""
    bare = identifier.get("system") in {f"{base}:{kind}" for kind in _BARE}
    return {k: v for k, v in identifier.items() if k != "system"} if bare else identifier
