"""Who sends the messages that wait for other systems?

One connection to each destination, kept open; of all processes the one that holds the lock of a
destination sends to it. The oldest message that may leave goes first, one at a time unless the
destination takes several, never two about one Appointment. Decision 19.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.outbound.destinations import Destination
from fhir_gateway.outbound.mllp import UNREACHABLE, MllpLink
from fhir_gateway.storage import dispatches, locks
from fhir_gateway.storage.dispatches import Dispatch
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import send_v2
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.pacing import Pace

#: Seconds between two looks, whether or not anybody woke the sender.
PERIOD = 1.0


async def send(deps: Deps, stop: asyncio.Event) -> None:
    """Send until told to stop; a message that is under way is waited for.

    Args:
        deps: See Deps.
        stop: Set to end it.
    """
    senders = [
        _Sender(deps, tenant, each) for tenant, found in deps.destinations.items() for each in found
    ]
    while senders and not stop.is_set():
        try:
            # Open as long as messages are sent: the locks in it end with this process.
            async with deps.database.transaction(0) as tx:
                await _all(senders, _Locks(tx), stop)
        except Exception as error:  # noqa: BLE001 - whatever it was, messages have to go on
            deps.log("outbound.failed", error=type(error).__name__)
            await _pause(stop, PERIOD)


class _Locks:
    """One transaction that holds destinations; who asks for one learns that it is still there."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._turn = asyncio.Lock()

    async def hold(self, name: str) -> bool:
        async with self._turn:
            return await locks.try_hold(self._tx, name)


async def _all(senders: Sequence["_Sender"], held: _Locks, stop: asyncio.Event) -> None:
    """Let all of them send; where one fails the others stop, since the locks may be lost."""
    running = [asyncio.create_task(each.run(held, stop)) for each in senders]
    try:
        await asyncio.gather(*running)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@dataclass(slots=True)
class _Sender:
    """Sends to one destination."""

    deps: Deps
    tenant: int
    destination: Destination
    others: list[bytes] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.destination)

    async def run(self, held: _Locks, stop: asyncio.Event) -> None:
        """Send until told to stop."""
        key = f"outbound|{self.tenant}|{self.destination.name}"
        async with self._link() as link:
            while not stop.is_set():
                self.wake.clear()
                await self._take_others()
                if wait := self.pace.wait(self._now()):
                    await _pause(stop, wait)
                elif not await held.hold(key) or not await self._round(link):
                    await self._woken(stop)
        await self._take_others()

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[MllpLink]:
        told = self.destination
        link = MllpLink(
            told.host,
            told.port,
            on_other=self._other,
            tls=told.tls_context(),
            server_name=told.tls.server_name if told.tls else None,
            connect_timeout=told.connect_timeout,
        )
        self.deps.database.alarms.add(self.wake)
        try:
            yield link
        finally:
            self.deps.database.alarms.discard(self.wake)
            await link.close()

    def _other(self, frame: bytes) -> None:
        self.others.append(frame)
        self.wake.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _round(self, link: MllpLink) -> bool:
        """Send what may leave now; False where there is nothing."""
        self._tell()
        if self.destination.confirm == "application":
            given_up = await send_v2.give_up_overdue(self.deps, self.tenant, self.destination)
            if given_up:
                self.deps.log("outbound.silent", destination=self.destination.name, count=given_up)
        limit = self.pace.limit(self._now())
        async with self.deps.database.transaction(self.tenant) as tx:
            taken = await dispatches.claim(tx, self.destination.name, limit)
        results = await asyncio.gather(*(self._send(link, each) for each in taken))
        unsent = [each.id for each, sent in zip(taken, results, strict=True) if not sent]
        if unsent:
            async with self.deps.database.transaction(self.tenant) as tx:
                await dispatches.put_back(tx, unsent)
        self._tell()
        return bool(taken)

    async def _send(self, link: MllpLink, message: Dispatch) -> bool:
        """Send one message and keep what comes of it; False where nobody could be reached."""
        told = self.destination
        try:
            answer = await link.send(message.control_id, message.raw, told.ack_timeout)
        except GatewayError as error:
            self.pace.failed(self._now(), _chance())
            reached = all(each.details != UNREACHABLE for each in error.issues)
            why = "timeout" if error.category is Category.TIMEOUT else "connection"
            self._log("unanswered" if reached else "unreachable", message, why=why)
            if reached:
                await self._keep_unanswered(message, str(error))
            return reached
        self.pace.answered()
        await self._keep(answer, message)
        return True

    async def _keep(self, answer: bytes, message: Dispatch) -> None:
        try:
            state = await send_v2.answered(
                self.deps, self.tenant, self.destination, answer, _chance()
            )
        except Exception as error:  # noqa: BLE001 - one message must not stop the others
            self._log("unsettled", message, error=type(error).__name__)
            await self._keep_unanswered(message, "the answer could not be kept")
            return
        self._log(state or "settled-before", message)
        if state is None:
            # Neither yes nor no, in a code that nobody knows: it must not be sent for ever.
            await self._keep_unanswered(message, "the answer is no acknowledgement code")

    async def _keep_unanswered(self, message: Dispatch, why: str) -> None:
        state = await send_v2.unanswered(
            self.deps, self.tenant, self.destination, message, why, _chance()
        )
        if state == dispatches.DEAD:
            self._log("dead", message)

    async def _take_others(self) -> None:
        """Look at answers to messages that are not under way: late ones, second ones, strange."""
        while self.others:
            frame = self.others.pop(0)
            try:
                state = await send_v2.answered(
                    self.deps, self.tenant, self.destination, frame, _chance()
                )
            except Unreadable:
                state = None
            except Exception as error:  # noqa: BLE001 - what is late can wait, others cannot
                self.deps.log(
                    "outbound.unsettled",
                    destination=self.destination.name,
                    error=type(error).__name__,
                )
                self.others.append(frame)
                return
            name = self.destination.name
            action = "outbound.ignored" if state is None else "outbound.late"
            self.deps.log(action, destination=name, state=state)

    def _tell(self) -> None:
        """Log that the circuit has changed."""
        state = self.pace.news(self._now())
        if state is not None:
            self.deps.log("outbound.circuit", destination=self.destination.name, state=state)

    def _log(self, what: str, message: Dispatch, **more: str) -> None:
        self.deps.log(
            f"outbound.{what}",
            destination=self.destination.name,
            control_id=message.control_id,
            event=message.event,
            appointment=message.appointment,
            attempt=message.attempts,
            **more,
        )

    async def _woken(self, stop: asyncio.Event) -> None:
        """Wait for a commit of this process, a late answer, the end, or a second."""
        waiting = [asyncio.ensure_future(each.wait()) for each in (self.wake, stop)]
        try:
            await asyncio.wait(waiting, timeout=PERIOD, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()


def _chance() -> float:
    return random.random()  # noqa: S311 - spreads tries over time, no secret


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
