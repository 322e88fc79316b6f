"""How are many messages at once made durable by few commits?

Messages that wait at the same moment are kept by one statement, which is a transaction of its own
(group commit); while it runs, the next ones gather. Their effect comes later, from the inbox.
Decision 20.
"""

import asyncio
from collections.abc import Sequence

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.storage.inbox import RECEIVED, MessageKey, Received
from fhir_gateway.storage.inbox_lanes import Lane
from fhir_gateway.storage.postgres import Database

#: Transactions of one tenant that may be under way together.
_AT_ONCE = 2
#: Messages in one of them.
_MOST = 200

# Arrays travel in binary: bytes as text would cost more than all the rest.
_KEYS = "%(application)s::text[], %(facility)s::text[], %(control_id)s::text[], %(sha256)b::bytea[]"
_KEEP = f"""
WITH told AS (
  SELECT * FROM unnest({_KEYS}, %(received_at)b::timestamptz[], %(ack)b::bytea[],
    %(peer)b::text[], %(raw)b::bytea[], %(event)b::text[], %(ack_code)b::text[],
    %(port_sender)s::text[]) WITH ORDINALITY AS told(application, facility, control_id, sha256,
    received_at, ack, peer, raw, event, ack_code, port_sender, place)
),
fresh AS (
  INSERT INTO inbox_key (tenant, application, facility, control_id, sha256, received_at, ack)
  SELECT %(tenant)s, application, facility, control_id, sha256, received_at, ack FROM told
  ORDER BY application, facility, control_id, sha256
  ON CONFLICT DO NOTHING RETURNING application, facility, control_id, sha256
)
INSERT INTO inbox (tenant, received_at, peer, raw, sha256, application, facility, control_id,
  event, state, ack, ack_code, port_sender)
SELECT %(tenant)s, received_at, peer, raw, sha256, application, facility, control_id,
  event, '{RECEIVED}', ack, ack_code, port_sender
FROM told JOIN fresh USING (sha256, control_id, facility, application) ORDER BY place
"""
#: By the key of each, whatever the planner knows of the table.
_ANSWERS = f"""
SELECT told.*, (SELECT ack FROM inbox_key k WHERE k.tenant = %(tenant)s
  AND k.application = told.application AND k.facility = told.facility
  AND k.control_id = told.control_id AND k.sha256 = told.sha256)
FROM unnest({_KEYS}) AS told(application, facility, control_id, sha256)
"""

_Waiting = dict[MessageKey, tuple[Received, list["asyncio.Future[bytes]"]]]


async def keep_received(
    database: Database, tenant: int, messages: Sequence[Received]
) -> dict[MessageKey, bytes]:
    """Keep messages whose effect is still to come; what has been kept before stays as it is.

    Args:
        database: Where the inbox is.
        tenant: Number of the tenant.
        messages: No two with the same key.

    Returns:
        What each is answered: what it was answered before, where it has been kept before. All of
        them are durable.

    Raises:
        GatewayError: busy or timeout, where the database cannot be asked.
    """
    keys = {
        "tenant": tenant,
        "application": [each.key.application for each in messages],
        "facility": [each.key.facility for each in messages],
        "control_id": [each.key.control_id for each in messages],
        "sha256": [each.key.sha256 for each in messages],
    }
    told = {
        "received_at": [each.received_at for each in messages],
        "ack": [each.ack for each in messages],
        "peer": [each.peer for each in messages],
        "raw": [each.raw for each in messages],
        "event": [each.event for each in messages],
        "ack_code": [each.ack_code for each in messages],
        "port_sender": [each.port_sender for each in messages],
    }
    kept = await database.execute(tenant, _KEEP, keys | told)
    if kept == len(messages):
        return {each.key: each.ack for each in messages}
    rows = await database.query(tenant, _ANSWERS, keys)
    if any(row[4] is None for row in rows):
        raise fail(Category.BUSY, "What was answered before is being forgotten")
    return {MessageKey(*row[:4]): row[4] for row in rows}


class Intake:
    """Keeps messages that wait at the same moment together.

    Args:
        database: Where the inbox is.

    Attributes:
        arrived: Set after a commit that left messages to be applied.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[int, _Waiting] = {}
        self._running: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.arrived = asyncio.Event()
        self._lanes: set[Lane] = set()

    @property
    def busy(self) -> bool:
        """Whether messages are being kept right now."""
        return any(self._running.values())

    def take_lanes(self) -> set[Lane]:
        """The lanes in which messages have been left since this was last asked."""
        lanes, self._lanes = self._lanes, set()
        return lanes

    async def keep(self, tenant: int, message: Received) -> bytes:
        """Keep a message; it is durable when this returns.

        Returns:
            Its answer; that of before where it has been kept before.

        Raises:
            GatewayError: busy, where the database cannot be asked; nothing is kept then.
        """
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(tenant, {})
        waiting.setdefault(message.key, (message, []))[1].append(future)
        if self._running.get(tenant, 0) < _AT_ONCE:
            self._running[tenant] = self._running.get(tenant, 0) + 1
            task = asyncio.create_task(self._work(tenant))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _work(self, tenant: int) -> None:
        """Keep until nobody waits any more."""
        try:
            while waiting := self._waiting.get(tenant):
                part = {key: waiting.pop(key) for key in [*waiting][:_MOST]}
                await self._keep(tenant, part)
        finally:
            self._running[tenant] -= 1

    async def _keep(self, tenant: int, waiting: _Waiting) -> None:
        messages = [message for message, _ in waiting.values()]
        try:
            answers = await keep_received(self._database, tenant, messages)
        except Exception as error:  # noqa: BLE001 - everybody who waits has to hear of it
            if len(waiting) > 1 and not _passing(error):
                for key, one in waiting.items():  # one of them is at fault, not the others
                    await self._keep(tenant, {key: one})
                return
            for future in _open(waiting):
                future.set_exception(error)
        except BaseException:
            for future in _open(waiting):
                future.cancel()
            raise
        else:
            self._lanes.update(Lane(tenant, key.application, key.facility) for key in waiting)
            self.arrived.set()
            for key, (_, futures) in waiting.items():
                for future in futures:
                    if not future.done():
                        future.set_result(answers[key])


def _passing(error: Exception) -> bool:
    return isinstance(error, GatewayError) and error.category in (Category.BUSY, Category.TIMEOUT)


def _open(waiting: _Waiting) -> list["asyncio.Future[bytes]"]:
    return [each for _, futures in waiting.values() for each in futures if not each.done()]
