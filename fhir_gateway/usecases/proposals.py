"""How is a found Appointment known again before it is saved?

Its id says all that is needed to make it anew, with a signature: time, Schedule, patient, service,
and until when it holds. Nothing is stored (decision 17).
"""

import base64
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import Interval, format_instant
from fhir_gateway.fhir import json
from fhir_gateway.storage import actors, resources, slot_facts
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import naming
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import span_of
from fhir_gateway.usecases.zones import zone_of

Resource = dict[str, Any]

VALID = timedelta(minutes=15)
_FORM = 1
_MAC = 12
#: Bytes in front of the MAC, so that the id has 64 characters at most.
_LONGEST = 48 - _MAC
_HEAD = struct.Struct(">BIIHB")
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One found Appointment.

    Attributes:
        schedule: Number of the Schedule among the actors.
        patient: Number of the patient; 0 for nobody.
        start: To the minute, aware.
        minutes: Length.
        expires: To the minute, aware.
        service: 1 for the first service type of the Schedule and so on; 0 for none.
        others: Numbers of those who take part besides the actors of the Schedule.
    """

    schedule: int
    patient: int
    start: datetime
    minutes: int
    expires: datetime
    service: int = 0
    others: tuple[int, ...] = ()


def encode(proposal: Proposal, key: bytes, tenant: int) -> str:
    """The id of a found Appointment: at most 64 characters of the FHIR id grammar.

    Raises:
        GatewayError: too-costly, where more take part than an id can say.
    """
    body = _HEAD.pack(
        _FORM,
        (proposal.expires - _EPOCH) // _MINUTE,
        (proposal.start - _EPOCH) // _MINUTE,
        proposal.minutes,
        proposal.service,
    )
    for each in (proposal.schedule, proposal.patient, *proposal.others):
        body += _varint(each)
    if len(body) > _LONGEST:
        raise fail(
            Category.TOO_COSTLY, "So many actors cannot be required at once", "required-actor"
        )
    text = base64.b64encode(body + _mac(body, key, tenant), altchars=b"-.")
    return text.decode("ascii").rstrip("=")


def decode(text: str, key: bytes, tenant: int) -> Proposal | None:
    """Read an id; None for one that we did not make."""
    try:
        padded = text + "=" * (-len(text) % 4)
        data = base64.b64decode(padded, altchars=b"-.", validate=True)
    except ValueError:
        return None
    body, mac = data[:-_MAC], data[-_MAC:]
    if len(body) < _HEAD.size + 2 or not hmac.compare_digest(mac, _mac(body, key, tenant)):
        return None
    form, expires, start, minutes, service = _HEAD.unpack_from(body)
    if form != _FORM:
        return None
    schedule, rest = _read_varint(body[_HEAD.size :])
    patient, rest = _read_varint(rest)
    others = []
    while rest:
        each, rest = _read_varint(rest)
        others.append(each)
    return Proposal(
        schedule,
        patient,
        _EPOCH + start * _MINUTE,
        minutes,
        _EPOCH + expires * _MINUTE,
        service,
        tuple(others),
    )


def _mac(body: bytes, key: bytes, tenant: int) -> bytes:
    return hmac.digest(key, b"proposal|%d|" % tenant + body, hashlib.sha256)[:_MAC]


def _varint(number: int) -> bytes:
    parts = []
    while True:
        number, low = number >> 7, number & 0x7F
        parts.append(low | (0x80 if number else 0))
        if not number:
            return bytes(parts)


def _read_varint(data: bytes) -> tuple[int, bytes]:
    number = 0
    for place, byte in enumerate(data):
        number |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return number, data[place + 1 :]
    return number, b""


async def read(tx: Transaction, deps: Deps, text: str) -> Stored | None:
    """Make a found Appointment anew; None for another id and after its time."""
    proposal = decode(text, deps.signing_key, tx.tenant)
    now = deps.clock.now()
    if proposal is None or proposal.expires <= now:
        return None
    people = [proposal.schedule, proposal.patient, *proposal.others]
    names = await actors.references_of(tx, people)
    schedule_name = names.get(proposal.schedule, "")
    stored = await resources.read(tx, Ref("Schedule", schedule_name.removeprefix("Schedule/")))
    if stored is None:
        return None
    schedule = stored.resource()
    span = Interval(proposal.start, proposal.start + proposal.minutes * _MINUTE)
    ids = await slot_facts.slots_of_schedule(tx, stored.id, span)
    found = [each.resource() for each in (await resources.read_many(tx, "Slot", ids)).values()]
    services = schedule.get("serviceType", ())
    service = services[proposal.service - 1] if 0 < proposal.service <= len(services) else None
    zone = await zone_of(tx, deps, schedule)
    asked = [{"reference": names[proposal.patient]}] if proposal.patient in names else []
    schedule["actor"] = await naming.named(tx, schedule["actor"])
    patient = next(iter(await naming.named(tx, asked)), None)
    others = [{"reference": names[each]} for each in proposal.others if each in names]
    made = appointment(text, schedule, found, span, zone, patient=patient, service=service,
                       others=await naming.named(tx, others))  # fmt: skip
    return Stored("Appointment", text, 0, now, json.dump(made))


def appointment(
    appointment_id: str,
    schedule: Resource,
    slots: list[Resource],
    span: Interval,
    zone: ZoneInfo,
    *,
    patient: Resource | None = None,
    service: Resource | None = None,
    extension: Resource | None = None,
    others: Sequence[Resource] = (),
) -> Resource:
    """A proposed Appointment that can be booked as it is, with status `booked`.

    Args:
        appointment_id: See encode.
        schedule: Whose time it is; its actors take part as they stand there.
        slots: Those that it takes, any order.
        span: Its time.
        zone: In which its times are written.
        patient: Reference element; None leaves the patient to whoever books.
        service: CodeableConcept.
        extension: The score.
        others: Reference elements of those who take part besides.
    """
    made: Resource = {"resourceType": "Appointment", "id": appointment_id}
    if extension is not None:
        made["extension"] = [extension]
    made["status"] = "proposed"
    if service is not None:
        made["serviceType"] = [service]
    elif slots and len(slots[0].get("serviceType", ())) == 1:
        made["serviceType"] = slots[0]["serviceType"]
    if schedule.get("specialty"):
        made["specialty"] = schedule["specialty"]
    made |= {
        "start": format_instant(span.start.astimezone(zone)),
        "end": format_instant(span.end.astimezone(zone)),
        "minutesDuration": int(span.minutes),
        "slot": [{"reference": f"Slot/{each['id']}"} for each in sorted(slots, key=_start)],
    }
    people = [patient] if patient else []
    made["participant"] = [
        {"actor": each, "required": "required", "status": "accepted"}
        for each in (*people, *schedule["actor"], *others)
    ]
    return made


def _start(slot: Resource) -> datetime:
    span = span_of(slot)
    return span.start if span else _EPOCH
