"""What happens to a message that has come in?

Its row in the inbox, its effect and its acknowledgement commit together; only then the answer
leaves. Nothing that was acknowledged is lost, nothing is applied twice, and no message is so odd
that its sender has to send it for ever. Decision 20.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.hl7 import ack, batch
from fhir_gateway.hl7.ack_codes import AckCode, AckMode, AckModes, ack_modes
from fhir_gateway.hl7.bounds import excess
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header, peek
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.triggers import unsupported
from fhir_gateway.storage import inbox
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.aside import aside
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_people import AmbiguousError
from fhir_gateway.usecases.kept_v2 import (
    Incoming,
    Outcome,
    accepted,
    control_id,
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
#: Messages that answer one of ours; to answer them would never end.
_ANSWERS = frozenset({"ACK", "MCF"})


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of messages by the port that they came in by.

    Args:
        sender: Name of the description that holds for all of them, whatever MSH-3 and MSH-4 say.
        ack_mode: Wins over the profile of the sender where it is not `message`.
    """

    sender: str | None = None
    ack_mode: AckMode = "message"


ANY_LINE = Line()


async def receive(
    deps: Deps, tenant: int, frame: bytes, peer: str, line: Line = ANY_LINE
) -> bytes | None:
    """Take the content of one frame.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        frame: One message, several, or a batch.
        peer: Where it came from, for the inbox.
        line: How it came in.

    Returns:
        The acknowledgements one after the other, for `hl7.ack.frames`; None where there is none.

    Raises:
        GatewayError: busy or timeout after several tries; nothing is kept then and the sender
            must not be told that it is.
    """
    found = await aside(frame, lambda: batch.messages(frame))
    answers = [await _receive_one(deps, tenant, each, peer, line) for each in found]
    return b"".join(answers) or None


async def _receive_one(deps: Deps, tenant: int, raw: bytes, peer: str, line: Line) -> bytes:
    header = peek(raw)
    if header is None:
        return await refuse_unreadable(deps, tenant, raw, peer)
    now = deps.clock.now()
    profile = profile_of(deps, tenant, header, line)
    modes = _modes(header, profile, line)
    own = control_id(deps)
    ids = (control_id(deps) if modes.enhanced else own), own
    key = await aside(raw, lambda: key_of(header, raw))
    incoming = Incoming(raw, peer, now, header, key, modes, ids)
    if header.event[0] in _ANSWERS:
        return await keep_aside(deps, tenant, incoming, Outcome(inbox.FILTERED, b"", None))
    for wait in _PATIENCE:
        try:
            return await _take(deps, tenant, incoming, profile)
        except GatewayError as error:
            # Two messages that make the same person meet as a duplicate; the second try finds it.
            await asyncio.sleep(0 if error.category is Category.DUPLICATE else wait)
    return await _take(deps, tenant, incoming, profile, last=True)


def _modes(header: Header, profile: SenderProfile, line: Line) -> AckModes:
    asked = line.ack_mode if line.ack_mode != "message" else profile.ack_mode
    return ack_modes(header, asked)


async def _take(
    deps: Deps, tenant: int, incoming: Incoming, profile: SenderProfile, *, last: bool = False
) -> bytes:
    async def work(tx: Transaction) -> bytes:
        known = await inbox.known(tx, incoming.key)
        if known.answer is not None:
            deps.log("message.repeated", control_id=incoming.key.control_id)
            return known.answer
        return await _apply(tx, deps, incoming, profile, reused=known.reused)

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


async def _apply(
    tx: Transaction, deps: Deps, incoming: Incoming, profile: SenderProfile, *, reused: bool
) -> bytes:
    """Apply a message and keep it.

    Raises:
        GatewayError: it cannot be read or is not for us; whatever its content breaks.
        AmbiguousError: its identifiers belong to several records.
    """
    raw = incoming.raw
    message = await aside(raw, lambda: Message.parse(raw, encoding=profile.charset))
    issue = unsupported(message, profile)
    if issue is not None:
        raise GatewayError(Category.UNSUPPORTED, issue)
    too_much = excess(message)
    if too_much is not None:
        raise GatewayError(Category.UNPROCESSABLE, too_much)
    applied = await carry_out(tx, deps, Told(raw, message, profile, incoming.received_at))
    if reused:
        text = "The control id has been used before by another message"
        applied.issues.append(Issue(text, ("MSH^1^10",), "duplicate", "control-id-reused"))
    outcome = accepted(incoming, inbox.SENT, applied.issues, applied.reply)
    return await keep(tx, incoming, replace(outcome, appointment=applied.appointment))


def profile_of(deps: Deps, tenant: int, header: Header, line: Line = ANY_LINE) -> SenderProfile:
    """The habits of whoever sent a message; unknown senders live in the tenant's zone."""
    known = named(deps, line.sender) or deps.profiles.get(header.sender)
    return known or replace(deps.default_profile, zone=deps.tenants[tenant].zone.key)


class _Named(Protocol):
    @property
    def profile(self) -> SenderProfile: ...


@runtime_checkable
class _Described(Protocol):
    def named(self, name: str) -> _Named | None: ...


def named(deps: Deps, name: str | None) -> SenderProfile | None:
    """The profile that is described under a name; None where there is none."""
    described = deps.profiles
    found = described.named(name) if name and isinstance(described, _Described) else None
    return found.profile if found else None


def oversize_answer(deps: Deps, line: Line = ANY_LINE) -> Callable[[bytes], bytes]:
    """Makes the answer to a frame over the limit, from its first bytes."""

    def answer(head: bytes) -> bytes:
        error = fail(Category.TOO_LARGE, "The message is longer than this server takes", "MSH^1")
        header = peek(head)
        enhanced = header is not None and ack_modes(header, line.ack_mode).enhanced
        return ack.acknowledge(
            header,
            AckCode.CE if enhanced else AckCode.AR,
            enhanced=enhanced,
            control_id=control_id(deps),
            now=deps.clock.now(),
            issues=error.issues,
            category=Category.TOO_LARGE,
        )

    return answer
