"""What of stored Appointments, Slots and Encounters is counted, and for whom?

Pure: contents in, facts of `engines/metrics.py` out. A practitioner, a place or a service has what
it takes part in, and what is booked through a Slot of its Schedule. Where no service takes part,
every HealthcareService of the type has it.

Source: decision record 0021.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval, local_day, parse_instant
from fhir_gateway.engines.metrics import BOOKED, Belonging, SlotFact, VisitFact
from fhir_gateway.fhir import json
from fhir_gateway.storage.scheduling_facts import StoredFacts
from fhir_gateway.usecases.counting import ended_by_waitlist
from fhir_gateway.usecases.engaging import participants, slot_ids
from fhir_gateway.usecases.seats import seats_of
from fhir_gateway.usecases.waiting import codes_of
from fhir_gateway.usecases.zones import places_of, zone_among

Resource = dict[str, Any]

#: Seconds in a unit of time of UCUM.
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_BEFORE_THE_START = ("planned", "arrived", "triaged")
_NO_VISIT = frozenset({"cancelled", "entered-in-error"})


def facts(stored: StoredFacts, zone: ZoneInfo) -> tuple[list[SlotFact], list[VisitFact]]:
    """Everything that is counted of what is stored.

    Args:
        stored: As read.
        zone: The tenant's.
    """
    slots = [json.parse(each) for each in stored.slots]
    visits = [json.parse(each) for each in stored.appointments]
    scene = _Scene(stored, zone, {each["id"]: each for each in slots if seats_of(each) > 1})
    scene.seat(visits)
    found = [fact for each in slots if (fact := scene.slot(each)) is not None]
    return found, [scene.visit(each) for each in visits]


class _Scene:
    """Whose something is, and what came of it."""

    def __init__(
        self, stored: StoredFacts, zone: ZoneInfo, with_seats: Mapping[str, Resource]
    ) -> None:
        self._zone = zone
        self._with_seats = with_seats
        self._seated: Counter[str] = Counter()
        self._schedules = _by_reference(stored.schedules)
        self._places = _by_reference(stored.places)
        self._roles = stored.roles
        self._schedule_of_slot = stored.schedule_of_slot
        self._services = [
            (f"HealthcareService/{each['id']}", codes_of(each.get("type", ())))
            for each in map(json.parse, stored.services)
        ]
        self._encounters: dict[str, Resource] = {}
        for encounter in sorted(map(json.parse, stored.encounters), key=_begun):
            for each in encounter.get("appointment", ()):
                ref = reference_of(each)
                if ref is not None and encounter["status"] not in _NO_VISIT:
                    self._encounters[ref.id] = encounter

    def seat(self, appointments: Iterable[Resource]) -> None:
        """Count the seats that are taken."""
        for each in appointments:
            if each["status"] in BOOKED and self._is_seated(each):
                self._seated[slot_ids(each)[0]] += _people(each)

    def _is_seated(self, appointment: Resource) -> bool:
        named = slot_ids(appointment)
        return len(named) == 1 and named[0] in self._with_seats

    def slot(self, slot: Resource) -> SlotFact | None:
        start, end = parse_instant(slot["start"]), parse_instant(slot["end"])
        if end <= start:
            return None
        schedule = self._schedules.get(slot["schedule"].get("reference", ""))
        of = self._belonging(start, (), [schedule] if schedule else [], slot)
        taken = self._seated[slot["id"]]
        return SlotFact(of, slot["status"], Interval(start, end), seats_of(slot), taken)

    def visit(self, appointment: Resource) -> VisitFact:
        start = parse_instant(appointment["start"])
        end = parse_instant(appointment.get("end") or appointment["start"])
        references = (self._schedule_of_slot.get(each, "") for each in slot_ids(appointment))
        schedules = [self._schedules[each] for each in references if each in self._schedules]
        encounter = self._encounters.get(appointment["id"], {})
        planned = max(0, int((end - start).total_seconds()))
        lasted = _length(encounter) or 60 * appointment.get("minutesDuration", 0) or planned
        took_place = appointment["status"] == "fulfilled"
        return VisitFact(
            of=self._belonging(start, _taking_part(appointment), schedules, appointment),
            status=appointment["status"],
            start=start,
            seconds=planned * (_people(appointment) if self._is_seated(appointment) else 1),
            lasted=lasted or None,
            waited=_waited(encounter),
            worked=_worked(encounter, start, lasted) if took_place else None,
            ended_by_waitlist=ended_by_waitlist(appointment),
        )

    def _belonging(
        self, start: datetime, actors: Iterable[Ref], schedules: list[Resource], said: Resource
    ) -> Belonging:
        """Whose it is.

        Args:
            start: Planned.
            actors: Who takes part.
            schedules: Through which it is offered or booked.
            said: What names its serviceType; else its Schedules do.
        """
        refs = {*actors, *(ref for each in schedules for ref in _actors(each))}
        people = {self._roles.get(each.id) for each in refs if each.type == "PractitionerRole"}
        people |= {str(each) for each in refs if each.type == "Practitioner"}
        services = {str(each) for each in refs if each.type == "HealthcareService"}
        if not services:
            types = codes_of(said.get("serviceType", ())) or codes_of(
                kind for each in schedules for kind in each.get("serviceType", ())
            )
            services = {name for name, codes in self._services if codes & types}
        first = schedules[0] if schedules else None
        theirs = [*places_of(first or {}), *(each.id for each in refs if each.type == "Location")]
        named = [f"Location/{each}" for each in sorted({*theirs})]
        zone = zone_among(
            first, [self._places[each] for each in named if each in self._places], self._zone
        )
        return Belonging(
            local_day(start, zone),
            frozenset(each for each in people if each),
            frozenset(str(each) for each in refs if each.type == "Location"),
            frozenset(services),
        )


def _by_reference(contents: Iterable[bytes]) -> dict[str, Resource]:
    found = map(json.parse, contents)
    return {f"{each['resourceType']}/{each['id']}": each for each in found}


def _actors(schedule: Resource) -> list[Ref]:
    return [ref for each in schedule.get("actor", ()) if (ref := reference_of(each)) is not None]


def _taking_part(appointment: Resource) -> list[Ref]:
    found = (
        reference_of(each.get("actor"))
        for each in appointment.get("participant", ())
        if each.get("status") != "declined" and each.get("required") != "information-only"
    )
    return [ref for ref in found if ref is not None]


def _people(appointment: Resource) -> int:
    return max(1, len(participants(appointment, "Patient")))


def _begun(encounter: Resource) -> tuple[str, str]:
    return encounter.get("period", {}).get("start", ""), encounter["id"]


def _moment(period: Mapping[str, Any], name: str) -> datetime | None:
    """A time of a Period; None for one without a time of day."""
    try:
        return parse_instant(period.get(name, ""))
    except ValueError:
        return None


def _length(encounter: Resource) -> int:
    """Seconds: `length`, else from the start to the end of its period; 0 for unknown."""
    length = encounter.get("length", {})
    unit = _UNITS.get(length.get("code", length.get("unit", "")))
    if unit is not None and length.get("value") is not None:
        return max(0, int(Decimal(length["value"]) * unit))
    start, end = (_moment(encounter.get("period", {}), each) for each in ("start", "end"))
    return max(0, int((end - start).total_seconds())) if start and end else 0


def _worked(encounter: Resource, planned: datetime, lasted: int) -> Interval | None:
    period = encounter.get("period", {})
    start = _moment(period, "start") or planned
    end = _moment(period, "end") or start + timedelta(seconds=lasted)
    return Interval(start, end) if end > start else None


def _waited(encounter: Resource) -> int | None:
    """Seconds from the arrival until the visit began, as its past statuses say."""
    past = [
        (each.get("status"), each.get("period", {})) for each in encounter.get("statusHistory", ())
    ]
    arrived = [_moment(period, "start") for status, period in past if status == "arrived"]
    begun = [_moment(period, "start") for status, period in past if status == "in-progress"]
    if not begun and encounter.get("status") in ("in-progress", "onleave", "finished"):
        begun = [_moment(period, "end") for status, period in past if status in _BEFORE_THE_START]
        begun = [max(each for each in begun if each)] if any(begun) else []
    first = min((each for each in arrived if each), default=None)
    start = min((each for each in begun if each), default=None)
    return int((start - first).total_seconds()) if first and start and start >= first else None
