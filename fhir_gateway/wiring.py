"""How are the parts put together into one running process?

The only place that knows all of them: database, doors, workers, and the order in which they start
and stop.
"""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import structlog
import uvicorn

from fhir_gateway import sender_files
from fhir_gateway.api.app import make_app
from fhir_gateway.configuration import read_destinations
from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.ids import RandomIds
from fhir_gateway.engines.quiet_hours import quiet_hours
from fhir_gateway.fhir import models
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.listening import Port, cause_of, close_ports, open_ports, place_of, renew
from fhir_gateway.outbound.destinations import by_tenant
from fhir_gateway.settings import Settings
from fhir_gateway.storage.announcements import Announcements
from fhir_gateway.storage.opening import call_tenant, open_database, prepare
from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.roles import Role
from fhir_gateway.storage.tenants import DEFAULT, all_tenants, signing_key
from fhir_gateway.usecases import seed
from fhir_gateway.usecases.deps import Deps, Policy
from fhir_gateway.usecases.queue_watch import QueueWatch
from fhir_gateway.usecases.reaching import channels
from fhir_gateway.usecases.senders import Senders
from fhir_gateway.workers.horizon import keep_horizons
from fhir_gateway.workers.judge import judge
from fhir_gateway.workers.lanes import apply_received
from fhir_gateway.workers.loop import work
from fhir_gateway.workers.refitting import refit_daily
from fhir_gateway.workers.sender import send

#: Below the data directory: where the embedded database lives.
DATABASE_FOLDER = "postgresql"
#: What is done beside the doors, each until it is told to stop.
_WORKERS = (work, apply_received, keep_horizons, refit_daily)
#: Bytes of a frame that somebody who watches a queue may send.
MAX_FRAME = 16 << 10


