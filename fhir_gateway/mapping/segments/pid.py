"""Who is the patient?

Source: HL7 v2.9.1 chapter 3, PID; v2-to-FHIR PID[Patient]; hl7v2.md sections 1.5 and 1.6.
"""

from collections.abc import Callable, Iterable
from typing import Any

from fhir_gateway.hl7.message import Field, Segment
from fhir_gateway.mapping import extensions as ext
from fhir_gateway.mapping.datatypes import cx
from fhir_gateway.mapping.datatypes.cwe import concept, words
from fhir_gateway.mapping.datatypes.ei import type_of
from fhir_gateway.mapping.datatypes.ts import date_time
from fhir_gateway.mapping.datatypes.xad import address
from fhir_gateway.mapping.datatypes.xpn import human_name, nickname
from fhir_gateway.mapping.datatypes.xtn import contact_point
from fhir_gateway.mapping.intent import Concept, Identifier, Resource, distinct
from fhir_gateway.mapping.placeholders import named
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.tables import find, lookup

_SSN = "http://hl7.org/fhir/sid/us-ssn"
_MARITAL = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
#: Fields that delete an element of Patient when they are `""`.
_DELETES = {
    5: "name", 7: "birthDate", 8: "gender", 11: "address", 13: "telecom", 15: "communication",
    16: "maritalStatus", 29: "deceasedDateTime", 30: "deceasedBoolean",
}  # fmt: skip


