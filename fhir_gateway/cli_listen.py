"""What would an EHR get, and what does somebody send? A port that acknowledges, shows and keeps.

For trying out a destination, and for the first messages of a new sender, which `profile suggest`
learns from. Nothing is mapped, and no database is needed.
"""

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from fhir_gateway.cli_desk import stop
from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.ids import RandomIds
from fhir_gateway.core.time import format_instant
from fhir_gateway.demo.echo import echo_of
from fhir_gateway.hl7 import ack
from fhir_gateway.hl7.ack_codes import AckCode, ack_modes
from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.peek import peek
from fhir_gateway.hl7.server import Hooks, MllpServer, Peer

_CODES = ("AA", "AE", "AR", "CA")
_SILENT = "none"
#: A message before it is answered; False: enough have come.
Taken = Callable[[bytes], bool]


def listen(
    host: Annotated[str, typer.Option(help="On which interface.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 2576,
    answer: Annotated[
        str, typer.Option(help=f"What is answered: {', '.join(_CODES)} or {_SILENT}.")
    ] = "AA",
    out: Annotated[
        Path | None, typer.Option(help="Folder that each message is written to.")
    ] = None,
    echo: Annotated[
        bool, typer.Option("--echo", help="Tell each booking back, with an id of our own.")
    ] = False,
    to: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where it is told back to.")
    ] = "127.0.0.1:2575",
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many messages.", show_default="never")
    ] = None,
) -> None:
    """Take HL7 v2 messages over MLLP, acknowledge, show and keep them."""
    if answer.upper() not in (*_CODES, _SILENT.upper()):
        stop(f"--answer {answer}: there are {', '.join((*_CODES, _SILENT))}")
    code = AckCode(answer.upper()) if answer.upper() in _CODES else None
    place, _, number = to.rpartition(":")
    if not place or not number.isdecimal() or not 0 < int(number) < 65536:
        stop(f"'{to}' is not host:port")
    console = Console(soft_wrap=True)
    heard = 0

    def taken(raw: bytes) -> bool:
        nonlocal heard
        heard += 1
        console.print(_line(raw, _written(out, heard, raw) if out is not None else ""))
        console.print(
            raw.decode("utf-8", "replace").replace("\r", "\n"), markup=False, highlight=False
        )
        return count is None or heard < count

    def ready(at: int) -> None:
        console.print(f"[dim]Listening on {escape(host)}:{at}; Ctrl-C ends it[/]")

    async def tell_back(raw: bytes) -> None:
        console.print(await _told_back(raw, place.strip("[]"), int(number)), highlight=False)

    back = tell_back if echo and code is AckCode.AA else None
    try:
        asyncio.run(hear(host, port, code, taken=taken, ready=ready, then=back))
    except OSError as error:
        stop(f"{error.filename or f'{host}:{port}'}: {error.strerror or error}")


async def hear(
    host: str,
    port: int,
    code: AckCode | None,
    *,
    taken: Taken,
    ready: Callable[[int], None],
    then: Callable[[bytes], Awaitable[None]] | None = None,
) -> None:
    """Acknowledge what comes until a signal, or until enough has come.

    Args:
        host: Interface.
        port: 0 takes a free one.
        code: Of the application acknowledgements; None answers nothing.
        taken: Called with each message.
        ready: Called with the port once it is listened on.
        then: Called with each message after it has been answered, one after the other.

    Raises:
        OSError: the port cannot be had, or a message cannot be kept.
    """
    ended, failures, later = asyncio.Event(), list[Exception](), asyncio.Queue[bytes]()

    async def handle(frame: bytes, _peer: Peer) -> tuple[bytes, ...]:
        found = messages(frame)
        for each in found:
            if not taken(each):
                ended.set()
            later.put_nowait(each)
        return tuple(one for each in found for one in _answers(each, code))

    async def go_on() -> None:
        while True:
            raw = await later.get()
            try:
                if then is not None and peek(raw) is not None:
                    await then(raw)
            finally:
                later.task_done()

    def failed(error: Exception, _peer: Peer) -> None:
        failures.append(error)
        ended.set()

    server = MllpServer(handle, host, port, hooks=Hooks(on_error=failed))
    await server.start()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # not on Windows, where Ctrl-C raises
            loop.add_signal_handler(each, ended.set)
    ready(server.port)
    going_on = asyncio.create_task(go_on())
    try:
        await ended.wait()
    finally:
        await server.stop(grace=5.0)
        await later.join()
        going_on.cancel()
    if failures:
        raise failures[0]


def _control_id() -> str:
    return RandomIds().new().replace("-", "")[:20]


def _answers(raw: bytes, code: AckCode | None) -> list[bytes]:
    """What MSH-15 and MSH-16 ask for, in the order in which it is sent."""
    if code is None:
        return []
    header, now = peek(raw), SystemClock().now()
    modes = ack_modes(header, "message") if header else None
    codes = [code if header else AckCode.AR]
    if modes is not None and modes.enhanced and code is not AckCode.CA:
        application = [code] if modes.wants_application(code is AckCode.AA) else []
        codes = [*([AckCode.CA] if modes.wants_accept(True) else []), *application]
    enhanced = bool(modes and modes.enhanced)
    return [
        ack.acknowledge(header, each, control_id=_control_id(), now=now, enhanced=enhanced)
        for each in codes
    ]


async def _told_back(raw: bytes, host: str, port: int) -> str:
    """Tell the gateway of a booking, as an EHR does; what came of it, for people."""
    try:
        echo = echo_of(raw, control_id=_control_id(), now=SystemClock().now())
        async with MllpClient(host, port) as client:
            answer = ack.read_ack(await client.send(echo, timeout=30.0))
    except (GatewayError, Unreadable) as error:
        return f"[red]echo:[/] {escape(str(error))}"
    return f"[dim]echo answered {escape(answer.code)}[/]"


def _line(raw: bytes, where: str) -> str:
    header = peek(raw)
    told = "[red]no HL7 v2 message[/]"
    if header is not None:
        kind, event, _ = header.event
        sender = " / ".join(header.sender)
        told = (
            f"[bold]{escape(f'{kind}^{event}')}[/]  {escape(header.control_id)}  {escape(sender)}"
        )
    at = format_instant(SystemClock().now())
    return f"{at}  {told}  [dim]{len(raw)} bytes {escape(where)}[/]"


def _written(folder: Path, number: int, raw: bytes) -> str:
    """Write a message to a file that is not there yet; its name."""
    folder.mkdir(parents=True, exist_ok=True)
    header = peek(raw)
    event = re.sub(r"[^A-Za-z0-9]", "", header.event[1])[:10] if header else ""
    while True:
        path = folder / f"{number:04}-{event or 'unknown'}.hl7"
        try:
            with path.open("xb") as file:
                file.write(raw)
        except FileExistsError:
            number += 1
            continue
        return path.name
