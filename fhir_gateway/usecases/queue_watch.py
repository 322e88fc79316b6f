"""How do those who watch a queue see each change at once, wherever it was made?

One board for each queue that somebody watches in this process. A notice of any process, the
clock of the queue, or a look each second at the numbers of the last changes make it look again;
what has changed is written once and handed to every watcher. Whoever does not keep up loses what
waits and gets a fresh snapshot instead. Decisions 11 and 24.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from fhir_gateway.core.refs import relative
from fhir_gateway.storage import queues
from fhir_gateway.storage.announcements import Announcements
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.queue_configuration import QUEUED_AT
from fhir_gateway.usecases.queue_frames import SHOWN, Shot, error, shot
from fhir_gateway.usecases.queue_scene import no_queue, view_of

#: Frames that wait for one watcher before they give way to a snapshot.
MOST_WAITING = 16
#: Past numbers at which somebody can go on.
MOST_PAST = 64
#: Seconds between two looks at one queue, so that a burst of changes is one frame.
PACE = 0.02
#: Seconds after which numbers are compared, should a notice have been lost.
PERIOD = 1.0
#: Periods in which a frame has to be taken.
PATIENCE = 30
TOO_SLOW = "too-slow"
#: Boards that look at the same time.
_ABREAST = 4

Key = tuple[int, str]


class Watcher:
    """Somebody who watches a queue.

    Attributes:
        board: Of the queue.
        over: Why nothing more will come; None while it goes on.
        at_it: How many looks at the numbers ago the last frame was taken and no other asked for.
    """

    def __init__(self, board: "Board", task: "asyncio.Task[object] | None") -> None:
        self.board = board
        self.over: str | None = None
        self.at_it = -1
        self._task = task
        self._waiting: deque[str] = deque()
        self._behind = False
        self._woken = asyncio.Event()

    def give(self, frame: str) -> None:
        """Hand over a frame, or let it give way to a snapshot where too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            self.give_snapshot()
        elif not self._behind:
            self._waiting.append(frame)
            self._woken.set()

    def give_snapshot(self) -> None:
        """Let the next frame be a fresh snapshot, whatever waits."""
        self._waiting.clear()
        self._behind = True
        self._woken.set()

    def end(self, reason: str) -> None:
        """Let nothing more come."""
        self.over = reason
        self._woken.set()

    def grow_impatient(self) -> None:
        """Let go of somebody who has been at one frame for too long; called each PERIOD."""
        if self.at_it < 0:
            return
        self.at_it += 1
        if self.at_it > PATIENCE and self.over is None:
            self.end(TOO_SLOW)
            if self._task is not None:
                self._task.cancel()

    async def next(self) -> str | None:
        """Wait for the next frame; None where nothing more will come."""
        self.at_it = -1
        while True:
            if self._behind and self.board.current is not None:
                self._behind, self.at_it = False, 0
                return self.board.snapshot()
            if self._waiting:
                self.at_it = 0
                return self._waiting.popleft()
            if self.over is not None:
                return None
            self._woken.clear()
            await self._woken.wait()


@dataclass(slots=True)
class Board:
    """One queue that is watched in this process.

    Attributes:
        key: Tenant's number and reference.
        current: What is shown; None before the first look, and where there is no such queue.
        past: Number -> tickets that were shown at it, the oldest first.
        watchers: Who watches.
        coming: How many are about to.
        due: By the loop's clock, when the time alone changes what is shown.
        rested: By the same, from when it may look again.
        stale: Whether something has changed since the last look.
    """

    key: Key
    current: Shot | None = None
    past: OrderedDict[int, frozenset[str]] = field(default_factory=OrderedDict)
    watchers: set[Watcher] = field(default_factory=set)
    coming: int = 0
    due: float = 0.0
    rested: float = 0.0
    stale: bool = True
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    written: str = ""

    def snapshot(self) -> str:
        """The frame that has everything, written once."""
        assert self.current is not None  # noqa: S101 - nobody watches what is not there
        if not self.written:
            self.written = self.current.snapshot()
        return self.written

    def show(self, new: Shot) -> None:
        """Keep a new state and tell everybody what is different."""
        old, self.current, self.written = self.current, new, ""
        self.past[new.sequence] = self.past.get(new.sequence, frozenset()) | new.tickets
        while len(self.past) > MOST_PAST:
            self.past.popitem(last=False)
        if old is None or not new.live:
            return
        frame = new.delta(old)
        if frame is None:
            return
        for each in self.watchers:
            each.give(frame)
        # It runs when all of them have been woken and have sent what there is.
        loop = asyncio.get_running_loop()
        loop.call_soon(self._sent, loop.time())

    def _sent(self, begun: float) -> None:
        """Rest for as long as it took, so that half of the time is left for others."""
        now = asyncio.get_running_loop().time()
        self.rested = now + max(PACE, now - begun)

    def first(self, since: int | None) -> str:
        """The first frame: what has changed since a number that is remembered, or everything."""
        assert self.current is not None  # noqa: S101 - as above
        if since is None or since not in self.past:
            return self.snapshot()
        return self.current.delta_since(since, self.past[since])


