"""What follows from what has happened?

The map of all side effects: event or timer to use case. A worker takes each in a transaction with
its effect, so that it happens once.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.engines.waitlist_wave import Occasion
from fhir_gateway.storage import engagements, outbox
from fhir_gateway.storage.outbox import Event
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import horizons, offers
from fhir_gateway.usecases.answers import OFFER_ACCEPTED, OFFER_ANSWERED
from fhir_gateway.usecases.appointments import OFFER_DISPLACED
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.freed import TIME_FREED
from fhir_gateway.usecases.slot_states import areas_of, refresh

Reaction = Callable[[Transaction, Deps, Mapping[str, Any]], Awaitable[None]]


async def _freed(tx: Transaction, deps: Deps, payload: Mapping[str, Any]) -> None:
    await offers.fill(tx, deps, payload["task"], Occasion.FREED)


async def _answered(tx: Transaction, deps: Deps, payload: Mapping[str, Any]) -> None:
    await offers.fill(tx, deps, payload["task"], Occasion.ANSWERED)


async def _wave(tx: Transaction, deps: Deps, payload: Mapping[str, Any]) -> None:
    await offers.fill(tx, deps, payload["task"], Occasion.WAVE)


async def _accepted(tx: Transaction, deps: Deps, payload: Mapping[str, Any]) -> None:
    await offers.accepted(tx, deps, payload["task"])


async def _displaced(tx: Transaction, deps: Deps, payload: Mapping[str, Any]) -> None:
    await offers.displaced(tx, deps, payload["task"])


async def _expired(tx: Transaction, deps: Deps, payload: Mapping[str, Any]) -> None:
    await offers.expire(tx, deps, payload["task"], payload["offer"])


async def _rules(tx: Transaction, deps: Deps, payload: Mapping[str, Any]) -> None:
    await horizons.extend(tx, deps, payload["schedule"])


#: Event or timer → what follows.
REACTIONS: Mapping[str, Reaction] = {
    TIME_FREED: _freed,
    OFFER_ANSWERED: _answered,
    OFFER_ACCEPTED: _accepted,
    OFFER_DISPLACED: _displaced,
    offers.OFFER_EXPIRY: _expired,
    offers.WAVE: _wave,
    horizons.RULES_CHANGED: _rules,
}


#: They take tenths of a second, and many may come at once; those who wait for an offer go first.
SLOW = frozenset({horizons.RULES_CHANGED})


async def due(deps: Deps) -> int:
    """Do what is due now, of what takes long only one; returns how much was done."""
    done = 0
    events = await outbox.waiting(deps.database, deps.worker_role, last=SLOW)
    for event in [each for each in events if each.kind not in SLOW] or events[:1]:
        done += await handle(deps, event)
    for timer in await outbox.due_timers(deps.database, deps.worker_role):
        done += await handle(deps, timer)
    return done


async def handle(deps: Deps, event: Event, *, wait: bool = False) -> bool:
    """Take one event or timer and do what follows from it, in one transaction.

    Args:
        deps: See Deps.
        event: As found.
        wait: Whether to wait for another worker that has the event.

    Returns:
        False where another worker had it, or where it failed and was put back.
    """
    reaction = REACTIONS.get(event.kind)

    async def take(tx: Transaction) -> bool:
        if event.id:
            return await outbox.take(tx, event, wait=wait)
        return await outbox.take_timer(tx, event)

    async def work(tx: Transaction) -> bool:
        if not await take(tx):
            return False
        if reaction is not None:
            await reaction(tx, deps, event.payload)
        return True

    try:
        return await deps.database.run(event.tenant, work)
    except Exception as error:  # noqa: BLE001 - whatever it was, the others have to go on
        deps.log("reaction.failed", kind=event.kind, event=event.id, error=type(error).__name__)
        await _put_back(deps, event, error)
        return False


async def _put_back(deps: Deps, event: Event, error: Exception) -> None:
    async def work(tx: Transaction) -> None:
        if event.id:
            await outbox.postpone(tx, event, f"{type(error).__name__}: {error}")
        else:
            await outbox.postpone_timer(tx, event)

    await deps.database.run(event.tenant, work)


async def promptly(deps: Deps, tenant: int, answer: Mapping[str, Any]) -> None:
    """After an accepted offer, see that the others are told before the winner hears.

    A worker may have begun it already: then this waits for it. Where it fails it is put back, and
    a worker does it later.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        answer: The resource that a client has just created.
    """
    if answer.get("resourceType") != "AppointmentResponse":
        return
    with suppress(GatewayError):
        for event in await outbox.left(deps.database, tenant, OFFER_ACCEPTED):
            await handle(deps, event, wait=True)


async def sweep(deps: Deps) -> int:
    """Correct the Slots of holds that have expired (decision 9); returns how many were removed."""
    removed = 0
    for tenant in deps.tenants:

        async def work(tx: Transaction) -> int:
            rows = await engagements.expired(tx)
            await engagements.release(tx, [each.id for each in rows])
            await refresh(tx, deps, areas_of(rows))
            return len(rows)

        removed += await deps.database.run(tenant, work)
    return removed
