"""The hospital's own system: it sends scheduling messages and reads what is answered."""

import zlib
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_gateway.core.time import parse_instant
from fhir_gateway.hl7.ack import AckView, read_ack
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.usecases.deps import Policy
from fhir_gateway.usecases.receive_v2 import receive
from tests.usecases.builders import Resource, a_patient, a_practitioner, at, later
from tests.usecases.clinic import TENANT, Clinic

BASE = "urn:fhir-gateway:v2:EHR:CLINIC"
SENDER = ("EHR", "CLINIC")
DOE = {3: "D1^Doe^Jane"}
ROE = {3: "D2^Roe^Max"}
ANN = {3: "A1", 5: "Ash^Ann"}
CEM = {3: "C1", 5: "Cem^Can"}
#: When messages are sent, unless a test says otherwise: long before DAY.
SENT = "20260301090000+0000"


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment of raw fields by number."""
    return "|".join([name, *(fields.get(n, "") for n in range(1, max(fields, default=0) + 1))])


def ts(instant: str) -> str:
    """A FHIR instant as a v2 time stamp."""
    return f"{parse_instant(instant):%Y%m%d%H%M%S%z}"


def siu(
    event: str = "S12",
    start: str = "09:00",
    minutes: int = 30,
    *,
    id_: str = "F-1",
    sent: str = SENT,
    control: str = "",
    patient: dict[int, str] | None = ANN,
    people: tuple[dict[int, str], ...] = (DOE,),
    more: tuple[str, ...] = (),
    **fields: dict[int, str],
) -> bytes:
    """A message about Ann with Doctor Doe on DAY.

    Args:
        event: MSH-9.2.
        start: UTC time of day of TQ1-7; '' leaves TQ1 out.
        minutes: Until TQ1-8.
        id_: SCH-2.
        sent: MSH-7.
        control: MSH-10; '' gives each content its own.
        patient: Fields of PID; None leaves it out.
        people: Fields of each AIP.
        more: Further segments.
        fields: More fields of `msh`, `sch` and `tq1`, by number.
    """
    times = {7: ts(at(start)), 8: ts(later(at(start), minutes))} if start else {}
    times |= fields.get("tq1", {})
    body = [
        segment("SCH", {2: id_} | fields.get("sch", {})),
        *([segment("TQ1", times)] if times else []),
        *([segment("PID", patient)] if patient is not None else []),
        *(segment("AIP", each) for each in people),
        *more,
    ]
    own = f"{zlib.crc32('|'.join([event, sent, *body]).encode()):08X}"
    head = {3: "EHR", 4: "CLINIC", 7: sent, 9: f"SIU^{event}^SIU_S12", 10: control or own,
            11: "P", 12: "2.5.1"}  # fmt: skip
    head |= fields.get("msh", {})
    msh = segment("MSH|^~\\&", {number - 2: text for number, text in head.items()})
    return ("\r".join([msh, *body]) + "\r").encode()


def adt(
    event: str,
    *,
    sent: str = SENT,
    control: str = "",
    patient: dict[int, str] | None = ANN,
    **fields: dict[int, str],
) -> bytes:
    """A message about Ann.

    Args:
        event: MSH-9.2.
        sent: MSH-7, and when it happened unless EVN says otherwise.
        control: MSH-10; '' gives each content its own.
        patient: Fields of PID; None leaves it out.
        fields: Fields of `evn`, `pv1` and `mrg`, by number.
    """
    people = [segment("PID", patient)] if patient is not None else []
    mrg = [segment("MRG", fields["mrg"])] if "mrg" in fields else []
    pv1 = [segment("PV1", fields["pv1"])] if "pv1" in fields else []
    body = [segment("EVN", {2: sent} | fields.get("evn", {})), *people, *mrg, *pv1]
    own = f"{zlib.crc32('|'.join([event, sent, *body]).encode()):08X}"
    head = {3: "EHR", 4: "CLINIC", 7: sent, 9: f"ADT^{event}", 10: control or own, 11: "P",
            12: "2.5.1"}  # fmt: skip
    msh = segment("MSH|^~\\&", {number - 2: text for number, text in head.items()})
    return ("\r".join([msh, *body]) + "\r").encode()


def srm(
    event: str = "S01",
    start: str = "09:00",
    *,
    id_: str = "P-1",
    control: str = "",
    kind: str = "SRM",
    patient: dict[int, str] | None = ANN,
    people: tuple[dict[int, str], ...] = (DOE,),
    more: tuple[str, ...] = (),
    **fields: dict[int, str],
) -> bytes:
    """A request for Ann with Doctor Doe on DAY.

    Args:
        event: MSH-9.2.
        start: UTC time of day at which the doctor is wanted; '' tells none.
        id_: ARQ-1.
        control: MSH-10; '' gives each content its own.
        kind: MSH-9.1.
        patient: Fields of PID; None leaves it out.
        people: Fields of each AIP.
        more: Further segments.
        fields: More fields of `arq` and `qrd`, by number.
    """
    when = {6: ts(at(start))} if start else {}
    body = [
        *([segment("QRD", fields["qrd"])] if "qrd" in fields else []),
        segment("ARQ", {1: id_} | fields.get("arq", {})),
        *([segment("PID", patient)] if patient is not None else []),
        *(segment("AIP", when | each) for each in people),
        *more,
    ]
    own = f"{zlib.crc32('|'.join([event, *body]).encode()):08X}"
    head = {3: "EHR", 4: "CLINIC", 7: SENT, 9: f"{kind}^{event}", 10: control or own, 11: "P",
            12: "2.5.1"}  # fmt: skip
    msh = segment("MSH|^~\\&", {number - 2: text for number, text in head.items()})
    return ("\r".join([msh, *body]) + "\r").encode()


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the inbox."""

    state: str
    ack_code: str
    event: str
    appointment: str | None
    raw: bytes
    issues: list[dict[str, Any]]

    @property
    def details(self) -> list[str]:
        """The machine-readable reasons of its issues."""
        return [each["details"] for each in self.issues if each["details"]]


