"""How does a patient answer an offer without signing in?

By a link that is good for one answer to one offer by one recipient. Looking changes nothing,
however often and by whatever it is done; an answer goes the way of every AppointmentResponse, and
uses the link up in the same transaction. reliability-security.md section 7, row W12.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import parse_instant
from fhir_gateway.storage import offer_links, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import answers, message_texts, offer_shape, react, tasks, write
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.explaining import run_explained

Resource = dict[str, Any]

_LENGTH = 43  # characters of 32 bytes in base64 without padding


@dataclass(frozen=True, slots=True)
class Link:
    """A new link.

    Attributes:
        token: Ends its address; kept nowhere.
        expires: Aware.
    """

    token: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link shows.

    Attributes:
        clinic: What it is called.
        start: Of the appointment, with the clinic's offset.
        until: When the answer is due, likewise.
        language: Of the patient.
        form: Sent back with the answer, so that only whoever has seen the question can answer.
    """

    clinic: str
    start: datetime
    until: datetime
    language: str
    form: str


async def mint(tx: Transaction, deps: Deps, offer_id: str) -> Link:
    """Make a link for the answer to an offer.

    Raises:
        GatewayError: not-found; unprocessable, for an Appointment that is no offer; conflict,
            where the offer is not open any more.
    """
    stored = await resources.read(tx, Ref("Appointment", offer_id))
    if stored is None:
        raise fail(Category.NOT_FOUND, f"There is no Appointment/{offer_id[:64]}")
    offer = stored.resource()
    if offer_shape.links(offer) is None:
        raise fail(
            Category.UNPROCESSABLE, "Only the offer of a freed time has a link", "Appointment"
        )
    expires = await offer_links.offer_expires(tx, offer_id)
    if offer["status"] != "proposed" or expires is None or expires <= await tx.now():
        raise answers.closed(offer)
    recipient = offer_shape.patients_of(offer)[0]
    token = _token(deps.secret())
    hash_, key_id = _keyed(deps, tx.tenant, token)
    await offer_links.keep(tx, hash_, key_id, offer_id, str(recipient), expires)
    return Link(token, expires)


async def look(deps: Deps, tenant: int, token: str) -> Asked:
    """What a link asks; changes nothing.

    Raises:
        GatewayError: not-found, where there never was such a link; gone, where it has been used
            or its offer is not open any more.
    """

    async def work(tx: Transaction) -> Asked:
        asked, _, _ = await _open(tx, deps, token)
        return asked

    return await deps.database.run(tenant, work)


async def decide(deps: Deps, tenant: int, token: str, form: str, answer: str) -> Asked:
    """Answer an offer by its link.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        token: Of the link.
        form: As the question had it.
        answer: `accepted` or `declined`.

    Raises:
        GatewayError: as for `look`; invalid, without form or answer; conflict, where the patient
            has another appointment at that time: the link can be used again.
    """
    response: Resource = {}

    async def work(tx: Transaction) -> Asked:
        asked, offer, recipient = await _open(tx, deps, token)
        if not hmac.compare_digest(asked.form.encode(), form.encode()):
            raise fail(Category.INVALID, "The answer did not come from the page", "form")
        if answer not in ("accepted", "declined"):
            raise fail(Category.INVALID, "The answer is accepted or declined", "answer")
        if not await offer_links.use(tx, *_keyed(deps, tenant, token)):
            raise _gone("offer-closed")
        response.clear()
        response.update(
            resourceType="AppointmentResponse",
            id=deps.ids.new(),
            appointment=tasks.reference(f"Appointment/{offer}"),
            actor=tasks.reference(recipient),
            participantStatus=answer,
        )
        await write.create_within(tx, deps, response)
        return asked

    try:
        asked = await run_explained(deps, tenant, work)
    except GatewayError as error:
        raise _as_link(error) from error
    await react.promptly(deps, tenant, response)
    return asked


def _as_link(error: GatewayError) -> GatewayError:
    """A conflict that will not go away means that the link is good for nothing any more."""
    details = error.issues[0].details if error.issues else None
    if error.category is Category.CONFLICT and details != "patient-busy":
        return _gone(details or "offer-closed")
    return error


def _gone(details: str) -> GatewayError:
    text = "The link has been used, or the offer is not open any more"
    return GatewayError(Category.GONE, Issue(text, (), None, details))


async def _open(tx: Transaction, deps: Deps, token: str) -> tuple[Asked, str, str]:
    """What a link that can be used asks, of which offer and of whom."""
    hash_, key_id = _keyed(deps, tx.tenant, token)
    link = await offer_links.find(tx, hash_, key_id)
    if link is None:
        raise fail(Category.NOT_FOUND, "There is no such link")
    stored = await resources.read(tx, Ref("Appointment", link.offer))
    offer: Resource = stored.resource() if stored else {"status": "cancelled"}
    expires = await offer_links.offer_expires(tx, link.offer)
    if offer["status"] != "proposed":
        raise _gone(answers.closed(offer).issues[0].details or "offer-closed")
    if not link.open or expires is None or expires <= await tx.now():
        raise _gone("offer-expired" if expires else "offer-closed")
    patient = await resources.read(tx, offer_shape.patients_of(offer)[0])
    start = parse_instant(offer["start"])
    asked = Asked(
        deps.tenants[tx.tenant].name,
        start,
        expires.astimezone(start.tzinfo),
        message_texts.language_of(patient.resource() if patient else {}),
        _form(deps, hash_),
    )
    return asked, link.offer, link.recipient


def _token(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _keyed(deps: Deps, tenant: int, token: str) -> tuple[bytes, str]:
    """What is kept of a token, and the name of the key that it is hashed with."""
    if len(token) != _LENGTH or not token.isascii():
        raise fail(Category.NOT_FOUND, "There is no such link")
    data = b"offer-link|%d|answer|" % tenant + token.encode()
    key_id = hmac.digest(deps.signing_key, b"key-id", hashlib.sha256)[:4].hex()
    return hmac.digest(deps.signing_key, data, hashlib.sha256), key_id


def _form(deps: Deps, hash_: bytes) -> str:
    return hmac.digest(deps.signing_key, b"offer-form|" + hash_, hashlib.sha256)[:16].hex()