class QueueWatch:
    """All that is watched in one process.

    Args:
        deps: See Deps.
        announcements: Of the same database; nobody else uses them.
    """

    def __init__(self, deps: Deps, announcements: Announcements) -> None:
        self._deps = deps
        self._announcements = announcements
        self._boards: dict[Key, Board] = {}
        self._topics: dict[str, Board] = {}
        self._woken = asyncio.Event()
        self._closed = False

    async def find(self, tenant: int, name: str) -> str:
        """The reference of a queue.

        Args:
            tenant: Number of the tenant.
            name: `HealthcareService/7`, `Location/7`, or the id alone.

        Raises:
            GatewayError: not-found.
        """
        if (tenant, name) in self._boards:
            return name
        wanted = [name] if relative(name) else [f"{kind}/{name}" for kind in QUEUED_AT]
        if not all(map(relative, wanted)):
            raise no_queue(name)
        async with self._deps.database.transaction(tenant) as tx:
            found = await queues.existing(tx, wanted)
        if not found:
            raise no_queue(name)
        return found[0]

    async def watch(self, tenant: int, reference: str, since: int | None = None) -> Watcher:
        """Begin to watch; the first frame waits already.

        Args:
            tenant: Number of the tenant.
            reference: Of the queue.
            since: Number of the last frame that has been seen; None for the first time.

        Raises:
            GatewayError: not-found; busy, where the database cannot be asked now.
        """
        key = (tenant, reference)
        board = self._boards.get(key)
        if board is None:
            board = self._boards[key] = Board(key)
            self._topics[queues.topic(tenant, reference)] = board
        watcher = Watcher(board, asyncio.current_task())
        board.coming += 1
        try:
            if board.current is None:
                await self._look(board, only_first=True)
            if board.current is None:
                raise no_queue(reference)
            board.watchers.add(watcher)
        finally:
            board.coming -= 1
            self._forget(board)
        watcher.give(board.first(since))
        if self._closed:
            watcher.end("closing")
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Stop watching."""
        watcher.board.watchers.discard(watcher)
        self._forget(watcher.board)

    def _forget(self, board: Board) -> None:
        """Take away a board that nobody watches."""
        if not board.watchers and not board.coming and self._boards.get(board.key) is board:
            del self._boards[board.key]
            self._topics.pop(queues.topic(*board.key), None)

    async def refresh(self, watcher: Watcher) -> None:
        """Give a watcher a snapshot of this moment (`get_status`)."""
        await self._look(watcher.board)
        watcher.give_snapshot()

    def resume(self, watcher: Watcher, since: int) -> None:
        """Give a watcher what has changed since a number, or a snapshot."""
        watcher.give(watcher.board.first(since))

    def error(self, watcher: Watcher, code: str, text: str) -> None:
        """Tell a watcher what was wrong with a frame of theirs (row Q11)."""
        now = self._deps.clock.now()
        watcher.give(error(watcher.board.key[1], now, code, text))

    def close(self) -> None:
        """Let everybody go."""
        self._closed = True
        for board in self._boards.values():
            for each in board.watchers:
                each.end("closing")

    async def run(self) -> None:
        """Tell, hear and show, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._announcements.tell())
            group.create_task(self._announcements.hear(self._heard))
            group.create_task(self._show())
            group.create_task(self._compare())

    def _heard(self, topic: str | None) -> None:
        boards = self._boards.values() if topic is None else [self._topics.get(topic)]
        for board in boards:
            if board is not None:
                board.stale = True
        self._woken.set()

    async def _show(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            now = clock()
            ready = [each for each in self._boards.values() if self._wants(each, now)]
            for first in range(0, len(ready), _ABREAST):
                await asyncio.gather(*(self._try(each) for each in ready[first : first + _ABREAST]))
            if not ready:
                await self._rest(clock())

    def _wants(self, board: Board, now: float) -> bool:
        return bool(board.watchers) and board.rested <= now and (board.stale or board.due <= now)

    async def _rest(self, now: float) -> None:
        """Wait for a notice, for the next clock, or for a board that must not look yet."""
        moments = [
            each.rested if each.stale else max(each.due, each.rested)
            for each in self._boards.values()
            if each.watchers
        ]
        seconds = min([PERIOD, *(max(0.0, each - now) for each in moments)])
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _try(self, board: Board) -> None:
        try:
            await self._look(board)
        except Exception as error:  # noqa: BLE001 - the others have to be shown
            board.stale = True
            board.rested = asyncio.get_running_loop().time() + PERIOD
            self._deps.log("queue.look-failed", queue=board.key[1], error=type(error).__name__)

    async def _look(self, board: Board, *, only_first: bool = False) -> None:
        """Read the queue and show it."""
        async with board.looking:
            if only_first and board.current is not None:
                return
            board.stale = False
            tenant, reference = board.key
            now = self._deps.clock.now()
            async with self._deps.database.transaction(tenant, snapshot=True) as tx:
                state = (await queues.read(tx, [reference], now=now)).get(reference)
            clock = asyncio.get_running_loop().time()
            if state is None:
                board.current = None
                for each in board.watchers:
                    each.end("no-queue")
                board.due = board.rested = float("inf")
                return
            new = shot(state, view_of(state, now, count=SHOWN), now)
            board.due = clock + new.seconds if new.live else float("inf")
            board.rested = clock + PACE
            board.show(new)

    async def _compare(self) -> None:
        """Look at the numbers each second, should a notice have been lost."""
        while True:
            await asyncio.sleep(PERIOD)
            for board in self._boards.values():
                for each in board.watchers:
                    each.grow_impatient()
            for tenant in {tenant for tenant, _ in self._boards}:
                try:
                    await self._compare_in(tenant)
                except Exception as error:  # noqa: BLE001 - the same
                    self._deps.log("queue.look-failed", error=type(error).__name__)

    async def _compare_in(self, tenant: int) -> None:
        names = [name for each, name in self._boards if each == tenant]
        async with self._deps.database.transaction(tenant) as tx:
            found = await queues.sequences(tx, names)
        for board in self._all(tenant, names):
            if board.current is not None and found.get(board.key[1]) != board.current.sequence:
                board.stale = True
                self._woken.set()

    def _all(self, tenant: int, names: Iterable[str]) -> Iterable[Board]:
        return [self._boards[tenant, each] for each in names if (tenant, each) in self._boards]
