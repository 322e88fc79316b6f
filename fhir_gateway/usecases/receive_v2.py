"""What happens to a message that has come in?

Its row in the inbox, its effect and its acknowledgement commit together; only then the answer
leaves. Nothing that was acknowledged is lost, nothing is applied twice, and no message is so odd
that its sender has to send it for ever. Decision 20.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.hl7 import ack, batch
from fhir_gateway.hl7.ack_codes import AckCode
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header, peek
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.triggers import unsupported
from fhir_gateway.storage import inbox
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_people import AmbiguousError
from fhir_gateway.usecases.kept_v2 import (
    Incoming,
    accepted,
    fault_of,
    keep,
    keep_aside,
    key_of,
    refuse_unreadable,
    undecided,
)
from fhir_gateway.usecases.told_v2 import Told, carry_out

#: What another try can cure; the sender never hears of it.
_PASSING = frozenset({Category.BUSY, Category.TIMEOUT})
_PATIENCE = (0.2, 1.0, 3.0)


async def receive(deps: Deps, tenant: int, frame: bytes, peer: str) -> bytes | None:
    """Take the content of one frame.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        frame: One message, several, or a batch.
        peer: Where it came from, for the inbox.

    Returns:
        The acknowledgement, or those of a batch one after the other; None for an empty batch.

    Raises:
        GatewayError: busy or timeout after several tries; nothing is kept then and the sender
            must not be told that it is.
    """
    answers = [await _receive_one(deps, tenant, each, peer) for each in batch.messages(frame)]
    return b"".join(answers) if answers else None


async def _receive_one(deps: Deps, tenant: int, raw: bytes, peer: str) -> bytes:
    header = peek(raw)
    if header is None:
        return await refuse_unreadable(deps, tenant, raw, peer)
    now = deps.clock.now()
    incoming = Incoming(raw, peer, now, header, key_of(header, raw), deps.ids.new())
    for wait in _PATIENCE:
        try:
            return await _take(deps, tenant, incoming)
        except GatewayError as error:
            # Two messages that make the same person meet as a duplicate; the second try finds it.
            await asyncio.sleep(0 if error.category is Category.DUPLICATE else wait)
    return await _take(deps, tenant, incoming, last=True)


async def _take(deps: Deps, tenant: int, incoming: Incoming, *, last: bool = False) -> bytes:
    profile = profile_of(deps, tenant, incoming.header)

    async def work(tx: Transaction) -> bytes:
        known = await inbox.answer_of(tx, incoming.key)
        if known is not None:
            deps.log("message.repeated", control_id=incoming.key.control_id)
            return known
        return await _apply(tx, deps, incoming, profile)

    try:
        return await deps.database.run(tenant, work)
    except AmbiguousError as who:
        outcome = undecided(deps, profile, incoming, who)
        return await keep_aside(deps, tenant, incoming, outcome, who)
    except GatewayError as error:
        if error.category in _PASSING or (error.category is Category.DUPLICATE and not last):
            raise
        fault = error
    except Exception as error:  # noqa: BLE001 - whatever it was, the feed must go on
        deps.log("message.failed", control_id=incoming.key.control_id, error=type(error).__name__)
        fault = fail(Category.FAULT, "The message could not be processed; it is kept")
    return await keep_aside(deps, tenant, incoming, fault_of(deps, profile, incoming, fault))


async def _apply(tx: Transaction, deps: Deps, incoming: Incoming, profile: SenderProfile) -> bytes:
    """Apply a message and keep it.

    Raises:
        GatewayError: it cannot be read or is not for us; whatever its content breaks.
        AmbiguousError: its identifiers belong to several records.
    """
    message = Message.parse(incoming.raw, encoding=profile.charset)
    issue = unsupported(message, profile)
    if issue is not None:
        raise GatewayError(Category.UNSUPPORTED, issue)
    applied = await carry_out(tx, deps, Told(message, profile, incoming.received_at))
    if await inbox.control_id_seen(tx, incoming.key):
        text = "The control id has been used before by another message"
        applied.issues.append(Issue(text, ("MSH^1^10",), "duplicate", "control-id-reused"))
    outcome = accepted(incoming, inbox.SENT, applied.issues, applied.reply)
    return await keep(tx, incoming, replace(outcome, appointment=applied.appointment))


def profile_of(deps: Deps, tenant: int, header: Header) -> SenderProfile:
    """The habits of whoever sent a message; unknown senders live in the tenant's zone."""
    known = deps.profiles.get(header.sender)
    return known or replace(deps.default_profile, zone=deps.tenants[tenant].zone.key)


def oversize_answer(deps: Deps) -> Callable[[bytes], bytes]:
    """Makes the answer to a frame over the limit, from its first bytes."""

    def answer(head: bytes) -> bytes:
        error = fail(Category.TOO_LARGE, "The message is longer than this server takes", "MSH^1")
        return ack.acknowledge(
            peek(head),
            AckCode.AR,
            control_id=deps.ids.new(),
            now=deps.clock.now(),
            issues=error.issues,
            category=Category.TOO_LARGE,
        )

    return answer
