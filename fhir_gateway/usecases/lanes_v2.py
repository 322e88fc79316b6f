"""How are messages applied that have been answered before?

In the order of receipt for each sender, senders beside each other, each message in a transaction
with the note that it has been. What cannot be applied for now is tried again; until then later
messages about the same appointment wait behind it, and all others pass. Decision 20.
"""

from collections.abc import Sequence
from datetime import datetime

from fhir_gateway.core.errors import PASSING, Category, GatewayError, Issue, fail
from fhir_gateway.mapping.intake import take
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.siu import read_siu
from fhir_gateway.storage import inbox, inbox_lanes
from fhir_gateway.storage.inbox_lanes import Lane, Turn
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.aside import aside
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_people import AmbiguousError
from fhir_gateway.usecases.kept_v2 import issue_row, open_match_task
from fhir_gateway.usecases.receive_v2 import apply_message, profile_of_kept, reused_id

#: Seconds until the next try; after the last the message waits for people.
PATIENCE = (1.0, 5.0, 25.0, 125.0, 600.0)
#: How often others may have made the same person in the meantime.
_TWINS = 3


async def due(deps: Deps) -> list[Lane]:
    """Senders of whom a message waits whose turn has come."""
    return await inbox_lanes.due(deps.database, deps.worker_role)


async def drain(deps: Deps, lane: Lane) -> int:
    """Apply everything in a lane that is due; returns how many messages had their turn."""
    done = 0
    while await advance(deps, lane):
        done += 1
    return done


async def advance(deps: Deps, lane: Lane) -> bool:
    """Let the next message have its turn; False where none is due, or somebody else is at it.

    Raises:
        GatewayError: busy or timeout, where the database cannot be asked.
    """
    turns: list[Turn] = []

    async def work(tx: Transaction) -> bool:
        turns.clear()
        if not await inbox_lanes.claim(tx, lane):
            return False
        turn = await inbox_lanes.turn(tx, lane)
        if turn is None:
            return False
        turns.append(turn)
        await _apply(tx, deps, turn)
        return True

    for attempt in range(_TWINS):
        try:
            return await deps.database.run(lane.tenant, work)
        except AmbiguousError as who:
            return await _leave_to_people(deps, lane, turns[0], [who.issue], who)
        except GatewayError as error:
            if not turns:
                raise
            if error.category in PASSING:
                return await _again(deps, lane, turns[0], error.issues)
            if error.category is Category.DUPLICATE and attempt < _TWINS - 1:
                continue
            issues: Sequence[Issue] = error.issues
        except Exception as error:
            if not turns:
                raise
            deps.log("message.failed", id=turns[0].id, error=type(error).__name__)
            issues = fail(Category.FAULT, "The message could not be processed; it is kept").issues
        break
    return await _leave_to_people(deps, lane, turns[0], issues)


async def _apply(tx: Transaction, deps: Deps, turn: Turn) -> None:
    profile = profile_of_kept(deps, tx.tenant, turn.raw, turn.port_sender)
    until = await _behind(turn, profile)
    if until is not None:
        inbox_lanes.wait_for(tx, turn.id, until)
        return
    done = await apply_message(
        tx, deps, turn.raw, profile, turn.received_at, replayed=turn.attempts > 0
    )
    issues = [*done.issues, *([reused_id()] if turn.reused else [])]
    rows = [issue_row(each) for each in issues]
    inbox_lanes.settle(tx, turn.id, inbox.SENT, rows, done.appointment)


async def _behind(turn: Turn, profile: SenderProfile) -> datetime | None:
    """Until when a message has to wait for an earlier one about the same; None if it need not."""
    if not turn.blocked:
        return None
    own = await _keys(turn.raw, profile, turn.received_at)
    waits = [
        until
        for raw, until in turn.blocked
        if not own.isdisjoint(await _keys(raw, profile, turn.received_at))
    ]
    return max(waits, default=None)


async def _keys(
    raw: bytes, profile: SenderProfile, received_at: datetime
) -> frozenset[tuple[str, str]]:
    """What the appointment of a message is known by; empty for what is about none."""
    try:
        message = await aside(raw, lambda: take(raw, profile))
        if message.event[0] != "SIU":
            return frozenset()
        intent = await aside(raw, lambda: read_siu(message, profile, received_at))
    except GatewayError:
        return frozenset()
    return frozenset((each["system"], each["value"]) for each in (*intent.keys, *intent.parents))


async def _again(deps: Deps, lane: Lane, turn: Turn, issues: Sequence[Issue]) -> bool:
    """Try a message again later, or leave it to people after the last try."""
    if turn.attempts >= len(PATIENCE):
        return await _leave_to_people(deps, lane, turn, issues)

    async def work(tx: Transaction) -> None:
        rows = [issue_row(each) for each in issues]
        inbox_lanes.postpone(tx, turn.id, PATIENCE[turn.attempts], rows)

    deps.log("message.postponed", id=turn.id, attempts=turn.attempts + 1)
    await deps.database.run(lane.tenant, work)
    return True


async def _leave_to_people(
    deps: Deps, lane: Lane, turn: Turn, issues: Sequence[Issue], who: AmbiguousError | None = None
) -> bool:
    async def work(tx: Transaction) -> None:
        if who is not None:
            await open_match_task(tx, deps, turn.control_id, who)
        told = [*issues, *([reused_id()] if turn.reused else [])]
        inbox_lanes.settle(tx, turn.id, inbox.ERROR, [issue_row(each) for each in told], None)

    deps.log("message.kept", id=turn.id, state=inbox.ERROR)
    await deps.database.run(lane.tenant, work)
    return True
