"""A desk at which people queue, through the operations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fhir_gateway.core.clock import FixedClock
from fhir_gateway.core.codes import EXT_QUEUE, EXT_QUEUE_CONFIGURATION, EXT_QUEUE_PLACE
from fhir_gateway.core.refs import relative
from fhir_gateway.core.time import parse_instant
from fhir_gateway.fhir import json, parameters
from fhir_gateway.usecases.operations import OPERATIONS, Call
from tests.usecases.builders import a_patient, ref
from tests.usecases.clinic import BASE, TENANT, Clinic

Resource = dict[str, Any]
_OPERATIONS = {(each.spec.resource, each.spec.code): each for each in OPERATIONS}
_VALUES = {bool: "Boolean", int: "PositiveInt"}
_CODES = ("policy", "ordering", "class")
_WEIGHTS = ("priorityWeight", "waitWeight", "appointmentWeight")
#: On the day for which the builders make appointments, nothing is special.
MORNING = "2026-03-02T08:00:00Z"


def configuration(**parts: Any) -> list[Resource]:
    """The extension, from `maximumSize=3` and the like."""
    return [{"url": EXT_QUEUE_CONFIGURATION, "extension": [_part(*each) for each in parts.items()]}]


def _part(name: str, value: Any) -> Resource:
    if name == "overflowTo":
        return {"url": name, "valueReference": ref(value)}
    if name in _CODES:
        return {"url": name, "valueCode": value}
    if name in _WEIGHTS:
        return {"url": name, "valueDecimal": value}
    return {"url": name, f"value{_VALUES.get(type(value), 'String')}": value}


def a_service(id_: str = "desk", **parts: Any) -> Resource:
    """A HealthcareService at which people queue."""
    found: Resource = {"resourceType": "HealthcareService", "id": id_, "name": "Desk"}
    return found | {"extension": configuration(name="Desk", **parts)}


@dataclass(frozen=True, slots=True)
class Desk:
    """One queue of a clinic.

    Attributes:
        clinic: With a clock that stands still.
        reference: Of the queue.
    """

    clinic: Clinic
    reference: str = "HealthcareService/desk"

    @classmethod
    async def opened(cls, clinic: Clinic, *patients: str, **parts: Any) -> "Desk":
        """A desk with patients of the clinic; nobody is in it."""
        desk = cls(clinic.seen(MORNING))
        await desk.clinic.put(a_service(**parts))
        await desk.clinic.put(*(a_patient(each) for each in patients or ("ann", "bob", "cem")))
        return desk

    def later(self, minutes: float) -> "Desk":
        """The same so many minutes later."""
        moment = self.clinic.deps.clock.now() + timedelta(minutes=minutes)
        deps = replace(self.clinic.deps, clock=FixedClock(moment))
        return replace(self, clinic=Clinic(deps))

    def at(self, reference: str) -> "Desk":
        """Another queue of the clinic."""
        return replace(self, reference=reference)

    async def call(self, code: str, **values: Any) -> Resource:
        """Invoke an operation; its answer as it came."""
        place = relative(self.reference)
        assert place is not None
        operation = _OPERATIONS[place.type, code]
        query = [(name.replace("_", "-"), str(each)) for name, each in values.items()]
        read = parameters.read(operation.spec, None, query)
        called = Call(place, read, BASE, f"{BASE}/{self.reference}/${code}", place.type)
        return json.parse(await operation.run(self.clinic.deps, TENANT, called))

    async def does(self, code: str, **values: Any) -> Resource:
        """The same for a command: name -> value, or the parts of it."""
        answer = await self.call(code, **values)
        return {each["name"]: _value(each) for each in answer["parameter"]}

    async def joins(self, patient: str | None = None, **values: Any) -> Resource:
        """Somebody joins; the answer of the command."""
        who = {"patient": f"Patient/{patient}"} if patient else {}
        return await self.does("check-in", **who, **values)

    async def serves(self, ticket: str, minutes: float = 10) -> "Desk":
        """Call whoever has the ticket, which has to be the next, and serve them."""
        called = await self.does("call-next")
        assert called["ticket"] == ticket
        await self.does("start", ticket=ticket)
        after = self.later(minutes)
        await after.does("finish", ticket=ticket)
        return after

    async def waiting(self) -> list[str]:
        """Tickets of those who wait, the next first."""
        return [each["ticket"] for each in await self.places() if each["state"] == "waiting"]

    async def places(self) -> list[Resource]:
        """Everybody who is here, as the List says it."""
        bundle = await self.call("queue-status")
        snapshot = bundle["entry"][0]["resource"]
        return [_parts(each, EXT_QUEUE_PLACE) for each in snapshot.get("entry", ())]

    async def hours(self) -> list[dict[str, Any]]:
        """What the hours of the queue add up to, in order."""
        names = ("day", "hour", "entries", "completed", "no_shows", "waits", "wait_seconds",
                 "longest_wait", "service_seconds", "peak", "size_seconds")  # fmt: skip
        rows = await self.clinic.sql(
            f"SELECT {', '.join(names)} FROM queue_hour WHERE queue = %s ORDER BY day, hour",
            (self.reference,),
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    async def sequence(self) -> int:
        """Number of the last change."""
        found = await self.clinic.sql(
            "SELECT sequence FROM queue WHERE reference = %s", (self.reference,)
        )
        return int(found[0][0])


def entry_parts(encounter: Resource) -> Resource:
    """What the extension `queue` of an Encounter says."""
    return _parts(encounter, EXT_QUEUE)


def _parts(element: Resource, url: str) -> Resource:
    (found,) = (each for each in element["extension"] if each["url"] == url)
    return {each["url"]: _value(each) for each in found["extension"]}


def _value(element: Resource) -> Any:
    if "part" in element:
        return {each["name"]: _value(each) for each in element["part"]}
    if "resource" in element:
        return element["resource"]
    (value,) = (each for name, each in element.items() if name.startswith("value"))
    return value["reference"] if isinstance(value, dict) else value


def tickets(answers: Sequence[Resource]) -> list[str]:
    return [each["ticket"] for each in answers]


def minute(instant: str) -> str:
    return parse_instant(instant).strftime("%H:%M")
