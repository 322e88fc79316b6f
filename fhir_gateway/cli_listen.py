"""What does somebody send? A port that acknowledges everything, shows it and keeps it in files.

For the first messages of a new sender, which `profile suggest` learns from, and for seeing what
goes out. Nothing is mapped, and no database is needed.
"""

import asyncio
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from fhir_gateway.cli_desk import stop
from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.ids import RandomIds
from fhir_gateway.core.time import format_instant
from fhir_gateway.hl7 import ack
from fhir_gateway.hl7.ack_codes import AckCode, ack_modes
from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.peek import peek
from fhir_gateway.hl7.server import Hooks, MllpServer, Peer

_CODES = ("AA", "AE", "AR")
#: A message before it is answered; False: enough have come.
Taken = Callable[[bytes], bool]


def listen(
    host: Annotated[str, typer.Option(help="Interface.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 2577,
    out: Annotated[
        Path | None, typer.Option(help="Folder that each message is written to.")
    ] = None,
    answer: Annotated[str, typer.Option(help=f"{', '.join(_CODES)}: what is answered.")] = "AA",
    count: Annotated[int | None, typer.Option(min=1, help="End after so many messages.")] = None,
) -> None:
    """Take HL7 v2 messages over MLLP, acknowledge and show them, and keep them in files."""
    if answer.upper() not in _CODES:
        stop(f"--answer {answer}: there are {', '.join(_CODES)}")
    console = Console(soft_wrap=True)
    number = 0

    def taken(raw: bytes) -> bool:
        nonlocal number
        number += 1
        where = _written(out, number, raw) if out is not None else ""
        console.print(_line(raw, where))
        return count is None or number < count

    def ready(at: int) -> None:
        console.print(f"[dim]Listening on {escape(host)}:{at}; Ctrl-C ends it[/]")

    try:
        asyncio.run(hear(host, port, AckCode(answer.upper()), taken=taken, ready=ready))
    except OSError as error:
        stop(f"{error.filename or f'{host}:{port}'}: {error.strerror}")


async def hear(
    host: str, port: int, code: AckCode, *, taken: Taken, ready: Callable[[int], None]
) -> None:
    """Acknowledge what comes until a signal, or until enough has come.

    Args:
        host: Interface.
        port: 0 takes a free one.
        code: Of the application acknowledgements.
        taken: Called with each message.
        ready: Called with the port once it is listened on.

    Raises:
        OSError: the port cannot be had, or a message cannot be kept.
    """
    ended, failures = asyncio.Event(), list[Exception]()

    async def handle(frame: bytes, _peer: Peer) -> tuple[bytes, ...]:
        found = messages(frame)
        for each in found:
            if not taken(each):
                ended.set()
        return tuple(one for each in found for one in _answers(each, code))

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
    try:
        await ended.wait()
    finally:
        await server.stop(grace=5.0)
    if failures:
        raise failures[0]


def _answers(raw: bytes, code: AckCode) -> list[bytes]:
    """What MSH-15 and MSH-16 ask for, in the order in which it is sent."""
    header, now, ids = peek(raw), SystemClock().now(), RandomIds()
    modes = ack_modes(header, "message") if header else None
    codes = [code if header else AckCode.AR]
    if modes is not None and modes.enhanced:
        application = [code] if modes.wants_application(code is AckCode.AA) else []
        codes = [*([AckCode.CA] if modes.wants_accept(True) else []), *application]
    return [
        ack.acknowledge(
            header,
            each,
            control_id=ids.new().replace("-", "")[:20],
            now=now,
            enhanced=bool(modes and modes.enhanced),
        )
        for each in codes
    ]


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
