"""Whose time is it?

Numbers for whatever can be held, and the Schedules that share it (decision 8).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.wire import Statement


@dataclass(frozen=True, slots=True)
class ScheduleActor:
    """One actor of a Schedule.

    Attributes:
        schedule: Id of the Schedule.
        key: Number of the actor.
        reference: `Practitioner/7`; `Schedule/7` where nobody else is exclusive.
        exclusive: Whether it can be in one place only.
        buffer_before, buffer_after: Minutes kept clear around each booking.
    """

    schedule: str
    key: int
    reference: str
    exclusive: bool
    buffer_before: int
    buffer_after: int


_ADD = (
    "INSERT INTO actor (tenant, reference) SELECT %s, unnest(%s::text[])"
    " ON CONFLICT (tenant, reference) DO NOTHING"
)
_KNOWN = "SELECT reference, key FROM actor WHERE tenant = %s AND reference = ANY(%s)"


async def keys_of(tx: Transaction, references: Iterable[str]) -> dict[str, int]:
    """The number of each actor, given out where it has none yet.

    Args:
        tx: Open transaction.
        references: `Practitioner/7`; PractitionerRoles already resolved.
    """
    wanted = sorted(set(references))
    if not wanted:
        return {}
    known: dict[str, int] = dict(await tx.rows(*_known(tx, wanted)))
    missing = [each for each in wanted if each not in known]
    if missing:
        _, rows = await tx.fetch_batch([(_ADD, (tx.tenant, missing)), _known(tx, wanted)])
        known = dict(rows)
    return known


def _known(tx: Transaction, references: list[str]) -> Statement:
    return _KNOWN, (tx.tenant, references)


async def references_of(tx: Transaction, keys: Iterable[int]) -> dict[int, str]:
    """The reference behind each number."""
    return dict(await tx.rows(*references_statement(tx.tenant, keys)))


def references_statement(tenant: int, keys: Iterable[int]) -> Statement:
    """The statement for number and reference of actors."""
    wanted = sorted(set(keys))
    return "SELECT key, reference FROM actor WHERE tenant = %s AND key = ANY(%s)", (tenant, wanted)


_COLUMNS = "substr(schedule, 10), actor_key, reference, exclusive, buffer_before, buffer_after"


async def of_schedules(tx: Transaction, schedules: Iterable[str]) -> list[ScheduleActor]:
    """The actors of these Schedules."""
    rows = await tx.rows(
        f"SELECT {_COLUMNS} FROM schedule_actor WHERE tenant = %s AND schedule = ANY(%s)"
        " ORDER BY schedule, reference",
        (tx.tenant, sorted(f"Schedule/{each}" for each in set(schedules))),
    )
    return [ScheduleActor(*row) for row in rows]


async def by_references(tx: Transaction, references: Iterable[str]) -> list[ScheduleActor]:
    """The Schedules of these actors."""
    rows = await tx.rows(
        f"SELECT {_COLUMNS} FROM schedule_actor WHERE tenant = %s AND reference = ANY(%s)"
        " ORDER BY schedule, reference",
        (tx.tenant, sorted(set(references))),
    )
    return [ScheduleActor(*row) for row in rows]


async def set_schedule(tx: Transaction, schedule: str, actors: Sequence[ScheduleActor]) -> None:
    """Replace the actors of a Schedule."""
    await tx.execute(
        "DELETE FROM schedule_actor WHERE tenant = %s AND schedule = %s",
        (tx.tenant, f"Schedule/{schedule}"),
    )
    await tx.execute_many(
        "INSERT INTO schedule_actor (tenant, schedule, actor_key, reference, exclusive,"
        " buffer_before, buffer_after) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            (tx.tenant, f"Schedule/{each.schedule}", each.key, each.reference, each.exclusive,
             each.buffer_before, each.buffer_after)
            for each in actors
        ],
    )  # fmt: skip


async def practitioners_of_roles(tx: Transaction, roles: Iterable[str]) -> dict[str, str]:
    """PractitionerRole id to `Practitioner/id`, for those that name one."""
    wanted = sorted(set(roles))
    if not wanted:
        return {}
    return dict(
        await tx.rows(
            "SELECT id, p_practitioner FROM practitioner_role WHERE tenant = %s AND id = ANY(%s)"
            " AND p_practitioner IS NOT NULL",
            (tx.tenant, wanted),
        )
    )
