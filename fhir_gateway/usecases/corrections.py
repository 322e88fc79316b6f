"""What becomes of a message that a person has corrected?

The original is kept as it came; the corrected copy stands beside it, says which one it corrects,
who did it, when and why, and is applied in the same transaction. Where it cannot be applied either,
nothing is kept of it and the original goes on waiting.

Source: decision 20; hl7v2.md section 6, row 5; decision record 0025.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_gateway.core.errors import PASSING, Category, GatewayError, Issue, fail
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header, peek
from fhir_gateway.mapping.previews import Difference, differences, preview
from fhir_gateway.mapping.reading import clean
from fhir_gateway.storage import inbox_queue
from fhir_gateway.storage.inbox import ERROR, REFUSED
from fhir_gateway.storage.inbox_queue import Correction, Kept
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_order import outcome_of
from fhir_gateway.usecases.feed_people import AmbiguousError
from fhir_gateway.usecases.kept_v2 import issue_row
from fhir_gateway.usecases.receive_v2 import apply_message, profile_of_kept

_LONGEST = 200
#: What may still be corrected.
_OPEN = frozenset({ERROR, REFUSED})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that has been changed; '' where it was not, or is not, there."""

    place: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a correction changes.

    Attributes:
        fields: Of the message.
        elements: Of the resources that it comes to, through the present profile of its sender.
    """

    fields: Sequence[FieldChange]
    elements: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Corrected:
    """What became of a correction.

    Attributes:
        number: Of the corrected message; None where it could not be applied.
        outcome: `applied`, `superseded` (kept as dealt with: a newer message had been applied) or
            `error` (the original waits as before).
        issues: What was wrong or odd.
        appointment: Id of the Appointment.
    """

    number: int | None
    outcome: str
    issues: Sequence[Issue] = ()
    appointment: str | None = None


def field_changes(before: bytes, after: bytes) -> tuple[FieldChange, ...]:
    """Fields that differ, by their places, in the order of the message as it was."""
    old, new = _fields(before), _fields(after)
    return tuple(
        FieldChange(each, old.get(each, ""), new.get(each, ""))
        for each in dict.fromkeys([*old, *new])
        if old.get(each, "") != new.get(each, "")
    )


def _fields(raw: bytes) -> dict[str, str]:
    try:
        message = Message.parse(raw)
    except GatewayError:
        return {"": raw.decode("utf-8", "backslashreplace")}
    return {
        segment.location(number): text
        for segment in message.segments
        for number in range(1, segment.field_count + 1)
        if (text := segment.raw_field(number))
    }


async def plan(deps: Deps, tenant: int, number: int, raw: bytes) -> Plan:
    """What a correction would change; nothing is stored.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        number: Of the message that waits.
        raw: As it shall be.

    Raises:
        GatewayError: not found; invalid, without MSH; conflict, where it does not wait.
    """
    _header(raw)
    async with deps.database.transaction(tenant) as tx:
        kept = await _waiting(tx, number)
    after = preview(raw, profile_of_kept(deps, tenant, raw, kept.port_sender), kept.received_at)
    elements: Sequence[Difference] = ()
    if peek(kept.raw) is not None:
        profile = profile_of_kept(deps, tenant, kept.raw, kept.port_sender)
        elements = differences(preview(kept.raw, profile, kept.received_at), after)
    return Plan(field_changes(kept.raw, raw), elements)


async def correct(
    deps: Deps, tenant: int, number: int, raw: bytes, *, by: str, reason: str
) -> Corrected:
    """Apply a corrected message in place of one that waits.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        number: Of the message that waits (state `error` or `refused`).
        raw: As it shall be.
        by: Who has corrected it.
        reason: Why.

    Raises:
        GatewayError: not found; invalid, without MSH, reason or name; conflict, where it does not
            wait or nothing has been changed; busy or timeout, where another try may help.
    """
    if not reason.strip() or not by.strip():
        raise fail(Category.INVALID, "A correction needs a reason and somebody's name", "reason")
    header = _header(raw)

    async def work(tx: Transaction) -> Corrected:
        kept = await _waiting(tx, number, lock=True)
        if kept.raw == raw:
            raise fail(Category.CONFLICT, "Nothing has been changed; `replay` applies it as it is")
        profile = profile_of_kept(deps, tx.tenant, raw, kept.port_sender)
        try:
            done = await apply_message(tx, deps, raw, profile, kept.received_at, replayed=True)
        except GatewayError as error:
            raise error if error.category in PASSING else _Unfit(error.issues) from error
        except AmbiguousError as who:
            raise _Unfit([who.issue]) from who
        kind, event, _ = header.event
        application, facility = header.sender
        made = Correction(
            raw=raw,
            event=clean(f"{kind}^{event}")[:_LONGEST],
            control_id=clean(header.control_id)[:_LONGEST],
            sender=(clean(application)[:_LONGEST], clean(facility)[:_LONGEST]),
            issues=[issue_row(each) for each in done.issues],
            appointment=done.appointment,
            by=by.strip()[:_LONGEST],
            at=deps.clock.now(),
            reason=reason.strip()[:500],
        )
        copy = await inbox_queue.corrected(tx, kept, made)
        return Corrected(copy, outcome_of(done.issues), done.issues, done.appointment)

    try:
        found = await deps.database.run(tenant, work)
    except _Unfit as why:
        deps.log("message.correction-refused", id=number)
        return Corrected(None, "error", why.issues)
    deps.log("message.corrected", id=number, corrected=found.number, outcome=found.outcome)
    return found


class _Unfit(Exception):  # noqa: N818 - it ends the transaction, and is no error of ours
    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__()
        self.issues = issues


def _header(raw: bytes) -> Header:
    header = peek(raw)
    if header is None:
        raise fail(Category.INVALID, "What has been made of it has no MSH", "MSH^1")
    return header


async def _waiting(tx: Transaction, number: int, *, lock: bool = False) -> Kept:
    kept = await inbox_queue.one(tx, number, lock=lock)
    if kept is None:
        raise fail(Category.NOT_FOUND, f"There is no message {number}")
    if kept.state not in _OPEN:
        text = f"Message {number} is {kept.state} and does not wait; only what waits is corrected"
        raise fail(Category.CONFLICT, text)
    return kept
