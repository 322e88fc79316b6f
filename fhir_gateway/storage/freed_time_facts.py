"""What is stored around a time that has come free?

Its Slots, their Schedule and everybody who is needed, in one round trip (performance.md, rule 5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.core.refs import Ref
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, ids_by_type, select_many

_SCHEDULES = (
    "ANY(ARRAY(SELECT substr(p_schedule, 10) FROM slot WHERE tenant = %s AND id = ANY(%s)))"
    " ORDER BY r.id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is stored around a freed time.

    Attributes:
        slots: Those of its Slots that are there.
        schedule: The Schedule of the first of them by id; None where there is none.
        actors: Those who are needed and are there.
        now: The database's clock.
    """

    slots: list[Stored]
    schedule: Stored | None
    actors: dict[Ref, Stored]
    now: datetime


async def scene(tx: Transaction, slots: Iterable[str], actors: Iterable[Ref]) -> Scene:
    """Read what is around a freed time.

    Args:
        tx: Open transaction.
        slots: Ids of its Slots.
        actors: Who is needed; those of types that are not served are left out.
    """
    ids = sorted(set(slots))
    by_type = ids_by_type(actors)
    clock, found, schedules, *people = await tx.fetch_batch(
        [
            ("SELECT clock_timestamp()", None),
            (select_many("Slot"), (tx.tenant, ids)),
            (select_many("Schedule").replace("ANY(%s)", _SCHEDULES), (tx.tenant, tx.tenant, ids)),
            *((select_many(name), (tx.tenant, sorted(each))) for name, each in by_type.items()),
        ]
    )
    read = [Stored(name, *row) for name, rows in zip(by_type, people, strict=True) for row in rows]
    return Scene(
        [Stored("Slot", *row) for row in found],
        next((Stored("Schedule", *row) for row in schedules), None),
        {each.ref: each for each in read},
        clock[0][0],
    )