class _Pid:
    """One PID in the course of being read."""

    def __init__(self, segment: Segment, reading: Reading) -> None:
        self.segment = segment
        self.reading = reading

    def identifiers(self) -> list[Identifier]:
        """PID-3, 2 and 4, then SSN (19) and driver's licence (20); each once."""
        found = [self._cx(field, number) for number, field in self._fields(3, 2, 4)]
        ssn = named(part(self.segment.field(19), 1), self.reading, self.segment.location(19))
        if ssn:
            found.append({"type": type_of("SS"), "system": _SSN, "value": ssn})
        return cx.distinct([*found, self._licence()])

    def _cx(self, field: Field, number: int) -> Identifier | None:
        return cx.identifier(field, self.reading, "patient", self.segment.location(number))

    def _licence(self) -> Identifier | None:
        field = self.segment.field(20)
        issuer = part(field, 2)
        number = named(part(field, 1), self.reading, self.segment.location(20))
        if not number:
            return None
        system = self.reading.system("licence", issuer)
        return {"type": type_of("DL"), "system": system, "value": number}

    def _fields(self, *numbers: int) -> Iterable[tuple[int, Field]]:
        for number in numbers:
            for field in self.segment.repetitions(number):
                yield number, field

    def names(self) -> list[Resource]:
        """PID-5 and the aliases of PID-9, with what the patient is called by."""
        found: list[Resource | None] = []
        for number, field in self._fields(5, 9):
            found += [
                human_name(field, self.reading, self.segment.location(number)),
                nickname(field),
            ]
        return distinct(found)

    def telecom(self) -> list[Resource]:
        """PID-13 (home), PID-14 (work) and PID-40."""
        uses = {13: "home", 14: "work", 40: ""}
        return distinct(
            contact_point(
                field, self.reading, self.segment.location(number), default_use=uses[number]
            )
            for number, field in self._fields(*uses)
        )

    def addresses(self) -> list[Resource]:
        """PID-11; the county of PID-12 goes to the only address, if that has none."""
        place = self.segment.location(11)
        found = distinct(address(f, self.reading, place) for _, f in self._fields(11))
        county = part(self.segment.field(12), 1)
        if county and len(found) == 1:
            found[0].setdefault("district", county)
        elif county:
            found.append({"district": county})
        return found

    def gender(self) -> str | None:
        """PID-8."""
        code = part(self.segment.field(8), 1)
        known = lookup("0001", code, "gender")
        if code and not known:
            self.reading.warn("PID-8 holds no code of table 0001", self.segment.location(8))
        return known or None

    def birth(self) -> Resource:
        """PID-7: birthDate, with the time of day where there is one."""
        place = self.segment.location(7)
        moment = self.reading.moment(part(self.segment.field(7), 1), "", place)
        if moment is None:
            return {}
        if not moment.has_time:
            return {"birthDate": moment.date}
        at = date_time(moment.text, self.reading, place)
        told = {"extension": [{"url": ext.EXT_BIRTH_TIME, "valueDateTime": at}]}
        return {"birthDate": moment.date, "_birthDate": told}

    def deceased(self) -> Resource:
        """PID-29, else PID-30."""
        at = date_time(part(self.segment.field(29), 1), self.reading, self.segment.location(29))
        if at:
            return {"deceasedDateTime": at}
        return _yes_no("deceasedBoolean", part(self.segment.field(30), 1))

    def multiple_birth(self) -> Resource:
        """PID-25, else PID-24."""
        order = part(self.segment.field(25), 1)
        if order.isascii() and order.isdigit() and 0 < int(order[:3]) < 100:
            return {"multipleBirthInteger": int(order[:3])}
        return _yes_no("multipleBirthBoolean", part(self.segment.field(24), 1))

    def communication(self) -> list[Resource]:
        """PID-15."""
        language = concept(self.segment.field(15), self.reading, "language", tables=())
        return [{"language": language, "preferred": True}] if language else []

    def marital_status(self) -> Concept | None:
        """PID-16 in v3-MaritalStatus; a code that is not known there stays the sender's."""
        field = self.segment.field(16)
        row = next((row for word in words(field) if (row := find("0002", word))), None)
        if row is None:
            return concept(field, self.reading, "marital")
        known = {"system": _MARITAL, "code": row["marital"], "display": row["display"]}
        return {"coding": [known]}

    def extensions(self) -> list[Resource]:
        """Mother's maiden name, religion, birth place, citizenship and nationality."""
        mother = part(self.segment.field(6), 1)
        born = part(self.segment.field(23), 1)
        found: list[Resource] = []
        if mother:
            found.append({"url": ext.EXT_MOTHERS_NAME, "valueString": mother})
        if born:
            found.append({"url": ext.EXT_BIRTH_PLACE, "valueAddress": {"text": born}})
        if religion := concept(self.segment.field(17), self.reading, "religion"):
            found.append({"url": ext.EXT_RELIGION, "valueCodeableConcept": religion})
        for number, url in (
            (26, ext.EXT_CITIZENSHIP),
            (39, ext.EXT_CITIZENSHIP),
            (28, ext.EXT_NATIONALITY),
        ):
            for _, field in self._fields(number):
                if code := concept(field, self.reading, "country"):
                    found.append(
                        {"url": url, "extension": [{"url": "code", "valueCodeableConcept": code}]}
                    )
        return found


def _yes_no(element: str, code: str) -> Resource:
    known = {"Y": True, "N": False}.get(code.upper())
    return {} if known is None else {element: known}


def patient(segment: Segment, reading: Reading) -> Resource:
    """Read a PID.

    Returns:
        A Patient without id; without identifier too, where the message has none (reported).
    """
    pid = _Pid(segment, reading)
    parts: dict[str, Callable[[], Any]] = {
        "extension": pid.extensions,
        "identifier": pid.identifiers,
        "name": pid.names,
        "telecom": pid.telecom,
        "gender": pid.gender,
        "address": pid.addresses,
        "maritalStatus": pid.marital_status,
        "communication": pid.communication,
    }
    found: Resource = {"resourceType": "Patient"}
    found |= {name: value for name, read in parts.items() if (value := read())}
    found |= pid.birth() | pid.deceased() | pid.multiple_birth()
    if "identifier" not in found:
        reading.warn("the patient has no identifier", segment.location(3))
    reading.took("patient", segment)
    return found


def removed(segment: Segment) -> tuple[str, ...]:
    """The elements of Patient that a PID deletes."""
    return tuple(name for number, name in _DELETES.items() if segment.is_null(number))
