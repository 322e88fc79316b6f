"""What happens to a message that has come in?

Its row in the inbox, its effect and its acknowledgement commit together; only then the answer
leaves. Nothing that was acknowledged is lost, nothing is applied twice. Decision 20.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.hl7 import ack, batch
from fhir_gateway.hl7.ack_codes import ANSWERS, AckCode
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header, peek
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.siu import read_siu
from fhir_gateway.mapping.triggers import unsupported
from fhir_gateway.storage import inbox
from fhir_gateway.storage.inbox import MessageKey, Received
from fhir_gateway.storage.postgres import RaceLostError, Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed import Applied, apply_siu

#: What another try can cure; the sender never hears of it.
_PASSING = frozenset({Category.BUSY, Category.TIMEOUT})
_PATIENCE = (0.2, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message before anything is known of it.

    Attributes:
        raw: Its bytes.
        peer: Where it came from.
        received_at: When.
        header: MSH.
        key: What makes it the same message.
        control_id: Of our answer.
    """

    raw: bytes
    peer: str
    received_at: datetime
    header: Header
    key: MessageKey
    control_id: str


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
    now = deps.clock.now()
    header = peek(raw)
    if header is None:
        return await _refuse_unreadable(deps, tenant, raw, peer)
    key = MessageKey(
        header.component(3), header.component(4), header.control_id, hashlib.sha256(raw).digest()
    )
    incoming = Incoming(raw, peer, now, header, key, deps.ids.new())
    for wait in (*_PATIENCE, None):
        try:
            return await _take(deps, tenant, incoming)
        except GatewayError as error:
            if error.category not in _PASSING or wait is None:
                raise
            await asyncio.sleep(wait)
    raise AssertionError


async def _take(deps: Deps, tenant: int, incoming: Incoming) -> bytes:
    async def work(tx: Transaction) -> bytes:
        known = await inbox.answer_of(tx, incoming.key)
        if known is not None:
            deps.log("message.repeated", control_id=incoming.key.control_id)
            return known
        return await _apply(tx, deps, incoming)

    try:
        return await deps.database.run(tenant, work)
    except GatewayError as error:
        if error.category in _PASSING:
            raise
        return await _keep_fault(deps, tenant, incoming, error)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        # A defect of ours; the message is kept for a later replay and the feed goes on.
        deps.log("message.failed", control_id=incoming.key.control_id, error=repr(error)[:200])
        fault = fail(Category.FAULT, "The message could not be processed; it is kept")
        return await _keep_fault(deps, tenant, incoming, fault)


async def _apply(tx: Transaction, deps: Deps, incoming: Incoming) -> bytes:
    profile = profile_of(deps, tx.tenant, incoming.header)
    try:
        message = Message.parse(incoming.raw, encoding=profile.charset)
    except Unreadable as error:
        raise fail(Category.INVALID, str(error), "MSH^1") from error
    issue = unsupported(message, profile)
    if issue is not None:
        raise GatewayError(Category.UNSUPPORTED, issue)
    intent = read_siu(message, profile, incoming.received_at)
    applied = await apply_siu(tx, deps, intent, profile)
    if await inbox.control_id_seen(tx, incoming.key):
        text = "The control id has been used before by another message"
        applied.issues.append(Issue(text, ("MSH^1^10",), "duplicate", "control-id-reused"))
    answer = ack.acknowledge(
        incoming.header, AckCode.AA, control_id=incoming.control_id, now=incoming.received_at
    )
    state = inbox.ERROR if applied.quarantined else inbox.SENT
    await _keep(tx, incoming, state, answer, AckCode.AA, applied)
    return answer


async def _keep(
    tx: Transaction,
    incoming: Incoming,
    state: str,
    answer: bytes,
    code: AckCode,
    applied: Applied,
) -> None:
    kind, event, _ = incoming.header.event
    message = Received(
        key=incoming.key,
        received_at=incoming.received_at,
        peer=incoming.peer,
        raw=incoming.raw,
        event=f"{kind}^{event}" if event else kind,
        state=state,
        ack=answer,
        ack_code=code.value,
        issues=[_issue(each) for each in applied.issues],
        appointment=applied.appointment,
    )
    if not await inbox.keep(tx, message):
        raise RaceLostError


def _issue(issue: Issue) -> dict[str, Any]:
    return {
        "text": issue.diagnostics,
        "location": list(issue.expression),
        "code": issue.code,
        "details": issue.details,
    }


async def _keep_fault(deps: Deps, tenant: int, incoming: Incoming, error: GatewayError) -> bytes:
    """Keep a message that could not be applied, with the answer that it gets."""
    asks_only = profile_of(deps, tenant, incoming.header).authority == "placer"
    rejected = ANSWERS[error.category][0] is AckCode.AR
    if deps.policy.strict_feeds or rejected or asks_only:
        answer = ack.refuse(
            incoming.header, error, control_id=incoming.control_id, now=incoming.received_at
        )
        code = AckCode(ack.read_ack(answer).code)
    else:
        code = AckCode.AA
        answer = ack.acknowledge(
            incoming.header, code, control_id=incoming.control_id, now=incoming.received_at
        )
    state = inbox.FILTERED if error.category is Category.UNSUPPORTED else inbox.ERROR

    async def work(tx: Transaction) -> bytes:
        known = await inbox.answer_of(tx, incoming.key)
        if known is not None:
            return known
        await _keep(tx, incoming, state, answer, code, Applied(None, list(error.issues)))
        return answer

    deps.log("message.kept", control_id=incoming.key.control_id, state=state)
    return await deps.database.run(tenant, work)


async def _refuse_unreadable(deps: Deps, tenant: int, raw: bytes, peer: str) -> bytes:
    now = deps.clock.now()
    error = fail(Category.INVALID, "This is not an HL7 v2 message: there is no MSH", "MSH^1")
    answer = ack.refuse(None, error, control_id=deps.ids.new(), now=now)
    key = MessageKey("", "", "", hashlib.sha256(raw).digest())
    message = Received(
        key,
        now,
        peer,
        raw,
        "",
        inbox.REFUSED,
        answer,
        "AR",
        [_issue(each) for each in error.issues],
    )

    async def work(tx: Transaction) -> bool:
        return await inbox.keep(tx, message, replay=False)

    await deps.database.run(tenant, work)
    return answer


def profile_of(deps: Deps, tenant: int, header: Header) -> SenderProfile:
    """The habits of whoever sent a message; unknown senders live in the tenant's zone."""
    known = deps.profiles.get((header.component(3), header.component(4)))
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
