"""How many appointments does a Slot take?

One, unless its extension `slot-capacity` says more: then each Appointment has a seat for each of
its patients, and nobody else gets the time of the Slot. Decision 10; decision record 0027; SMART
Scheduling Links (slot-capacity).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from fhir_gateway.core.codes import EXT_SLOT_CAPACITY
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.storage import engagements
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases.zones import extension

Resource = dict[str, Any]

MOST_SEATS = 1000


def seats_of(slot: Resource) -> int:
    """How many seats a stored Slot has."""
    said = (extension(slot, EXT_SLOT_CAPACITY) or {}).get("valueInteger", 1)
    return said if isinstance(said, int) and 1 <= said <= MOST_SEATS else 1


def shared(slots: Sequence[Resource]) -> Resource | None:
    """The Slot of which an Appointment takes seats; None where it takes the whole time.

    Who needs several Slots needs them whole.
    """
    return slots[0] if len(slots) == 1 and seats_of(slots[0]) > 1 else None


def offers_the_same(read: Resource, now: Stored) -> bool:
    """Whether a Slot still has the time and the seats that it had when it was read.

    Args:
        read: With its version; what is held in it may have changed since.
        now: As it is stored.
    """
    if read["meta"]["versionId"] == str(now.version):
        return True
    slot = now.resource()
    told = all(read.get(each) == slot.get(each) for each in ("schedule", "start", "end"))
    return told and seats_of(read) == seats_of(slot)


def check_seats(slot: Resource) -> None:
    """Make sure that a Slot says how many seats it has in a way that is understood.

    Raises:
        GatewayError: unprocessable.
    """
    for place, each in enumerate(slot.get("extension", ())):
        said = each.get("valueInteger")
        if each["url"] == EXT_SLOT_CAPACITY and (said is None or not 1 <= said <= MOST_SEATS):
            raise GatewayError(Category.UNPROCESSABLE, Issue(
                f"slot-capacity is a valueInteger of 1 to {MOST_SEATS}",
                (f"Slot.extension[{place}]",), "value",
            ))  # fmt: skip


def with_seats(extensions: Iterable[Resource], seats: int) -> list[Resource]:
    """Extensions of a Slot that has so many seats."""
    others = [each for each in extensions if each["url"] != EXT_SLOT_CAPACITY]
    told = [{"url": EXT_SLOT_CAPACITY, "valueInteger": seats}] if seats > 1 else []
    return [*others, *told]


async def in_the_way(
    tx: Transaction, wanted: Sequence[Engagement], *, without_task: str = ""
) -> bool:
    """Whether exclusive rows cannot be had: other time overlaps, or there are too few seats.

    Args:
        tx: Open transaction.
        wanted: One row for each seat of each actor; may be empty.
        without_task: Id of a Task whose hold does not count.
    """
    counted = Counter(wanted)
    found = await engagements.beside(tx, list(counted), without_task=without_task)
    return any(
        lacking(each, number, rows) > 0
        or any(other.exclusive and not other.shares_with(each) for other in rows)
        for (each, number), rows in zip(counted.items(), found, strict=True)
    )


def lacking(each: Engagement, number: int, beside: Iterable[Engagement]) -> int:
    """How many seats there are too few, of those that rows of one actor want of one Slot.

    Args:
        each: One of the rows.
        number: How many they are.
        beside: What the actor has at that time.
    """
    taken = sum(other.active and other.exclusive and other.shares_with(each) for other in beside)
    return max(0, number + taken - each.seats)
