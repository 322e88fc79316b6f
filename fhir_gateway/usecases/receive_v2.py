"""What happens to a message that has come in?

Its row in the inbox, its effect and its acknowledgement commit together; only then the answer
leaves. Nothing that was acknowledged is lost, nothing is applied twice, and no message is so odd
that its sender has to send it for ever. Decision 20.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from fhir_gateway.core.errors import PASSING, Category, GatewayError, Issue, fail
from fhir_gateway.hl7 import ack, batch
from fhir_gateway.hl7.ack_codes import AckCode, AckMode, AckModes, ack_modes
from fhir_gateway.hl7.peek import Header, peek
from fhir_gateway.mapping.intake import surely_taken, take
from fhir_gateway.mapping.passed_over import passed_over
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.storage import inbox
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import send_v2
from fhir_gateway.usecases.aside import aside
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed import Applied
from fhir_gateway.usecases.feed_people import AmbiguousError
from fhir_gateway.usecases.kept_v2 import (
    Incoming,
    Outcome,
    accepted,
    answer_to,
    control_id,
    entry_of,
    fault_of,
    keep,
    keep_aside,
    key_of,
    refuse_unreadable,
    undecided,
)
from fhir_gateway.usecases.senders import Senders
from fhir_gateway.usecases.told_v2 import Told, carry_out

#: What another try can cure; the sender never hears of it.
_PATIENCE = (0.2, 1.0, 3.0)
#: Messages that answer one of ours; to answer them would never end.
_ANSWERS = frozenset({"ACK", "MCF", "SRR"})
#: Messages that state what has happened, and ask for nothing.
_STATEMENTS = frozenset({"ADT", "SIU"})


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
    incoming = Incoming(raw, peer, now, header, key, modes, ids, line.sender)
    if header.event[0] in _ANSWERS:
        return await _heard(deps, tenant, incoming)
    needless = passed_over(header, profile)
    if needless is not None:
        outcome = accepted(incoming, inbox.FILTERED, [needless])
        return await keep_aside(deps, tenant, incoming, outcome)
    waits = await _can_wait(incoming, profile)

    async def attempt(*, last: bool = False) -> bytes:
        if waits:
            return await _keep(deps, tenant, incoming)
        return await _take(deps, tenant, incoming, profile, last=last)

    for wait in _PATIENCE:
        try:
            return await attempt()
        except GatewayError as error:
            # Two messages that make the same person meet as a duplicate; the second try finds it.
            await asyncio.sleep(0 if error.category is Category.DUPLICATE else wait)
    return await attempt(last=True)


async def _keep(deps: Deps, tenant: int, incoming: Incoming) -> bytes:
    """Keep a message that is applied later, together with others that have come in just now."""
    outcome = accepted(incoming, inbox.RECEIVED, ())
    return await deps.intake.keep(tenant, entry_of(incoming, outcome))


async def _heard(deps: Deps, tenant: int, incoming: Incoming) -> bytes:
    """An answer to one of ours; an accept acknowledgement is all that it may want in turn."""
    try:
        await send_v2.heard_elsewhere(deps, tenant, incoming.header, incoming.raw)
    except GatewayError as error:
        if error.category in PASSING:
            raise
        deps.log("message.failed", control_id=incoming.key.control_id, error=str(error))
    wants = incoming.header.component(15).strip().upper() in ("AL", "SU")
    modes = AckModes("AL", "NE")
    answer = answer_to(replace(incoming, modes=modes), AckCode.AA) if wants else b""
    return await keep_aside(deps, tenant, incoming, Outcome(inbox.FILTERED, answer, None))


async def _can_wait(incoming: Incoming, profile: SenderProfile) -> bool:
    """Whether a message is answered as soon as it is kept, and applied after that.

    Where its sender is described so, for a statement of fact that is for us and can be read. An
    application acknowledgement of the enhanced mode says that it has been applied.
    """
    if profile.ack != "stored" or profile.authority != "filler":
        return False
    if incoming.header.event[0] not in _STATEMENTS:
        return False
    if incoming.modes.enhanced and incoming.modes.wants_application(success=True):
        return False
    if surely_taken(incoming.raw, incoming.header, profile):
        return True
    try:
        await aside(incoming.raw, lambda: take(incoming.raw, profile))
    except GatewayError:
        return False
    return True


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
        if error.category in PASSING or (error.category is Category.DUPLICATE and not last):
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
    applied = await apply_message(tx, deps, incoming.raw, profile, incoming.received_at)
    if reused:
        applied.issues.append(reused_id())
    outcome = accepted(incoming, inbox.SENT, applied.issues, applied.reply)
    return await keep(tx, incoming, replace(outcome, appointment=applied.appointment))


def reused_id() -> Issue:
    """What is noted at a message whose control id another has had."""
    text = "The control id has been used before by another message"
    return Issue(text, ("MSH^1^10",), "duplicate", "control-id-reused")


async def apply_message(
    tx: Transaction,
    deps: Deps,
    raw: bytes,
    profile: SenderProfile,
    received_at: datetime,
    *,
    replayed: bool = False,
) -> Applied:
    """Read a message and apply it in the caller's transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        raw: The bytes of one message.
        profile: Of its sender.
        received_at: When it came.
        replayed: Whether others may have come and been applied since.

    Raises:
        GatewayError: it cannot be read or is not for us; whatever its content breaks.
        AmbiguousError: its identifiers belong to several records.
    """
    message = await aside(raw, lambda: take(raw, profile))
    return await carry_out(tx, deps, Told(raw, message, profile, received_at, replayed))


def profile_of(deps: Deps, tenant: int, header: Header, line: Line = ANY_LINE) -> SenderProfile:
    """The habits of whoever sent a message; where no zone is said, it is in the tenant's."""
    known = named(deps, line.sender) or deps.profiles.get(header.sender)
    if known is not None and known.zone:
        return known
    return (known or deps.default_profile).in_zone(deps.tenants[tenant].zone.key)


def profile_of_kept(deps: Deps, tenant: int, raw: bytes, port_sender: str | None) -> SenderProfile:
    """The present habits of whoever sent a message that has been kept.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        raw: Its bytes.
        port_sender: Name of the description that its port held to; None where MSH says.

    Raises:
        GatewayError: invalid, where it has no MSH.
    """
    header = peek(raw)
    if header is None:
        raise fail(Category.INVALID, "The message has no MSH", "MSH^1")
    return profile_of(deps, tenant, header, Line(port_sender))


def named(deps: Deps, name: str | None) -> SenderProfile | None:
    """The profile that is described under a name; None where there is none."""
    senders = deps.profiles
    found = senders.named(name) if name and isinstance(senders, Senders) else None
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
