"""Which messages wait for people, and what can people do with them?

A message in state `error` was kept and answered, and nothing of it was applied. It can be applied
later through the profile that its sender has by then: in one transaction with the note that it has
been, so that it happens once, and never over a newer message about the same appointment.

Source: decision 20; hl7v2.md section 2.3; decision record 0014.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_gateway.core.errors import PASSING, Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import peek
from fhir_gateway.mapping.previews import Preview, preview
from fhir_gateway.storage import inbox_queue, resources
from fhir_gateway.storage.inbox import ERROR, FILTERED, RECEIVED, REFUSED, SENT
from fhir_gateway.storage.inbox_queue import Kept, Wanted
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_order import outcome_of
from fhir_gateway.usecases.feed_people import AmbiguousError
from fhir_gateway.usecases.kept_v2 import issue_row
from fhir_gateway.usecases.receive_v2 import (
    Line,
    apply_message,
    profile_of,
    profile_of_kept,
)

#: What a message may be, for people.
STATES: Mapping[str, str] = {
    RECEIVED: "kept and answered, and its turn to be applied has not come; only of senders whose"
    " `ack` is `stored`, all others pass through",
    "transformed": "passed through: a message is transformed and applied in one transaction",
    "queued": "passed through, as `transformed`",
    SENT: "applied",
    FILTERED: "read, and not for us; or skipped by people",
    ERROR: "its content could not be applied: it waits for people",
    REFUSED: "not readable as a message at all",
}
#: States in which a message rests.
RESTING = frozenset({RECEIVED, SENT, FILTERED, ERROR, REFUSED})
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Search:
    """What people look for; see Wanted.

    Attributes:
        wanted: What the inbox can tell.
        mrn: Identifier of the patient in PID-2, PID-3 or PID-4.
    """

    wanted: Wanted = field(default_factory=Wanted)
    mrn: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One message with what it comes to.

    Attributes:
        kept: As it is in the inbox.
        preview: What the present profile of its sender makes of it; None where it has no header.
        appointment: The Appointment that it was about, as it is now.
    """

    kept: Kept
    preview: Preview | None
    appointment: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a try to apply a message again.

    Attributes:
        id: Its number.
        outcome: `applied`, `superseded` (kept as dealt with: a newer message had been applied),
            `error` (waits as before) or `not-waiting` (nothing was done).
        issues: What was wrong or odd.
        appointment: Id of the Appointment.
    """

    id: int
    outcome: str
    issues: Sequence[Issue] = ()
    appointment: str | None = None


async def find(
    deps: Deps, tenant: int, search: Search, *, limit: int, oldest_first: bool = False
) -> list[Kept]:
    """Messages, the newest first unless told otherwise.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        search: What is looked for.
        limit: Most of them.
        oldest_first: In the order in which they came.
    """
    found: list[Kept] = []
    async for each in walk(deps, tenant, search, oldest_first=oldest_first):
        found.append(each)
        if len(found) == limit:
            break
    return found


async def walk(
    deps: Deps, tenant: int, search: Search, *, oldest_first: bool = True, page_size: int = 200
) -> AsyncIterator[Kept]:
    """All messages that are looked for, page by page, each page in a transaction of its own.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        search: What is looked for.
        oldest_first: In the order in which they came; else the newest first.
        page_size: How many are read at once.
    """
    wanted = search.wanted
    if search.mrn is not None:
        wanted = replace(wanted, holding=[*wanted.holding, search.mrn.encode()])
    beyond: int | None = None
    while True:
        async with deps.database.transaction(tenant, snapshot=True) as tx:
            page = await inbox_queue.page(
                tx, wanted, limit=page_size, oldest_first=oldest_first, beyond=beyond
            )
        for each in page:
            if _says(each, search):
                yield each
        if len(page) < page_size:
            return
        beyond = page[-1].id


def _says(kept: Kept, search: Search) -> bool:
    """Whether a message holds what its bytes hold where it is meant to stand."""
    about = search.wanted.appointment
    if search.mrn is None and about in (None, kept.appointment):
        return True
    try:
        message = Message.parse(kept.raw)
    except GatewayError:
        return False
    if search.mrn is not None and search.mrn not in _numbers(message, "PID", (2, 3, 4)):
        return False
    return about in (None, kept.appointment) or about in _numbers(message, "SCH", (1, 2))


def _numbers(message: Message, name: str, fields: Sequence[int]) -> set[str]:
    return {
        each.component(1).strip()
        for segment in message.all(name)
        for number in fields
        for each in segment.repetitions(number)
    }


async def show(deps: Deps, tenant: int, number: int, *, provenance: bool = False) -> Shown:
    """One message, with what the present profile makes of it.

    Raises:
        GatewayError: not found.
    """
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        kept = await _one(tx, number)
        known = kept.appointment
        stored = await resources.read(tx, Ref("Appointment", known)) if known else None
    found: Preview | None = None
    if header := peek(kept.raw):
        profile = profile_of(deps, tenant, header, Line(kept.port_sender))
        found = preview(kept.raw, profile, kept.received_at, provenance=provenance)
    return Shown(kept, found, stored.resource() if stored else None)


async def _one(tx: Transaction, number: int, *, lock: bool = False) -> Kept:
    kept = await inbox_queue.one(tx, number, lock=lock)
    if kept is None:
        raise fail(Category.NOT_FOUND, f"There is no message {number}")
    return kept


async def replay(deps: Deps, tenant: int, number: int) -> Replayed:
    """Apply a message that waits, through the present profile of its sender.

    The sender hears nothing: it has its answer.

    Raises:
        GatewayError: not found; busy or timeout, where another try may help.
    """
    async with deps.database.transaction(tenant) as tx:
        await _one(tx, number)
    for attempt in range(_TRIES):
        try:
            return await _replay(deps, tenant, number)
        except AmbiguousError as who:
            issues: Sequence[Issue] = [who.issue]
        except GatewayError as error:
            if error.category in PASSING:
                raise
            if error.category is Category.DUPLICATE and attempt < _TRIES - 1:
                continue  # somebody else has just made the same person
            issues = error.issues
        except Exception as error:  # noqa: BLE001 - whatever it was, the others shall have their turn
            deps.log("message.failed", id=number, error=type(error).__name__)
            issues = fail(Category.FAULT, "The message could not be processed; it is kept").issues
        break
    async with deps.database.transaction(tenant) as tx:
        await inbox_queue.tried(tx, number, [issue_row(each) for each in issues])
    deps.log("message.replayed", id=number, outcome="error")
    return Replayed(number, "error", issues)


async def _replay(deps: Deps, tenant: int, number: int) -> Replayed:
    async def work(tx: Transaction) -> Replayed:
        kept = await _one(tx, number, lock=True)
        if kept.state != ERROR:
            return Replayed(number, "not-waiting", appointment=kept.appointment)
        profile = profile_of_kept(deps, tenant, kept.raw, kept.port_sender)
        done = await apply_message(tx, deps, kept.raw, profile, kept.received_at, replayed=True)
        rows = [issue_row(each) for each in done.issues]
        await inbox_queue.applied(tx, number, deps.clock.now(), rows, done.appointment)
        return Replayed(number, outcome_of(done.issues), done.issues, done.appointment)

    found = await deps.database.run(tenant, work)
    deps.log("message.replayed", id=number, outcome=found.outcome)
    return found


async def skip(deps: Deps, tenant: int, number: int, reason: str) -> bool:
    """Say that a message shall not be applied, and why.

    Returns:
        False where it does not wait.

    Raises:
        GatewayError: invalid without a reason; not found.
    """
    if not reason.strip():
        raise fail(Category.INVALID, "A reason is needed to skip a message", "reason")
    async with deps.database.transaction(tenant) as tx:
        await _one(tx, number)
        done = await inbox_queue.skipped(tx, number, deps.clock.now(), reason.strip()[:500])
    deps.log("message.skipped", id=number, done=done)
    return done
