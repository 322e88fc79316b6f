"""How do we tell another system about an appointment of ours, and how do we ask for one?

SIU where the appointment is ours to fill, SRM where the other system fills it. Times are written
at the receiver's wall clock with their offset, authorities as universal ids, so that nothing
depends on what the receiver assumes.

Source: HL7 v2.5.1 chapter 10, SIU_S12 and SRM_S01; hl7v2.md sections 1.3 to 1.11, 2.1 and 2.4;
decision 19.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_STATUS_REASON
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.time import parse_instant
from fhir_gateway.hl7.writer import Repetition, Row, Value
from fhir_gateway.mapping import writing
from fhir_gateway.mapping.cast_out import Cast
from fhir_gateway.mapping.intent import Concept, Resource
from fhir_gateway.mapping.letterhead import Letterhead, Manner
from fhir_gateway.mapping.tables import table

#: Event reason (SCH-6, required before 2.7) where the appointment tells none.
_REASONS = {
    "S12": "BOOKED", "S13": "RESCHEDULED", "S14": "MODIFIED", "S15": "CANCELLED",
    "S16": "DISCONTINUED", "S17": "DELETED", "S26": "NOSHOW",
}  # fmt: skip
#: What a placer asks for so that the filler would tell this (hl7v2.md section 2.1). Nobody asks
#: for a patient not to have come.
REQUESTS = {
    "S12": "S01", "S13": "S02", "S14": "S03", "S15": "S04", "S16": "S05", "S17": "S06",
}  # fmt: skip


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
    """Write an SIU of version 2.5.1 in UTF-8; see `write`."""
    head = Letterhead(sender, receiver, control_id, now, zone)
    return write(event, appointment, patient, [*practitioners, *locations, *devices], head)


def write(
    event: str,
    appointment: Resource,
    patient: Resource | None,
    resources: Sequence[Resource],
    head: Letterhead,
    role: Literal["filler", "placer"] = "filler",
) -> bytes:
    """Write a scheduling message.

    Args:
        event: S12, S13, S14, S15, S16, S17 or S26: what has happened, whether we tell or ask.
        appointment: With identifier; participants refer to the resources below by `Type/id`. An
            actor that is not among them is written by its display text.
        patient: The subject.
        resources: Practitioners, Locations and Devices that take part.
        head: Between whom, and how.
        role: What we are: the filler tells (SIU), the placer asks (SRM).

    Returns:
        The message, CR after each segment, no framing.

    Raises:
        GatewayError: unprocessable for another event, one that cannot be asked for, or an
            appointment without identifier.
    """
    known = _REASONS if role == "filler" else REQUESTS
    if event not in known:
        raise fail(Category.UNPROCESSABLE, f"'{event[:20]}' is none of {', '.join(known)}")
    if not appointment.get("identifier"):
        raise fail(
            Category.UNPROCESSABLE,
            "a message needs an identifier of the appointment",
            "Appointment.identifier",
            code="required",
        )
    rows = _rows(event, appointment, patient, resources, head.manner, role)
    kind = ("SIU", event, "SIU_S12") if role == "filler" else ("SRM", REQUESTS[event], "SRM_S01")
    return head.write(kind, rows)


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
    return _rows(event, appointment, patient, others, Manner(zone), "filler")


def _rows(
    event: str,
    appointment: Resource,
    patient: Resource | None,
    others: Sequence[Resource],
    manner: Manner,
    role: Literal["filler", "placer"],
) -> list[Row]:
    cast = Cast(appointment, patient, others, manner)
    writer = _Schedule(event, appointment, cast, manner)
    first = writer.sch() if role == "filler" else writer.arq()
    return [*first, *writer.notes(), *cast.patient(), *cast.group()]


class _Schedule:
    """The segments of one message that are about the appointment itself."""

    def __init__(self, event: str, appointment: Resource, cast: Cast, manner: Manner) -> None:
        self._event = event
        self._appointment = appointment
        self._cast = cast
        self._manner = manner
        self._zone = manner.zone

    def sch(self) -> list[Row]:
        """SCH, and TQ1 where the version has it."""
        coded = self._cast.coded
        sch: dict[int, Value] = {
            1: self._identifier("PLAC"),
            2: self._identifier("FILL") or self._other_identifier(),
            6: self._event_reason(),
            7: coded(next(iter(self._appointment.get("reasonCode", ())), None)),
            8: coded(self._appointment.get("appointmentType")),
            **self._duration(),
            11: None if self._manner.has_tq1 else self._tq(),
            12: self._contacts("placer contact"),
            16: self._cast.contacts("filler contact"),
            20: self._cast.gateway(),
            25: self._status(),
            26: self._orders("PLAC"),
            27: self._orders("FILL"),
        }
        return [("SCH", sch), *(self._tq1() if self._manner.has_tq1 else [])]

    def arq(self) -> list[Row]:
        """ARQ: the wish for exactly that start."""
        coded = self._cast.coded
        start, _ = self._times()
        arq: dict[int, Value] = {
            1: self._identifier("PLAC") or self._other_identifier(),
            2: self._identifier("FILL"),
            6: self._event_reason(),
            7: coded(next(iter(self._appointment.get("reasonCode", ())), None)),
            8: coded(self._appointment.get("appointmentType")),
            **self._duration(),
            11: (start, start) if start else None,
            12: self._priority(),
            15: self._cast.contacts("placer contact"),
            19: self._cast.gateway(),
        }
        if self._manner.version >= "2.4":
            arq |= {24: self._orders("PLAC"), 25: self._orders("FILL")}
        return [("ARQ", arq)]

    def notes(self) -> list[Row]:
        """NTE."""
        comment = self._appointment.get("comment")
        return [("NTE", {1: "1", 3: comment})] if comment else []

    def _contacts(self, kind: str) -> Value:
        found = self._cast.contacts(kind)
        return None if found == [self._cast.gateway()] else found

    def _identifier(self, kind: str) -> Repetition:
        found = (i for i in self._appointment["identifier"] if writing.type_code(i) == kind)
        return writing.ei(next(found, None))

    def _other_identifier(self) -> Repetition:
        """Without filler and placer id the first one stands for the sender's own."""
        if self._identifier("PLAC"):
            return None
        return writing.ei(next(iter(self._appointment["identifier"]), None))

    def _event_reason(self) -> Value:
        reason: Concept | None = self._appointment.get("cancelationReason")
        for each in self._appointment.get("extension", ()):
            if each["url"] == EXT_STATUS_REASON:
                reason = each.get("valueCodeableConcept")
        return self._cast.coded(reason) or _REASONS.get(self._event, "MODIFIED")

    def _status(self) -> Value:
        status = self._appointment.get("status")
        for row in table("0278").values():
            if row["status"] == status and row["written"]:
                return (row["code"], None, "HL70278")
        return None

    def _times(self) -> tuple[str | None, str | None]:
        """Start and end; only the day of a wish."""
        if "start" in self._appointment:
            start, end = (self._appointment[name] for name in ("start", "end"))
            return writing.dtm_of(start, self._zone), writing.dtm_of(end, self._zone)
        wishes = self._appointment.get("requestedPeriod", ())
        day = next((each["start"] for each in wishes if "start" in each), None)
        return (writing.date(day[:10]), None) if day else (None, None)

    def _tq1(self) -> list[Row]:
        start, end = self._times()
        told: dict[int, Value] = {
            7: start, 8: end, 9: self._priority(), 11: self._appointment.get("patientInstruction"),
        }  # fmt: skip
        return [("TQ1", {1: "1", **told})] if any(told.values()) else []

    def _tq(self) -> Value:
        start, end = self._times()
        instruction = self._appointment.get("patientInstruction")
        return (None, None, None, start, end, self._priority(), None, instruction)

    def _duration(self) -> dict[int, Any]:
        if "start" not in self._appointment:
            return {}
        start, end = (parse_instant(self._appointment[name]) for name in ("start", "end"))
        return {9: str(int((end - start).total_seconds() // 60)), 10: "min"}

    def _priority(self) -> str | None:
        priority = self._appointment.get("priority")
        codes = [row["code"] for row in table("0485").values() if row["priority"] == str(priority)]
        return codes[-1] if codes else None

    def _orders(self, kind: str) -> Value:
        known = [each.get("identifier") for each in self._appointment.get("basedOn", ())]
        return [writing.ei(each) for each in known if each and writing.type_code(each) == kind]
