"""How do clients write Slots?

A Slot says what is held. A new one may say that its time is taken elsewhere (busy) or blocked
(busy-unavailable); a stored one can be turned from free to busy-unavailable and back, which makes
or removes a block. Everything else follows from bookings (decision 9).
"""

from collections.abc import Iterable
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import Interval
from fhir_gateway.storage import actors, engagements, resources, slot_statuses
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Write
from fhir_gateway.storage.slot_statuses import SlotState
from fhir_gateway.usecases import blocking, storing
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import span_of
from fhir_gateway.usecases.seats import check_seats, seats_of
from fhir_gateway.usecases.slot_states import areas_of, is_stale, refresh, refresh_slots

Resource = dict[str, Any]

#: What a new Slot of that status holds.
_KINDS = {"busy": engagements.TAKEN, "busy-unavailable": engagements.BLOCK}
_FREELY = frozenset({"free", "busy-unavailable"})


async def create(tx: Transaction, deps: Deps, write: Write) -> Stored:
    """Keep a new Slot.

    Raises:
        GatewayError: unprocessable, where it is busy-tentative: only a hold or offer makes it so;
            or for seats that cannot be.
    """
    slot = write.resource
    check_seats(slot)
    if slot["status"] == "busy-tentative":
        raise _refuse("Only a hold, an offer or a pending booking makes a Slot busy-tentative")
    kind = _KINDS.get(slot["status"])
    rows = await _rows(tx, slot, kind) if kind is not None else []
    await engagements.insert(tx, rows)
    stored = await storing.store(tx, deps, write)
    states = await refresh(tx, deps, areas_of(rows))
    states += await refresh_slots(tx, deps, [slot["id"]])
    return await _present(tx, stored, states)


async def update(tx: Transaction, deps: Deps, old: Stored, write: Write) -> Stored:
    """Put a Slot in the place of the one that is stored.

    Raises:
        GatewayError: conflict, for a status that only bookings can give, and for moving a Slot
            whose time is held, or giving it other seats while anybody has one.
    """
    before, slot = old.resource(), write.resource
    check_seats(slot)
    turned = (before["status"], slot["status"])
    held = before["status"] not in ("free", "entered-in-error") or await _seated(tx, old.id)
    if turned[0] != turned[1] and turned[1] != "entered-in-error" and not set(turned) <= _FREELY:
        raise _conflict(f"A client cannot turn a Slot from {turned[0]} to {turned[1]}")
    if held and turned[1] == "entered-in-error":
        raise _conflict("Time is held in this Slot; cancel the booking first")
    own = await engagements.of_slot(tx, slot["id"])
    if held and _moved(before, slot) and not own:
        raise _conflict("Time is held in this Slot; move the booking instead", "Slot.start")
    if turned == ("busy-unavailable", "free") and not own:
        raise _conflict("The time is taken by a booking of somebody whose Slot this is")
    stored = await _put(tx, deps, own, turned, write, moved=_moved(before, slot))
    # Asked now that the Slot is locked: who books a seat meanwhile has to wait.
    if seats_of(before) != seats_of(slot) and await _seated(tx, old.id):
        raise _conflict("Time is held in this Slot; its seats stay as they are", "Slot.extension")
    return stored


async def _seated(tx: Transaction, slot: str) -> bool:
    """Whether anybody has a seat, though the Slot may be free."""
    return any(each.seated for each in await slot_statuses.states_of_slots(tx, [slot]))


async def _put(
    tx: Transaction,
    deps: Deps,
    own: list[Engagement],
    turned: tuple[str, str],
    write: Write,
    *,
    moved: bool,
) -> Stored:
    """Time first and then Slots, as bookings do, so that neither waits for the other."""
    slot = write.resource
    kind = own[0].kind if own else _KINDS.get(turned[1])
    if turned[0] == turned[1] and not moved:
        stored = await storing.store(tx, deps, write)
        return await _present(tx, stored, await refresh_slots(tx, deps, [slot["id"]]))
    await engagements.release(tx, [each.id for each in own])
    rows: list[Engagement] = []
    if kind is not None and turned[1] in _KINDS:
        rows = await _rows(tx, slot, kind)
        if (own or turned[0] != turned[1]) and len(await engagements.insert(tx, rows)) < len(rows):
            raise _conflict("The time is held; a block cannot take it")
    stored = await storing.store(tx, deps, write)
    promoted = await blocking.promote(tx, own)
    states = await refresh(tx, deps, areas_of([*own, *rows, *promoted]))
    states += await refresh_slots(tx, deps, [slot["id"]])
    await blocking.settle(tx, deps, own, promoted)
    return await _present(tx, stored, states)


async def check_removal(tx: Transaction, old: Stored) -> None:
    """Refuse to delete a Slot in which time is held by a booking, a hold or an offer.

    Raises:
        GatewayError: conflict.
    """
    states = await slot_statuses.states_of_slots(tx, [old.id])
    own = await engagements.of_slot(tx, old.id)
    if any(e.seated or e.derived in ("busy", "busy-tentative") for e in states) and not own:
        raise _conflict("Time is held in this Slot", "Slot.status")


async def removed(tx: Transaction, deps: Deps, old: Stored) -> None:
    """Give back what the Slot itself held."""
    await blocking.release(tx, deps, await engagements.of_slot(tx, old.id))


async def _present(tx: Transaction, stored: Stored, states: Iterable[SlotState]) -> Stored:
    """The version now: a Slot that did not say what is held has been corrected."""
    if not any(map(is_stale, states)):
        return stored
    found = await resources.read(tx, stored.ref)
    return found or stored


def _moved(before: Resource, after: Resource) -> bool:
    names = ("schedule", "start", "end")
    return any(before.get(each) != after.get(each) for each in names)


async def _rows(tx: Transaction, slot: Resource, kind: str) -> list[Engagement]:
    schedule = reference_of(slot.get("schedule"))
    span = span_of(slot)
    if schedule is None or span is None:
        raise fail(
            Category.UNPROCESSABLE, "A Slot needs a Schedule of this server", "Slot.schedule"
        )
    owners = await actors.of_schedules(tx, [schedule.id])
    return [_row(each.key, span, kind, slot["id"]) for each in owners if each.exclusive]


def _row(key: int, span: Interval, kind: str, slot: str) -> Engagement:
    return Engagement(actor_key=key, during=span, core=span, kind=kind, slots=(slot,))


def _refuse(text: str) -> GatewayError:
    return GatewayError(
        Category.UNPROCESSABLE, Issue(text, ("Slot.status",), "business-rule", "derived-status")
    )


def _conflict(text: str, expression: str = "Slot.status") -> GatewayError:
    return GatewayError(Category.CONFLICT, Issue(text, (expression,), "conflict", "derived-status"))
