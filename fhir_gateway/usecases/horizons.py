"""How do Schedules with rules keep their Slots ninety days ahead?

When a Schedule is written the workers generate at once; each hour they look at all of them, which
moves the horizon on and corrects whatever does not say what is held. Decision 9.
"""

from collections.abc import Callable

from fhir_gateway.core.codes import EXT_AVAILABILITY
from fhir_gateway.core.refs import Ref
from fhir_gateway.storage import generated_slots, outbox, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.generating import Outcome, Resource, generate
from fhir_gateway.usecases.zones import extension

#: An outbox event: a Schedule with rules was written.
RULES_CHANGED = "rules-changed"


async def schedule_written(tx: Transaction, now: Resource, before: Resource | None) -> None:
    """Have the Slots follow a Schedule that has rules, or had some.

    Args:
        tx: The transaction that writes it.
        now: As it will be.
        before: As it was; None for a new one.
    """
    if any(each and extension(each, EXT_AVAILABILITY) for each in (now, before)):
        await outbox.publish(tx, RULES_CHANGED, {"schedule": now["id"]})


async def extend(tx: Transaction, deps: Deps, schedule: str) -> Outcome | None:
    """Generate for one Schedule; None where it is no longer there."""
    stored = await resources.read(tx, Ref("Schedule", schedule))
    return await generate(tx, deps, stored) if stored else None


async def extend_all(deps: Deps, stopped: Callable[[], bool] = lambda: False) -> int:
    """Generate for every Schedule with rules of every tenant, each in its own transaction.

    Args:
        deps: See Deps.
        stopped: Asked before each Schedule: whether to leave the rest for another time.

    Returns:
        How many Slots were made. One Schedule that fails keeps no other from its Slots.
    """
    made = 0
    for tenant in deps.tenants:
        ids = await deps.database.run(tenant, generated_slots.schedules_with_availability)
        for each in ids:
            if stopped():
                return made
            made += await _extend(deps, tenant, each)
    return made


async def _extend(deps: Deps, tenant: int, schedule: str) -> int:
    async def work(tx: Transaction) -> Outcome | None:
        return await extend(tx, deps, schedule)

    try:
        outcome = await deps.database.run(tenant, work)
    except Exception as error:  # noqa: BLE001 - whatever it was, the others have to go on
        deps.log("horizon.failed", tenant=tenant, schedule=schedule, error=type(error).__name__)
        return 0
    return outcome.created if outcome else 0
