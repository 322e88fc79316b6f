"""How do we tell another system about an appointment of ours?

Times are written at the receiver's wall clock with their offset, authorities as universal ids, so
that nothing depends on what the receiver assumes.

Source: HL7 v2.5.1 chapter 10, SIU_S12; hl7v2.md sections 1.3 to 1.9 and 2.1; decision 19.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_STATUS_REASON
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.time import parse_instant
from fhir_gateway.hl7.writer import Repetition, Row, Value, build
from fhir_gateway.mapping import writing
from fhir_gateway.mapping.intent import Concept, Resource
from fhir_gateway.mapping.segments.rgs import START_FIELD
from fhir_gateway.mapping.tables import table

#: Event reason (SCH-6, required before 2.7) where the appointment tells none.
_REASONS = {
    "S12": "BOOKED", "S13": "RESCHEDULED", "S14": "MODIFIED", "S15": "CANCELLED",
    "S16": "DISCONTINUED", "S17": "DELETED", "S26": "NOSHOW",
}  # fmt: skip
_ACCEPTANCE = {"accepted": "Booked", "tentative": "Pending", "declined": "Cancelled"}
_CONTACTS = {"placer contact": 12, "filler contact": 16}
_SEGMENT_OF = {"Device": "AIG", "Location": "AIL", "Practitioner": "AIP"}


@dataclass(frozen=True, slots=True)
class _Taker:
    """A participant with the resource behind it."""

    participant: Resource
    resource: Resource
    type: str

    @property
    def contact(self) -> list[int]:
        """Fields of SCH that name it, where it is a person who is only to be asked."""
        if self.type != "Practitioner":
            return []
        texts = [kind.get("text") for kind in self.participant.get("type", ())]
        return [number for text, number in _CONTACTS.items() if text in texts]


def write_siu(
    event: str,
    appointment: Resource,
    *,
    patient: Resource | None,
    practitioners: Sequence[Resource],
    locations: Sequence[Resource],
    devices: Sequence[Resource],
    sender: tuple[str, str],
    receiver: tuple[str, str],
    control_id: str,
    now: datetime,
    zone: ZoneInfo,
) -> bytes:
    """Write a scheduling message.

    Args:
        event: S12, S13, S14, S15, S16, S17 or S26.
        appointment: With identifier; participants refer to the resources below by `Type/id`. An
            actor that is not among them is written by its display text.
        patient: The subject.
        practitioners: Those who take part.
        locations: Places.
        devices: Machines.
        sender: MSH-3 and MSH-4.
        receiver: MSH-5 and MSH-6.
        control_id: MSH-10.
        now: MSH-7, aware.
        zone: The receiver's.

    Returns:
        Version 2.5.1 in UTF-8, CR after each segment, no framing.

    Raises:
        GatewayError: unprocessable for another event or an appointment without identifier.
    """
    if event not in _REASONS:
        raise fail(Category.UNPROCESSABLE, f"'{event[:20]}' is none of {', '.join(_REASONS)}")
    if not appointment.get("identifier"):
        raise fail(
            Category.UNPROCESSABLE,
            "a message needs an identifier of the appointment",
            "Appointment.identifier",
            code="required",
        )
    rows = schedule_rows(event, appointment, patient, [*practitioners, *locations, *devices], zone)
    header: Row = (
        "MSH",
        {
            3: sender[0], 4: sender[1], 5: receiver[0], 6: receiver[1], 7: writing.dtm(now, zone),
            9: ("SIU", event, "SIU_S12"), 10: control_id, 11: "P", 12: "2.5.1",
            18: "UNICODE UTF-8",
        },
    )  # fmt: skip
    return build([header, *rows])


def schedule_rows(
    event: str,
    appointment: Resource,
    patient: Resource | None,
    others: Sequence[Resource],
    zone: ZoneInfo,
) -> list[Row]:
    """Everything of a scheduling message but its header: SCH, TQ1, NTE, PID, RGS and AIx.

    Args:
        event: As in `write_siu`; it tells SCH-6 where the appointment tells no reason.
        appointment: As in `write_siu`; a free time has no identifier.
        patient: The subject.
        others: Practitioners, Locations and Devices that take part.
        zone: The receiver's.
    """
    known = {f"{each['resourceType']}/{each['id']}": each for each in others}
    takers = [
        taker for each in appointment.get("participant", ()) if (taker := _taker(each, known))
    ]
    writer = _Siu(event, appointment, takers, zone)
    return [*writer.schedule(), *_pid(patient), *writer.resources()]


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


def _pid(patient: Resource | None) -> list[Row]:
    if patient is None:
        return []
    values: dict[int, Value] = {
        1: "1",
        3: [writing.cx(each) for each in patient.get("identifier", ())],
        5: [writing.xpn(each) for each in patient.get("name", ())],
        7: writing.date(patient.get("birthDate")),
        8: writing.sex(patient.get("gender")),
        11: [writing.xad(each) for each in patient.get("address", ())],
        13: [writing.xtn(each) for each in patient.get("telecom", ())],
    }
    return [("PID", values)]


class _Siu:
    """The segments of one message that are about the appointment."""

    def __init__(
        self, event: str, appointment: Resource, takers: list[_Taker], zone: ZoneInfo
    ) -> None:
        self._event = event
        self._appointment = appointment
        self._takers = takers
        self._zone = zone

    # -- SCH, TQ1, NTE

    def schedule(self) -> list[Row]:
        """Everything before the patient."""
        times = self._times()
        sch: dict[int, Value] = {
            1: self._identifier("PLAC"),
            2: self._identifier("FILL") or self._other_identifier(),
            6: self._event_reason(),
            7: writing.cwe(next(iter(self._appointment.get("reasonCode", ())), None)),
            8: writing.cwe(self._appointment.get("appointmentType")),
            **self._duration(),
            25: self._status(),
            26: self._orders("PLAC"),
            27: self._orders("FILL"),
        }
        for number in _CONTACTS.values():
            sch[number] = [
                writing.xcn(each.resource) for each in self._takers if number in each.contact
            ]
        urgency: dict[int, Value] = {
            9: self._priority(), 11: self._appointment.get("patientInstruction"),
        }  # fmt: skip
        tq1: Row = ("TQ1", {1: "1", **times, **urgency})
        has_tq1 = bool(times) or any(urgency.values())
        return [("SCH", sch), *([tq1] if has_tq1 else []), *self._notes()]

    def _identifier(self, kind: str) -> Repetition:
        found = (i for i in self._appointment["identifier"] if writing.type_code(i) == kind)
        return writing.ei(next(found, None))

    def _other_identifier(self) -> Repetition:
        """Without filler and placer id the first one stands for the filler's."""
        if self._identifier("PLAC"):
            return None
        return writing.ei(next(iter(self._appointment["identifier"]), None))

    def _event_reason(self) -> Value:
        reason: Concept | None = self._appointment.get("cancelationReason")
        for each in self._appointment.get("extension", ()):
            if each["url"] == EXT_STATUS_REASON:
                reason = each.get("valueCodeableConcept")
        return writing.cwe(reason) or _REASONS.get(self._event, "MODIFIED")

    def _status(self) -> Value:
        status = self._appointment.get("status")
        for row in table("0278").values():
            if row["status"] == status and row["written"]:
                return (row["code"], None, "HL70278")
        return None

    def _times(self) -> dict[int, Value]:
        """TQ1-7 and TQ1-8; only the day of a wish."""
        if "start" in self._appointment:
            return {
                7: writing.dtm_of(self._appointment["start"], self._zone),
                8: writing.dtm_of(self._appointment["end"], self._zone),
            }
        wishes = self._appointment.get("requestedPeriod", ())
        day = next((each["start"] for each in wishes if "start" in each), None)
        return {7: writing.date(day[:10])} if day else {}

    def _duration(self) -> dict[int, Value]:
        if "start" not in self._appointment:
            return {}
        start, end = (parse_instant(self._appointment[name]) for name in ("start", "end"))
        return {9: str(int((end - start).total_seconds() // 60)), 10: "min"}

    def _priority(self) -> Value:
        priority = self._appointment.get("priority")
        codes = [row["code"] for row in table("0485").values() if row["priority"] == str(priority)]
        return codes[-1] if codes else None

    def _orders(self, kind: str) -> Value:
        known = [each.get("identifier") for each in self._appointment.get("basedOn", ())]
        return [writing.ei(each) for each in known if each and writing.type_code(each) == kind]

    def _notes(self) -> list[Row]:
        comment = self._appointment.get("comment")
        return [("NTE", {1: "1", 3: comment})] if comment else []

    # -- RGS, AIS, AIG, AIL, AIP

    def resources(self) -> list[Row]:
        """The group of everything and everybody needed; none where there is nothing."""
        rows = self._services()
        for kind, name in _SEGMENT_OF.items():
            takers = [each for each in self._takers if each.type == kind and not each.contact]
            rows += [self._row(name, n, taker) for n, taker in enumerate(takers, 1)]
        return [("RGS", {1: "1"}), *rows] if rows else []

    def _services(self) -> list[Row]:
        return [
            ("AIS", {1: str(n), 3: writing.cwe(kind), **self._timing("AIS", self._appointment)})
            for n, kind in enumerate(self._appointment.get("serviceType", ()), 1)
        ]

    def _row(self, name: str, number: int, taker: _Taker) -> Row:
        start = START_FIELD[name]
        period = taker.participant.get("period") or self._appointment
        values: dict[int, Value] = {
            1: str(number),
            3: _WRITERS[taker.type](taker.resource),
            4: self._role(taker),
            **self._timing(name, period),
            start + 5: "No" if taker.participant.get("required") == "required" else None,
            start + 6: _ACCEPTANCE.get(taker.participant.get("status", "")),
        }
        return name, values

    def _role(self, taker: _Taker) -> Value:
        """Every coding of every role in one field; AIG has to say what kind of thing it is."""
        roles: list[Concept] = taker.participant.get("type", [])
        if not roles:
            return "EQUIPMENT" if taker.type == "Device" else None
        codings = [coding for role in roles for coding in role.get("coding", ())]
        text = next((role["text"] for role in roles if "text" in role), None)
        whole: Concept = {"coding": codings} if codings else {}
        return writing.cwe({**whole, "text": text} if text else whole)

    def _timing(self, name: str, period: Resource) -> dict[int, Value]:
        """Start, duration and its unit."""
        if "start" not in period or "end" not in period:
            return {}
        start, end = parse_instant(period["start"]), parse_instant(period["end"])
        seconds = int((end - start).total_seconds())
        whole = seconds % 60 == 0
        at = START_FIELD[name]
        return {
            at: writing.dtm(start, self._zone),
            at + 3: str(seconds // 60 if whole else seconds),
            at + 4: "min" if whole else "s",
        }


_WRITERS: Mapping[str, Callable[[Resource], Repetition]] = {
    "Device": writing.device,
    "Location": writing.pl,
    "Practitioner": writing.xcn,
}
