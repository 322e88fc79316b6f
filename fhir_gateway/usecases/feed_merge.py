"""How does a message change the Appointment that is held?

Fields that are told replace, fields told as `""` are deleted, everything else stays. People and
services follow their action codes, or replace all of their kind where the message lists them
completely. hl7v2.md section 2.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import format_instant
from fhir_gateway.mapping.intent import ActorIntent, SiuIntent
from fhir_gateway.usecases.engaging import span_of
from fhir_gateway.usecases.feed_people import united

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody whom a message names, as References.

    Attributes:
        patients: With their participant elements, the first one's first.
        actors: In the order of the message.
    """

    patients: tuple[tuple[Resource, Resource], ...]
    actors: tuple[tuple[ActorIntent, Resource], ...]


def merged(intent: SiuIntent, cast: Cast, old: Resource | None, new_id: str) -> Resource:
    """The Appointment as it shall be, without its Slots.

    Args:
        intent: What the message says.
        cast: Who is meant.
        old: What is held; None for a new one.
        new_id: Id of a new one.
    """
    before = old or {"resourceType": "Appointment", "id": new_id}
    changed = {key: value for key, value in before.items() if key not in intent.removed}
    changed |= {
        key: value
        for key, value in intent.appointment.items()
        if key not in ("identifier", "extension", "serviceType")
    }
    changed["status"] = intent.status or before.get("status") or "booked"
    changed["identifier"] = united(
        before.get("identifier", ()), intent.appointment.get("identifier", ())
    )
    _set(changed, "extension", _extensions(before, intent))
    _set(changed, "serviceType", _services(before, intent))
    _set(changed, "participant", _participants(before, intent, cast))
    _keep_duration(changed, before, intent)
    if changed["status"] not in ("cancelled", "noshow"):
        changed.pop("cancelationReason", None)
    return changed


def _set(resource: Resource, name: str, value: list[Resource]) -> None:
    if value:
        resource[name] = value
    else:
        resource.pop(name, None)


def _extensions(before: Resource, intent: SiuIntent) -> list[Resource]:
    told: list[Resource] = intent.appointment.get("extension", [])
    urls = {each["url"] for each in told}
    return [each for each in before.get("extension", ()) if each["url"] not in urls] + told


def _services(before: Resource, intent: SiuIntent) -> list[Resource]:
    if "serviceType" in intent.removed:
        return []
    told = [each.concept for each in intent.services if each.action != "D"]
    gone = [each.concept for each in intent.services if each.action == "D"]
    if "serviceType" in intent.snapshot:
        return told
    kept = [each for each in before.get("serviceType", ()) if each not in told + gone]
    return kept + told


def _participants(before: Resource, intent: SiuIntent, cast: Cast) -> list[Resource]:
    people: list[Resource] = list(before.get("participant", ()))
    if cast.patients:
        people = [each for each in people if not _is(each, "Patient")]
        people = [{"actor": actor} | part for actor, part in cast.patients] + people
    told = [_key(actor) for each, actor in cast.actors if each.action != "D"]
    gone = {_key(actor) for each, actor in cast.actors if each.action == "D"}
    people = [
        each
        for each in people
        if _key(each.get("actor")) not in gone and not _left_out(each, intent, told)
    ]
    for each, actor in cast.actors:
        if each.action != "D":
            people = _put(people, each, actor)
    return people


def _left_out(participant: Resource, intent: SiuIntent, told: Sequence[str]) -> bool:
    """Whether a complete list of its kind does not name it."""
    actor = participant.get("actor")
    complete = any(_is(participant, kind) for kind in intent.snapshot)
    return complete and _key(actor) not in told


def _put(people: list[Resource], intent: ActorIntent, actor: Resource) -> list[Resource]:
    place = next(
        (n for n, each in enumerate(people) if _key(each.get("actor")) == _key(actor)), None
    )
    if place is None:
        return [*people, {"actor": actor} | intent.participant]
    if intent.action == "X":
        return people
    return [*people[:place], {"actor": actor} | intent.participant, *people[place + 1 :]]


def _is(participant: Resource, kind: str) -> bool:
    actor = participant.get("actor") or {}
    ref = reference_of(actor)
    return ref.type == kind if ref else actor.get("type") == kind


def _key(actor: Resource | None) -> str:
    known = actor or {}
    return str(known.get("reference") or known.get("display") or "")


def _keep_duration(changed: Resource, before: Resource, intent: SiuIntent) -> None:
    """A sender that tells no end means the length that the appointment has already."""
    known = span_of(before)
    if not intent.end_assumed or known is None or intent.start is None:
        return
    minutes = int(known.minutes)
    changed["end"] = format_instant(intent.start + timedelta(minutes=minutes))
    changed["minutesDuration"] = minutes