@dataclass(frozen=True, slots=True)
class Clinic:
    """What an empty database is filled with.

    Args:
        name: Of the tenant.
        zone: IANA zone of the tenant.
        resources: Makes them for a moment.
    """

    name: str
    zone: str
    resources: Callable[[datetime], Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Running:
    """Where the process can be reached.

    Attributes:
        base: FHIR base address.
        mllp: Host and port of HL7 v2.
        seeded: Whether a clinic was written just now.
        more_mllp: Further ports.
    """

    base: str
    mllp: str
    seeded: bool
    more_mllp: tuple[str, ...] = ()


def serve(
    settings: Settings,
    *,
    clinic: Clinic | None = None,
    started: Callable[[Running], None] = lambda _: None,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what has begun.

    Args:
        settings: See Settings.
        clinic: Written into the default tenant where it is empty.
        started: Called when everything answers.
        progress: Told what is being done before that.

    Raises:
        GatewayError: a port is in use, the database cannot be had or is not prepared.
    """
    _configure_log(settings.log_level)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, clinic, started, progress))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


async def _serve(
    settings: Settings,
    clinic: Clinic | None,
    started: Callable[[Running], None],
    progress: Callable[[str], None],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with AsyncExitStack() as stack:
        # fhir.resources takes a second to build its models; nobody should wait for it later.
        warming = asyncio.create_task(asyncio.to_thread(models.load, CATALOGUE))
        listening = stack.enter_context(_listening(settings.host, settings.http_port))
        deps, seeded = await stack.enter_async_context(_opened(settings, clinic, progress))
        ports = await open_ports(settings, deps)
        stack.push_async_callback(close_ports, ports, settings.drain_seconds)
        if hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, _read_again, settings, deps, ports)
        watch = QueueWatch(deps, Announcements(deps.database))
        watching = asyncio.create_task(watch.run())
        http = _HttpServer(_http_config(settings, deps, watch))
        serving = asyncio.create_task(http.serve(sockets=[listening]))
        working = [asyncio.create_task(each(deps, stop)) for each in _WORKERS]
        sending = asyncio.create_task(send(deps, stop))
        judging = asyncio.create_task(judge(deps, stop))
        await _first(http.ready.wait(), serving, watching, *working)
        await warming
        gc.freeze()  # what stays for good is not looked through while somebody waits
        port = listening.getsockname()[1]
        place = place_of(settings.host, port)
        base = (settings.public_base_url or f"http://{place}").rstrip("/") + "/fhir"
        if http.ready.is_set():
            first, *more = [each.place for each in ports]
            started(Running(base, first, seeded, tuple(more)))
            await _first(stop.wait(), serving, watching, *working)
        stop.set()
        watch.close()
        http.should_exit = True
        await close_ports(ports, settings.drain_seconds)
        judging.cancel()
        watching.cancel()
        await asyncio.wait([sending], timeout=settings.drain_seconds)
        sending.cancel()
        await asyncio.gather(sending, judging, watching, return_exceptions=True)
        await asyncio.gather(serving, *working)


def _read_again(settings: Settings, deps: Deps, ports: Sequence[Port]) -> None:
    """SIGHUP: descriptions of senders, and certificates of ports."""
    needed = [each.listener.file.sender for each in ports if each.listener.file.sender]
    sender_files.reload(deps, settings.config_dir, needed)
    renew(settings, deps, ports)


async def _first(event: Coroutine[Any, Any, Any], *tasks: asyncio.Future[Any]) -> None:
    """Wait for an event, or for a task that ends before its time."""
    waiting = asyncio.ensure_future(event)
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


class _HttpServer(uvicorn.Server):
    """Stops when we say so: signals are ours, because more than HTTP has to be ended."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _http_config(settings: Settings, deps: Deps, watch: QueueWatch) -> uvicorn.Config:
    async def ready() -> bool:
        try:
            await all_tenants(deps.database)
        except GatewayError:
            return False
        return True

    app = make_app(
        deps,
        ready=ready,
        software_version=version("fhir-gateway"),
        public_base_url=settings.public_base_url,
        origins=_listed(settings.cors_origins),
        trusted_proxies=_listed(settings.trusted_proxies),
        watch=watch,
    )
    return uvicorn.Config(
        app,
        http=_connections(),
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME,
        ws_per_message_deflate=False,  # small frames; it costs more time than it saves
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,  # who is trusted is decided in one place, by the FHIR door
        lifespan="off",
        timeout_graceful_shutdown=int(settings.drain_seconds),
        h11_max_incomplete_event_size=64 * 1024,
    )


def _connections() -> Any:
    if sys.platform == "win32":
        return "auto"
    from fhir_gateway.api.connections import GuardedConnection  # needs httptools

    return GuardedConnection


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        text = f"HTTP cannot listen on {host}:{port}: {cause_of(error)}; choose another --http-port"
        raise fail(Category.CONFLICT, text, "http_port") from error
    with listening:
        yield listening


@asynccontextmanager
async def _opened(
    settings: Settings, clinic: Clinic | None, progress: Callable[[str], None]
) -> AsyncIterator[tuple[Deps, bool]]:
    """The database, migrated and filled, and all that the use cases need."""
    told = read_destinations(settings.config_dir)
    async with database_urls(settings, progress) as (url, owner_url):
        await prepare(url, owner_url)
        # Whoever sends keeps one connection for itself.
        size = settings.database_connections + bool(told)
        database = await open_database(url, size=size)
        try:
            deps = await dependencies(settings, database)
            seeded = clinic is not None and await seed.is_empty(deps, DEFAULT)
            if clinic is not None and seeded:
                progress("Writing the sample clinic")
                await call_tenant(owner_url, DEFAULT, name=clinic.name, zone=clinic.zone)
                deps = await dependencies(settings, database)
                await seed.fill(deps, DEFAULT, clinic.resources(deps.clock.now()))
            yield deps, seeded
        finally:
            await database.close()


@asynccontextmanager
async def database_urls(
    settings: Settings, progress: Callable[[str], None]
) -> AsyncIterator[tuple[str, str]]:
    """Addresses for the application and for the owner; the embedded server where none is given."""
    if settings.database_url is not None:
        yield settings.database_url, settings.database_owner_url or settings.database_url
        return
    from fhir_gateway.storage.embedded import Embedded  # needs a POSIX system

    progress("Starting the embedded PostgreSQL")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    directory = settings.data_dir.absolute() / DATABASE_FOLDER
    server = await asyncio.to_thread(Embedded.start, directory)
    try:
        yield server.url(), server.url()
    finally:
        await asyncio.to_thread(server.stop)


async def dependencies(
    settings: Settings, database: Database, *, log: Callable[..., None] | None = None
) -> Deps:
    """All that the use cases need.

    Args:
        settings: See Settings.
        database: Open.
        log: Instead of the log of the process.

    Raises:
        GatewayError: invalid, where the description of a sender or of a destination is wrong.
    """
    tenants = await all_tenants(database)
    told = read_destinations(settings.config_dir)
    return Deps(
        database=database,
        worker_role=Role.WORKER,
        clock=SystemClock(),
        ids=RandomIds(),
        tenants={each.id: each for each in tenants},
        destinations=by_tenant(told, {each.slug: each.id for each in tenants}),
        signing_key=await signing_key(database),
        policy=Policy(
            slots=settings.slot_policy,
            waitlist=settings.waitlist_policy,
            no_show=settings.no_show_policy,
            queue=settings.queue_policy,
            queue_ordering=settings.queue_ordering,
            offer_hold=settings.offer_hold,
            minimum_notice=settings.minimum_notice,
            slot_notice=settings.slot_notice,
            notice_by_type=settings.minimum_notice_by_type,
            quiet_hours=quiet_hours(settings.quiet_hours),
            channels=channels(_listed(settings.channels)),
            require_if_match=settings.require_if_match,
            strict_feeds=settings.strict_feeds,
        ),
        profiles=Senders(sender_files.read_senders(settings.config_dir)),
        log=log or structlog.get_logger().info,
    )


def _configure_log(level: str) -> None:
    """One JSON line for each event, on the error output."""
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(message)s")
    for noisy in ("uvicorn", "alembic", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