@dataclass(slots=True)
class Ehr:
    """One sender and the clinic that it sends to."""

    clinic: Clinic
    answers: list[bytes] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def watched(self) -> "Ehr":
        """The same sender; defects of ours that a message has met are noted in `failures`."""

        def log(action: str, **told: Any) -> None:
            self.failures.extend([told] if action == "message.failed" else [])

        return self._at(log=log)

    def called(self, profile: SenderProfile) -> "Ehr":
        """The same sender with other habits."""
        return self._at(profiles={SENDER: profile})

    def under(self, **policy: Any) -> "Ehr":
        """The same sender where the gateway decides otherwise."""
        return self._at(policy=Policy(**policy))

    def _at(self, **changes: Any) -> "Ehr":
        return replace(self, clinic=Clinic(replace(self.clinic.deps, **changes)))

    async def deliver(self, *messages: bytes) -> bytes:
        """Hand over one frame of messages; the answer as it came."""
        answer = await receive(self.clinic.deps, TENANT, b"".join(messages), "198.51.100.7:4711")
        assert answer is not None
        self.answers.append(answer)
        return answer

    async def send(self, *messages: bytes) -> AckView:
        """Hand over messages one after the other; the last answer."""
        for each in messages:
            answer = await self.deliver(each)
        return read_ack(answer)

    async def sends(self, *events: str, **options: Any) -> Resource:
        """Send messages that are accepted; the Appointment as the last one left it."""
        for each in events:
            view = await self.send(siu(each, **options))
            assert view.code == "AA"
        return await self.appointment(options.get("id_", "F-1"))

    async def appointment(self, id_: str = "F-1") -> Resource:
        """The only Appointment with that filler id."""
        (found,) = await self.appointments(id_)
        return found

    async def appointments(self, id_: str = "F-1") -> list[Resource]:
        known = {"system": f"{BASE}:appointment-filler", "value": id_}
        return [
            each
            for each in await self.clinic.all("Appointment")
            if any(known.items() <= one.items() for one in each.get("identifier", ()))
        ]

    async def inbox(self) -> list[Entry]:
        """What has been kept, in order."""
        rows = await self.clinic.sql(
            "SELECT state, ack_code, event, appointment, raw, issues FROM inbox ORDER BY id"
        )
        return [Entry(*row) for row in rows]

    async def last(self) -> Entry:
        return (await self.inbox())[-1]

    async def counts(self) -> dict[str, int]:
        """How many resources of each type there are, versions counted."""
        rows = await self.clinic.sql("SELECT type, count(*) FROM history GROUP BY type")
        return {name: int(count) for name, count in rows}


def known_here(clinic_id: str = "p1", number: str = "D1") -> Resource:
    """A practitioner whom the EHR calls by that number."""
    return a_practitioner(clinic_id, identifier=[number_of("practitioner", number)])


def known_patient(clinic_id: str = "ann", number: str = "A1") -> Resource:
    return a_patient(clinic_id, identifier=[number_of("patient", number)])


def number_of(kind: str, number: str) -> Resource:
    """An Identifier that the EHR itself has given."""
    return {"system": f"{BASE}:{kind}", "value": number}
