"""Who takes part in an appointment, as segments of a message of ours?

PID, RGS, AIS, AIG, AIL and AIP are the same whether we tell or ask.

Source: HL7 v2.5.1 chapter 10; hl7v2.md sections 1.4, 1.5 and 2.4.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fhir_gateway.core.codes import GATEWAY_VALUE, SYSTEM_OWN
from fhir_gateway.core.time import parse_instant
from fhir_gateway.hl7.writer import Repetition, Row, Value
from fhir_gateway.mapping import writing
from fhir_gateway.mapping.intent import Concept, Resource
from fhir_gateway.mapping.letterhead import Manner
from fhir_gateway.mapping.segments.rgs import START_FIELD

_ACCEPTANCE = {"accepted": "Booked", "tentative": "Pending", "declined": "Cancelled"}
_SEGMENT_OF = {"Device": "AIG", "Location": "AIL", "Practitioner": "AIP"}
#: AIP-4 and AIL-4 were required before 2.5.
_ROLE = {"Location": "LOCATION", "Practitioner": "PROVIDER"}


@dataclass(frozen=True, slots=True)
class _Taker:
    """A participant with the resource behind it."""

    participant: Resource
    resource: Resource
    type: str

    @property
    def contact(self) -> str | None:
        """`placer contact` or `filler contact`, of a person who is only to be asked."""
        texts = [kind.get("text") for kind in self.participant.get("type", ())]
        known = (each for each in texts if each in ("placer contact", "filler contact"))
        return next(known, None) if self.type == "Practitioner" else None


class Cast:
    """Everybody and everything that a message names.

    Args:
        appointment: Its participants refer to the resources by `Type/id`. An actor that is not
            among them is written by its display text.
        patient: The subject.
        resources: Practitioners, Locations and Devices.
        manner: How it is written.
    """

    def __init__(
        self,
        appointment: Resource,
        patient: Resource | None,
        resources: Iterable[Resource],
        manner: Manner,
    ) -> None:
        known = {f"{each['resourceType']}/{each['id']}": each for each in resources}
        found = (_taker(each, known) for each in appointment.get("participant", ()))
        self._takers = [each for each in found if each is not None]
        self._appointment = appointment
        self._patient = patient
        self._manner = manner

    def coded(self, concept: Concept | None) -> Repetition:
        """A coded element as the version has it."""
        return writing.cwe(concept) if self._manner.has_cwe else writing.ce(concept)

    def contacts(self, kind: str) -> list[Repetition]:
        """Whom to ask; where nobody is named, the gateway: from 2.3 to 2.6 somebody has to be."""
        found = [writing.xcn(each.resource) for each in self._takers if each.contact == kind]
        return found or [self.gateway()]

    def gateway(self) -> Repetition:
        """The gateway itself as XCN."""
        return (GATEWAY_VALUE, self._manner.name, *[None] * 6, writing.hd(SYSTEM_OWN))

    def patient(self) -> list[Row]:
        """PID."""
        told = self._patient
        if told is None:
            return []
        values: dict[int, Value] = {
            1: "1",
            3: [writing.cx(each) for each in told.get("identifier", ())],
            5: [writing.xpn(each) for each in told.get("name", ())] or [(None,) * 6 + ("U",)],
            7: writing.date(told.get("birthDate")),
            8: writing.sex(told.get("gender")),
            11: [writing.xad(each) for each in told.get("address", ())],
            13: [writing.xtn(each) for each in told.get("telecom", ())],
        }
        return [("PID", values)]

    def group(self) -> list[Row]:
        """RGS with everything and everybody needed; it has to be there even where that is none."""
        rows = self._services()
        for kind, name in _SEGMENT_OF.items():
            takers = [each for each in self._takers if each.type == kind and not each.contact]
            rows += [self._row(name, n, taker) for n, taker in enumerate(takers, 1)]
        return [("RGS", {1: "1"}), *rows]

    def _services(self) -> list[Row]:
        return [
            ("AIS", {1: str(n), 3: self.coded(kind), **self._timing("AIS", self._appointment)})
            for n, kind in enumerate(self._appointment.get("serviceType", ()), 1)
        ]

    def _row(self, name: str, number: int, taker: _Taker) -> Row:
        start = START_FIELD[name]
        period = taker.participant.get("period") or self._appointment
        values: dict[int, Value] = {
            1: str(number),
            3: self._identity(taker),
            4: self._role(taker),
            **self._timing(name, period),
            start + 5: "No" if taker.participant.get("required") == "required" else None,
            start + 6: _ACCEPTANCE.get(taker.participant.get("status", "")),
        }
        return name, values

    def _identity(self, taker: _Taker) -> Repetition:
        """What or who it is; PL.10 came with 2.5."""
        written = _WRITERS[taker.type](taker.resource)
        short = taker.type == "Location" and not self._manner.has_tq1
        return written[:9] if short and isinstance(written, tuple) else written

    def _role(self, taker: _Taker) -> Value:
        """Every coding of every role in one field; AIG has to say what kind of thing it is."""
        roles: list[Concept] = taker.participant.get("type", [])
        if not roles:
            needed = None if self._manner.has_tq1 else _ROLE.get(taker.type)
            return "EQUIPMENT" if taker.type == "Device" else needed
        codings = [coding for role in roles for coding in role.get("coding", ())]
        text = next((role["text"] for role in roles if "text" in role), None)
        whole: Concept = {"coding": codings} if codings else {}
        return self.coded({**whole, "text": text} if text else whole)

    def _timing(self, name: str, period: Resource) -> dict[int, Value]:
        """Start, duration and its unit."""
        if "start" not in period or "end" not in period:
            return {}
        start, end = parse_instant(period["start"]), parse_instant(period["end"])
        seconds = int((end - start).total_seconds())
        whole = seconds % 60 == 0
        at = START_FIELD[name]
        return {
            at: writing.dtm(start, self._manner.zone),
            at + 3: str(seconds // 60 if whole else seconds),
            at + 4: "min" if whole else "s",
        }


def _taker(participant: Resource, known: Mapping[str, Resource]) -> _Taker | None:
    """A participant other than the patient."""
    actor = participant.get("actor", {})
    reference = str(actor.get("reference", ""))
    kind = reference.partition("/")[0] or actor.get("type", "")
    resource = known.get(reference)
    if resource is None:
        if kind not in (*_SEGMENT_OF, "") or not actor.get("display"):
            return None
        resource = _named(kind or "Practitioner", actor["display"])
    return _Taker(participant, resource, resource["resourceType"])


def _named(kind: str, text: str) -> Resource:
    """A resource of which only the name is known."""
    found: Resource = {"resourceType": kind}
    match kind:
        case "Location":
            return {**found, "name": text}
        case "Device":
            return {**found, "deviceName": [{"name": text}]}
        case _:
            return {**found, "name": [{"family": text}]}


_WRITERS: Mapping[str, Callable[[Resource], Repetition]] = {
    "Device": writing.device,
    "Location": writing.pl,
    "Practitioner": writing.xcn,
}
