"""What is a patient told?

A Communication for each message and channel, with its text, and a row that waits for the channel.
What falls due at night goes in the morning; what is about an offer that has ended meanwhile does
not go at all.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import parse_instant
from fhir_gateway.engines import quiet_hours
from fhir_gateway.storage import messages, resources
from fhir_gateway.storage.messages import Message
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import message_texts, offer_shape, reaching, storing, tasks
from fhir_gateway.usecases.cascade import Opening
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import participants
from fhir_gateway.usecases.reaching import Recipient

Resource = dict[str, Any]

_SYSTEM_MODE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
_MODES = {"sms": "SMSWRIT", "email": "EMAILWRIT", "push": "ONLINEWRIT", "voice": "PHONE"}


async def offered(
    tx: Transaction,
    deps: Deps,
    offer: Resource,
    opening: Opening,
    expiry: datetime,
    recipient: Recipient,
) -> None:
    """Ask a patient by each channel whether an earlier time would do."""
    about = [offer_ref(offer), opening.ref]
    await _say(tx, deps, offer, "offered", recipient, about, opening.zone, (opening.now, expiry))


async def ended(tx: Transaction, deps: Deps, offer: Resource, code: str) -> None:
    """Tell a patient what has become of an offer, where the patient has heard of it."""
    unsent = await messages.unsent(tx, offer["id"])
    for each in (await resources.read_many(tx, "Communication", unsent)).values():
        message = settled(each.resource(), "not-done", "The offer ended before")
        await storing.replace(tx, deps, each, message)
    if not unsent:
        await _tell(tx, deps, offer, code)


async def booked(tx: Transaction, deps: Deps, offer: Resource) -> None:
    """Confirm a booking that came from an offer."""
    await _tell(tx, deps, offer, "booked")


def offer_ref(offer: Resource) -> Ref:
    """Its reference."""
    return Ref("Appointment", offer["id"])


async def _tell(tx: Transaction, deps: Deps, offer: Resource, told: str) -> None:
    entry_id, _ = offer_shape.links(offer) or ("", "")
    for patient in participants(offer, "Patient"):
        recipient = await reaching.recipient(tx, deps, patient, entry_id)
        await _say(tx, deps, offer, told, recipient, [offer_ref(offer)])


async def _say(
    tx: Transaction,
    deps: Deps,
    offer: Resource,
    told: str,
    recipient: Recipient,
    about: list[Ref],
    zone: ZoneInfo | None = None,
    asked: tuple[datetime, datetime] | None = None,
) -> None:
    """Tell a patient; asked: when, and until when an answer is due, where it is a question."""
    tenant = deps.tenants[tx.tenant]
    start = parse_instant(offer["start"])  # written with the clinic's offset
    shown = asked[1].astimezone(zone or start.tzinfo) if asked else None
    text = message_texts.text(told, recipient.language, tenant.name, start, shown)
    now = asked[0] if asked else await tx.now()
    due = quiet_hours.may_go(now, deps.policy.quiet_hours, recipient.zone or zone or tenant.zone)
    for channel, address in recipient.addresses:
        message: Resource = {
            "resourceType": "Communication",
            "id": deps.ids.new(),
            "language": recipient.language,
            "status": "preparation",
            "medium": [{"coding": [{"system": _SYSTEM_MODE, "code": _MODES[channel]}]}],
            "subject": tasks.reference(recipient.patient),
            "about": [tasks.reference(each) for each in about],
            "recipient": [tasks.reference(recipient.patient)],
            "payload": [{"contentString": text}],
        }
        await storing.add(tx, deps, message)
        waits = Message(message["id"], channel, address, offer["id"], asks=asked is not None)
        await messages.queue(tx, waits, due)


def settled(message: Resource, status: str, why: str | None) -> Resource:
    """The Communication with its last status, and why where it was not sent."""
    told: Resource = {}
    for name, value in message.items():
        told[name] = status if name == "status" else value
        if name == "status" and why is not None:
            told["statusReason"] = {"text": why}
    return told
