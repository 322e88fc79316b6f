"""What does a Slot say, after somebody's time has changed?

Slot.status is never set, it is derived from what is held, in the transaction that holds it
(decision 9).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_gateway.core.time import Interval
from fhir_gateway.storage import resources, slot_statuses
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.storage.slot_statuses import SlotState
from fhir_gateway.usecases import storing
from fhir_gateway.usecases.deps import Deps


@dataclass(frozen=True, slots=True)
class Area:
    """Somebody's time that has changed."""

    actor_key: int
    span: Interval


def areas_of(rows: Iterable[Engagement]) -> list[Area]:
    """The time that these rows take or took, of exclusive actors only."""
    return [Area(each.actor_key, each.during) for each in rows if each.exclusive]


async def refresh(tx: Transaction, deps: Deps, areas: Iterable[Area]) -> list[SlotState]:
    """Bring every Slot in these areas to what `busy` says.

    The Slots are locked before they are looked at, so that two changes beside each other cannot
    both miss what the other does.

    Returns:
        All Slots in the areas as they were found once they were locked; `derived` is the status
        that they have now.
    """
    by_span: dict[Interval, set[int]] = {}
    for each in areas:
        by_span.setdefault(each.span, set()).add(each.actor_key)
    if not by_span:
        return []
    return await _correct(tx, deps, await slot_statuses.locked_in(tx, list(by_span.items())))


async def refresh_slots(tx: Transaction, deps: Deps, ids: Iterable[str]) -> list[SlotState]:
    """The same for Slots by id."""
    return await _correct(tx, deps, await slot_statuses.locked(tx, ids))


async def _correct(tx: Transaction, deps: Deps, states: list[SlotState]) -> list[SlotState]:
    writes = [
        write
        for each in states
        if is_stale(each) and (write := _corrected(each, each.stored)) is not None
    ]
    await storing.store_all(tx, deps, writes)
    return states


def is_stale(state: SlotState) -> bool:
    """Whether a Slot did not say what is held when it was looked at."""
    return state.status != state.derived or state.overbooked != state.says_overbooked


def _corrected(state: SlotState, stored: Stored | None) -> resources.Write | None:
    if stored is None:
        return None
    slot = stored.resource()
    slot["status"] = state.derived
    if state.overbooked:
        slot["overbooked"] = True
    else:
        slot.pop("overbooked", None)
    return resources.replacing(stored, slot)
