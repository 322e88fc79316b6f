"""Which messages are kept and answered, and not applied yet?

They are applied one lane at a time: a lane is a sender (MSH-3, MSH-4), in the order of receipt.
One that cannot be applied for now is tried again later, and lets the others of its lane pass.
Decision 20; reliability-security.md section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from fhir_gateway.storage import locks
from fhir_gateway.storage.inbox import RECEIVED
from fhir_gateway.storage.postgres import Database, Transaction


@dataclass(frozen=True, slots=True, order=True)
class Lane:
    """The messages of one sender.

    Attributes:
        tenant: Number of the tenant.
        application, facility: MSH-3 and MSH-4.
    """

    tenant: int
    application: str
    facility: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A message whose turn has come.

    Attributes:
        id: Its number.
        raw: The bytes.
        received_at: Aware.
        control_id: MSH-10.
        attempts: How often it has been tried.
        port_sender: See `inbox.Received`.
        reused: Whether another message had the same control id before.
        blocked: Earlier ones of the lane that wait to be tried again: (bytes, when).
    """

    id: int
    raw: bytes
    received_at: datetime
    control_id: str
    attempts: int
    port_sender: str | None
    reused: bool
    blocked: Sequence[tuple[bytes, datetime]] = ()


# The state stands in the statements, for the index holds nothing but messages in that state. From
# lane to lane it is one step, however many messages wait in each.
_LANE = "SELECT tenant, application, facility FROM inbox"
_DUE = f"""
WITH RECURSIVE lane AS (
  ({_LANE} WHERE state = '{RECEIVED}' ORDER BY tenant, application, facility LIMIT 1)
  UNION ALL
  SELECT following.* FROM lane, LATERAL ({_LANE} WHERE state = '{RECEIVED}'
    AND (tenant, application, facility) > (lane.tenant, lane.application, lane.facility)
    ORDER BY tenant, application, facility LIMIT 1) AS following
)
SELECT tenant, application, facility FROM lane WHERE EXISTS (SELECT FROM inbox i
  WHERE i.tenant = lane.tenant AND i.application = lane.application AND i.facility = lane.facility
  AND i.state = '{RECEIVED}' AND (retry_at IS NULL OR retry_at <= clock_timestamp()))
"""


async def due(database: Database, role: str) -> list[Lane]:
    """Lanes of any tenant in which a message is due."""
    async with database.transaction(0, role=role) as tx:
        rows = await tx.rows(_DUE)
    return [Lane(*row) for row in rows]


async def claim(tx: Transaction, lane: Lane) -> bool:
    """Have a lane for the rest of the transaction; False where somebody else has it."""
    return await locks.try_hold(tx, f"inbox lane|{lane.tenant}|{lane.application}|{lane.facility}")


_NEXT = f"""
SELECT i.id, raw, received_at, control_id, attempts, port_sender, EXISTS (SELECT FROM inbox_key k
    WHERE k.tenant = i.tenant AND k.application = i.application AND k.facility = i.facility
    AND k.control_id = i.control_id AND k.sha256 <> i.sha256 AND k.received_at <= i.received_at),
  EXISTS (SELECT FROM inbox b WHERE b.tenant = i.tenant AND b.application = i.application
    AND b.facility = i.facility AND b.state = '{RECEIVED}' AND b.id < i.id)
FROM inbox i WHERE tenant = %s AND application = %s AND facility = %s AND state = '{RECEIVED}'
  AND (retry_at IS NULL OR retry_at <= clock_timestamp()) ORDER BY id LIMIT 1 FOR UPDATE OF i
"""
_BLOCKED = f"""
SELECT raw, retry_at FROM inbox WHERE tenant = %s AND application = %s AND facility = %s
AND state = '{RECEIVED}' AND id < %s AND retry_at IS NOT NULL ORDER BY id
"""


async def turn(tx: Transaction, lane: Lane) -> Turn | None:
    """The next message of a lane that has been claimed; None where none is due."""
    sender = (lane.tenant, lane.application, lane.facility)
    row = await tx.row(_NEXT, sender)
    if row is None:
        return None
    found = Turn(*row[:-1])
    if not row[-1]:
        return found
    blocked = await tx.rows(_BLOCKED, (*sender, row[0]))
    return replace(found, blocked=[(raw, at) for raw, at in blocked])


_SETTLE = (
    "UPDATE inbox SET state = %s, issues = %s, appointment = %s, retry_at = NULL"
    " WHERE tenant = %s AND id = %s"
)
_POSTPONE = (
    "UPDATE inbox SET attempts = attempts + 1, issues = %s,"
    " retry_at = clock_timestamp() + make_interval(secs => %s) WHERE tenant = %s AND id = %s"
)
_WAIT = "UPDATE inbox SET retry_at = %s WHERE tenant = %s AND id = %s"
Issues = Sequence[dict[str, Any]]


def settle(
    tx: Transaction, number: int, state: str, issues: Issues, appointment: str | None
) -> None:
    """Note what became of a message, in the transaction of its effect."""
    values = (state, Jsonb(list(issues)), appointment, tx.tenant, number)
    tx.later([(_SETTLE, values)])


def postpone(tx: Transaction, number: int, seconds: float, issues: Issues) -> None:
    """Let a message that could not be applied be tried again."""
    tx.later([(_POSTPONE, (Jsonb(list(issues)), seconds, tx.tenant, number))])


def wait_for(tx: Transaction, number: int, until: datetime) -> None:
    """Let a message wait behind an earlier one about the same."""
    tx.later([(_WAIT, (until, tx.tenant, number))])
