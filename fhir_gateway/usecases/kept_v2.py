"""What is kept of a message that has come in, and with which answer?

Whatever happens, its bytes are kept with the answer before that leaves, so that a person can look
at it and a repetition gets the same answer. Decision 20.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_gateway.core.codes import TASK_MATCH_IDENTITY
from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.hl7 import ack
from fhir_gateway.hl7.ack import Reply
from fhir_gateway.hl7.ack_codes import ANSWERS, AckCode, AckModes
from fhir_gateway.hl7.peek import Header
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import clean
from fhir_gateway.mapping.triggers import RESPONSES
from fhir_gateway.storage import inbox
from fhir_gateway.storage.inbox import MessageKey, Received
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import storing, tasks
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_people import AmbiguousError

#: The inbox is searched by these texts; the bytes are kept whole.
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message before its body is known.

    Attributes:
        raw: Its bytes.
        peer: Where it came from.
        received_at: When.
        header: MSH.
        key: What makes it the same message.
        modes: Which acknowledgements are wanted.
        control_ids: Of our accept and of our application acknowledgement.
    """

    raw: bytes
    peer: str
    received_at: datetime
    header: Header
    key: MessageKey
    modes: AckModes
    control_ids: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said about a message, to its sender and to people.

    Attributes:
        state: One of the states of the inbox.
        answer: The acknowledgements, one after the other; empty where none is wanted.
        code: MSA-1 of the application acknowledgement; None for what is never answered.
        issues: What was wrong or odd.
        appointment: Id of the Appointment that it is about.
    """

    state: str
    answer: bytes
    code: AckCode | None
    issues: Sequence[Issue] = ()
    appointment: str | None = None


def key_of(header: Header, raw: bytes) -> MessageKey:
    """What makes a message the same message; the hash tells apart what is cut here."""
    application, facility = header.sender
    return MessageKey(
        _text(application), _text(facility), _text(header.control_id), hashlib.sha256(raw).digest()
    )


def control_id(deps: Deps) -> str:
    """A new MSH-10, which had at most 20 characters before 2.7."""
    return deps.ids.new().replace("-", "")[:20]


def _text(value: str) -> str:
    return clean(value)[:_LONGEST_TEXT]


async def keep(tx: Transaction, incoming: Incoming, outcome: Outcome) -> bytes:
    """Keep a message in the transaction of its effect; returns the answer."""
    kind, event, _ = incoming.header.event
    message = Received(
        key=incoming.key,
        received_at=incoming.received_at,
        peer=incoming.peer,
        raw=incoming.raw,
        event=_text(f"{kind}^{event}" if event else kind),
        state=outcome.state,
        ack=outcome.answer,
        ack_code=outcome.code.value if outcome.code else "",
        issues=[_issue(each) for each in outcome.issues],
        appointment=outcome.appointment,
    )
    await inbox.keep(tx, message)
    return outcome.answer


def _issue(issue: Issue) -> dict[str, Any]:
    return {
        "text": clean(issue.diagnostics),
        "location": list(issue.expression),
        "code": issue.code,
        "details": issue.details,
    }


def answer_to(
    incoming: Incoming,
    code: AckCode,
    error: GatewayError | None = None,
    reply: Reply | None = None,
) -> bytes:
    """The acknowledgements that go back.

    In enhanced mode what is kept and is for us has CA, whatever its content; what is not for us has
    CR, what cannot be read CE, and no application acknowledgement then, unless nothing else
    would tell.

    Args:
        incoming: The message.
        code: AA, AE or AR.
        error: Why, where it is not AA.
        reply: What is answered besides, with the application acknowledgement.

    Source: HL7 v2.9.1 chapter 2, 2.9.3; hl7v2.md section 3.2.
    """
    modes, taken = incoming.modes, code is not AckCode.AR
    codes: list[AckCode] = []
    if modes.wants_accept(taken):
        unsupported = error is not None and error.category is Category.UNSUPPORTED
        codes.append(AckCode.CA if taken else AckCode.CR if unsupported else AckCode.CE)
    if modes.wants_application(code is AckCode.AA) and (taken or not codes):
        codes.append(code)
    return b"".join(_written(incoming, each, error, reply) for each in codes)


def _written(
    incoming: Incoming, code: AckCode, error: GatewayError | None, reply: Reply | None
) -> bytes:
    told = error if code not in (AckCode.AA, AckCode.CA) else None
    accepts = code in (AckCode.CA, AckCode.CE, AckCode.CR)
    accept, application = incoming.control_ids
    return ack.acknowledge(
        incoming.header,
        code,
        control_id=accept if accepts else application,
        now=incoming.received_at,
        issues=told.issues if told else (),
        category=told.category if told else None,
        enhanced=incoming.modes.enhanced,
        reply=None if accepts else reply,
    )


def accepted(
    incoming: Incoming, state: str, issues: Sequence[Issue], reply: Reply | None = None
) -> Outcome:
    """AA for a message, with what it answers besides."""
    modes = incoming.modes
    odd = []
    if modes.enhanced and not (modes.accept and modes.application):
        text = "Only one of MSH-15 and MSH-16 is valued; the other is taken for NE"
        odd.append(Issue(text, ("MSH^1^15", "MSH^1^16"), "informational"))
    answer = answer_to(incoming, AckCode.AA, reply=reply)
    return Outcome(state, answer, AckCode.AA, [*issues, *odd])


def fault_of(
    deps: Deps, profile: SenderProfile, incoming: Incoming, error: GatewayError
) -> Outcome:
    """What is said of a message that could not be applied.

    A fault of its content is AA, for it is safe here and waits for people; AE where the sender
    only asks, or where faults are to be told. What is no scheduling message is AR either way.
    Requests and queries are always answered, in the form of their own.
    """
    kind = incoming.header.event[0]
    reply = Reply(*RESPONSES[kind]) if kind in RESPONSES else None

    state = inbox.FILTERED if error.category is Category.UNSUPPORTED else inbox.ERROR
    code, _ = ANSWERS[error.category]
    strict = deps.policy.strict_feeds or profile.authority == "placer" or reply is not None
    if code is not AckCode.AR and not strict:
        return accepted(incoming, state, error.issues)
    return Outcome(state, answer_to(incoming, code, error, reply), code, error.issues)


def undecided(
    deps: Deps, profile: SenderProfile, incoming: Incoming, who: AmbiguousError
) -> Outcome:
    """What is said of a message that may be about several: AA, people decide; to a request AE."""
    if incoming.header.event[0] in RESPONSES:
        fault = GatewayError(Category.CONFLICT, who.issue)
        return fault_of(deps, profile, incoming, fault)
    return accepted(incoming, inbox.ERROR, [who.issue])


async def keep_aside(
    deps: Deps, tenant: int, incoming: Incoming, outcome: Outcome, who: AmbiguousError | None = None
) -> bytes:
    """Keep a message of which nothing was applied.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        incoming: The message.
        outcome: What is said about it.
        who: The records that it may be about, where people have to decide; they get a Task.

    Returns:
        The answer; that of its twin where one has been kept in the meantime.
    """

    async def work(tx: Transaction) -> bytes:
        known = await inbox.known(tx, incoming.key)
        if known.answer is not None:
            return known.answer
        if who is not None:
            await _open_match_task(tx, deps, incoming, who)
        return await keep(tx, incoming, outcome)

    deps.log("message.kept", control_id=incoming.key.control_id, state=outcome.state)
    return await deps.database.run(tenant, work)


async def _open_match_task(
    tx: Transaction, deps: Deps, incoming: Incoming, who: AmbiguousError
) -> None:
    now = deps.clock.now()
    task = tasks.new_task(
        deps.ids.new(), TASK_MATCH_IDENTITY, now, "The identifiers of a message belong to several"
    )
    task["input"] = [tasks.entry("message", valueString=incoming.key.control_id or "-")] + [
        tasks.entry("candidate", valueReference=tasks.reference(each)) for each in who.refs
    ]
    await storing.add(tx, deps, task)


async def refuse_unreadable(deps: Deps, tenant: int, raw: bytes, peer: str) -> bytes:
    """Keep bytes without header, each time that they come, and answer AR."""
    now = deps.clock.now()
    error = fail(Category.INVALID, "This is not an HL7 v2 message: there is no MSH", "MSH^1")
    answer = ack.refuse(None, error, control_id=control_id(deps), now=now)
    message = Received(
        key=MessageKey("", "", "", hashlib.sha256(raw).digest()),
        received_at=now,
        peer=peer,
        raw=raw,
        event="",
        state=inbox.REFUSED,
        ack=answer,
        ack_code=AckCode.AR.value,
        issues=[_issue(each) for each in error.issues],
    )

    async def work(tx: Transaction) -> None:
        await inbox.keep(tx, message, replay=False)

    await deps.database.run(tenant, work)
    return answer
