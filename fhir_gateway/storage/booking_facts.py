"""What has to be known before somebody's time is taken?

All of it in one statement: a booking would else spend most of its time on round trips
(performance.md, rule 5).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from fhir_gateway.core.refs import Ref
from fhir_gateway.storage.actors import ScheduleActor
from fhir_gateway.storage.names import table_of
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resource_rows import array
from fhir_gateway.storage.resources import Stored, ids_by_type
from fhir_gateway.storage.wire import Row


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is stored around some bookings.

    Attributes:
        slots: Those of the Slots that are there, by id.
        owners: Actors of the Slots' Schedules.
        roles: PractitionerRole id to `Practitioner/id`, for those that name one.
        schedules: Schedules of everybody: those named, the owners, the roles' practitioners.
        keys: Numbers of those of them that have one, by reference.
        existing: Which of the resources asked for are there.
    """

    slots: dict[str, Stored] = field(default_factory=dict)
    owners: list[ScheduleActor] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    schedules: list[ScheduleActor] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    existing: set[Ref] = field(default_factory=set)


_ACTOR = (
    "substr(a.schedule, 10), a.reference, a.actor_key, a.exclusive, a.buffer_before,"
    " a.buffer_after, NULL::timestamptz, NULL::bytea"
)
_NOTHING = "NULL::boolean, NULL::integer, NULL::integer, NULL::timestamptz, NULL::bytea"

_AROUND = f"""
WITH taken AS MATERIALIZED (
  SELECT r.id, r.version, r.last_updated, r.p_schedule, c.content FROM slot r
  JOIN slot_content c ON c.tenant = r.tenant AND c.id = r.id
  WHERE r.tenant = %(tenant)s AND r.id = ANY(%(slots)s::text[])),
owner AS MATERIALIZED (
  SELECT * FROM schedule_actor
  WHERE tenant = %(tenant)s AND schedule IN (SELECT p_schedule FROM taken)),
acting AS MATERIALIZED (
  SELECT id, p_practitioner FROM practitioner_role WHERE tenant = %(tenant)s
  AND id = ANY(%(roles)s::text[]) AND p_practitioner IS NOT NULL),
everybody AS MATERIALIZED (
  SELECT unnest(%(named)s::text[]) AS reference UNION SELECT reference FROM owner
  UNION SELECT p_practitioner FROM acting)
SELECT 'slot', id, NULL, version::bigint, NULL::boolean, NULL::integer, NULL::integer,
  last_updated, content FROM taken
UNION ALL SELECT 'owner', {_ACTOR} FROM owner a
UNION ALL SELECT 'role', id, p_practitioner, 0, {_NOTHING} FROM acting
UNION ALL SELECT 'schedule', {_ACTOR} FROM schedule_actor a
  WHERE a.tenant = %(tenant)s AND a.reference IN (SELECT reference FROM everybody)
UNION ALL SELECT 'key', NULL, reference, key, {_NOTHING} FROM actor
  WHERE tenant = %(tenant)s AND reference IN (SELECT reference FROM everybody)
"""


@cache
def _existing(type_name: str) -> str:
    return (
        f" UNION ALL SELECT 'there', '{type_name}', id, 0, {_NOTHING} FROM {table_of(type_name)}"
        f" WHERE tenant = %(tenant)s AND id = ANY(%(there_{table_of(type_name)})s::text[])"
    )


async def around(
    tx: Transaction,
    slots: Iterable[str],
    named: Iterable[str],
    roles: Iterable[str],
    there: Iterable[Ref] = (),
) -> Surroundings:
    """Look up everything that has to do with some bookings.

    Args:
        tx: Open transaction.
        slots: Ids of the Slots that they take.
        named: References of those who take part.
        roles: Ids of PractitionerRoles that take part.
        there: Resources of which has to be known whether they are there.
    """
    values = {"tenant": tx.tenant, "slots": array(sorted(set(slots)))}
    values |= {"named": array(sorted(set(named))), "roles": array(sorted(set(roles)))}
    statement = _AROUND
    for name, ids in sorted(ids_by_type(there).items()):
        statement += _existing(name)
        values[f"there_{table_of(name)}"] = array(sorted(ids))
    return _sorted_out(await tx.rows(statement, values))


def _sorted_out(rows: Iterable[Row]) -> Surroundings:
    found = Surroundings()
    for kind, one, other, number, exclusive, before, after, moment, content in rows:
        match kind:
            case "slot":
                found.slots[one] = Stored("Slot", one, number, moment, content)
            case "owner" | "schedule":
                actor = ScheduleActor(one, number, other, exclusive, before, after)
                (found.owners if kind == "owner" else found.schedules).append(actor)
            case "role":
                found.roles[one] = other
            case "key":
                found.keys[other] = number
            case _:
                found.existing.add(Ref(one, other))
    found.owners.sort(key=_by_name)
    found.schedules.sort(key=_by_name)
    return found


def _by_name(actor: ScheduleActor) -> tuple[str, str]:
    return actor.schedule, actor.reference
