"""How are the ports for HL7 v2 opened, each bound to its tenant and its sender?

Source: hl7v2.md sections 3.1 and 3.2; decision 0015.
"""

import asyncio
import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.hl7.ack import frames
from fhir_gateway.hl7.peer import Closed, Hooks, Notice, Peer
from fhir_gateway.hl7.server import MllpServer
from fhir_gateway.listeners import Listener, read_listeners
from fhir_gateway.settings import Settings
from fhir_gateway.usecases import receive_v2
from fhir_gateway.usecases.deps import Deps


@dataclass(frozen=True, slots=True)
class Port:
    """One port that is listened on.

    Attributes:
        listener: As it was described.
        server: Itself.
    """

    listener: Listener
    server: MllpServer

    @property
    def place(self) -> str:
        """Host and port."""
        return place_of(self.listener.file.host, self.server.port)


async def open_ports(settings: Settings, deps: Deps) -> list[Port]:
    """Listen on all ports, or on none.

    Raises:
        GatewayError: invalid, where a file is wrong or names a tenant or a sender that is not
            known; conflict, where a port cannot be had.
    """
    prepared = [_prepared(deps, each) for each in read_listeners(settings)]
    ports: list[Port] = []
    try:
        for port in prepared:
            await _start(port)
            ports.append(port)
    except BaseException:
        await close_ports(ports, 0)
        raise
    return ports


async def close_ports(ports: Iterable[Port], grace: float) -> None:
    """Finish what has begun on all of them, for so many seconds at most."""
    await asyncio.gather(*(each.server.stop(grace) for each in ports))


def _prepared(deps: Deps, listener: Listener) -> Port:
    file, name = listener.file, listener.name
    tenant = _tenant(deps, listener)
    line = receive_v2.Line(file.sender, file.ack_mode)
    if file.sender is not None and receive_v2.named(deps, file.sender) is None:
        text = f"{listener.origin}: sender: no file in senders/ is called {file.sender}"
        raise fail(Category.INVALID, text, listener.origin)
    oversize = receive_v2.oversize_answer(deps, line)

    async def handle(frame: bytes, peer: Peer) -> tuple[bytes, ...]:
        sender = place_of(peer.host, peer.port)
        return frames(await receive_v2.receive(deps, tenant, frame, sender, line) or b"")

    def failed(error: Exception, peer: Peer) -> None:
        deps.log("mllp.failed", listener=name, peer=peer.host, error=type(error).__name__)

    def noticed(notice: Notice, peer: Peer) -> None:
        told = {"reason": notice.reason} if isinstance(notice, Closed) else {}
        kind = type(notice).__name__
        deps.log("mllp.noticed", listener=name, peer=peer.host, notice=kind, **told)

    server = MllpServer(
        handle,
        file.host,
        file.port,
        hooks=Hooks(on_error=failed, on_notice=noticed, on_oversize=lambda head, _: oversize(head)),
        limits=listener.limits,
        tls=listener.tls,
        admit=listener.admits,
        release=file.release,
    )
    return Port(listener, server)


def _tenant(deps: Deps, listener: Listener) -> int:
    slug = listener.file.tenant
    found = next((each.id for each in deps.tenants.values() if each.slug == slug), None)
    if found is None:
        text = f"{listener.origin}: tenant: there is no tenant {slug}"
        raise fail(Category.INVALID, text, listener.origin)
    return found


async def _start(port: Port) -> None:
    try:
        await port.server.start()
    except OSError as error:
        place = place_of(port.listener.file.host, port.listener.file.port)
        text = f"MLLP cannot listen on {place}: {cause_of(error)}; {port.listener.remedy}"
        raise fail(Category.CONFLICT, text, port.listener.origin) from error


def place_of(host: str, port: int) -> str:
    """Host and port as people write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def cause_of(error: OSError) -> str:
    """Why the system refused, without what the library adds to it."""
    known = error.errno in errno.errorcode
    return os.strerror(error.errno) if known and error.errno else str(error.strerror or error)
