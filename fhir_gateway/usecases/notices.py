"""What is a patient told?

A Communication for each message, waiting to be sent through the patient's channel.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import (
    REASON_DECLINED,
    REASON_EXPIRED,
    REASON_FILLED,
)
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import parse_instant
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import storing, tasks
from fhir_gateway.usecases.cascade import Opening
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import participants

Resource = dict[str, Any]

_SYSTEM_MODE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
_ENDINGS = {
    REASON_EXPIRED: "The time to answer is over. You stay on the waitlist.",
    REASON_DECLINED: "You declined. You stay on the waitlist.",
    REASON_FILLED: "Your appointment is booked.",
}
_GONE = "Somebody else has taken this appointment. You stay on the waitlist."


async def offered(
    tx: Transaction, deps: Deps, offer: Resource, opening: Opening, expiry: datetime
) -> None:
    """Ask a patient whether an earlier time would do."""
    start = parse_instant(offer["start"]).astimezone(opening.zone)
    until = expiry.astimezone(opening.zone)
    text = (
        f"An appointment is free on {start:%d.%m.%Y at %H:%M}."
        f" Please accept or decline by {until:%d.%m.%Y at %H:%M}."
    )
    await _say(tx, deps, offer, text, [offer_ref(offer), opening.ref])


async def ended(tx: Transaction, deps: Deps, offer: Resource, code: str) -> None:
    """Tell a patient what has become of an offer."""
    await _say(tx, deps, offer, _ENDINGS.get(code, _GONE), [offer_ref(offer)])


async def booked(tx: Transaction, deps: Deps, offer: Resource, zone: ZoneInfo) -> None:
    """Confirm a booking that came from an offer."""
    start = parse_instant(offer["start"]).astimezone(zone)
    text = f"Your appointment on {start:%d.%m.%Y at %H:%M} is booked."
    await _say(tx, deps, offer, text, [offer_ref(offer)])


def offer_ref(offer: Resource) -> Ref:
    """Its reference."""
    return Ref("Appointment", offer["id"])


async def _say(
    tx: Transaction, deps: Deps, appointment: Resource, text: str, about: list[Ref]
) -> None:
    for patient in participants(appointment, "Patient"):
        message: Resource = {
            "resourceType": "Communication",
            "id": deps.ids.new(),
            "status": "preparation",
            "medium": [{"coding": [{"system": _SYSTEM_MODE, "code": "SMSWRIT"}]}],
            "subject": tasks.reference(patient),
            "about": [tasks.reference(each) for each in about],
            "recipient": [tasks.reference(patient)],
            "payload": [{"contentString": text}],
        }
        await storing.add(tx, deps, message)
