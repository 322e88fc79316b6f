"""What would an EHR receive? A receiver for trying out a destination, on the command line.

It shows what comes, answers as it is told, and can tell its booking back as an EHR does.
"""

import asyncio
import signal
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from fhir_gateway.cli_desk import stop
from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.ids import RandomIds
from fhir_gateway.demo.echo import echo_of
from fhir_gateway.hl7.ack import AckCode, acknowledge, read_ack
from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.peek import peek
from fhir_gateway.hl7.server import Hooks, MllpServer, Peer


class Answer(StrEnum):
    """MSA-1 of every answer."""

    AA = "AA"
    AE = "AE"
    AR = "AR"
    CA = "CA"
    none = "none"


def listen(
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free one.")] = 2576,
    host: Annotated[str, typer.Option(help="On which interface.")] = "127.0.0.1",
    answer: Annotated[Answer, typer.Option(help="What to answer.", case_sensitive=False)] = (
        Answer.AA
    ),
    echo: Annotated[
        bool, typer.Option("--echo", help="Tell each booking back, with an id of our own.")
    ] = False,
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to.")] = "127.0.0.1:2575",
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many messages.", show_default="never")
    ] = None,
) -> None:
    """Receive HL7 v2 messages over MLLP, show them and answer them."""
    place, _, number = to.rpartition(":")
    if not place or not number.isdecimal() or not 0 < int(number) < 65536:
        stop(f"'{to}' is not host:port")
    receiver = _Receiver(answer, (place.strip("[]"), int(number)) if echo else None, count)
    try:
        asyncio.run(receiver.serve(host, port))
    except OSError as error:
        stop(f"cannot listen on {host}:{port}: {error.strerror or error}")


class _Receiver:
    def __init__(self, answer: Answer, to: tuple[str, int] | None, count: int | None) -> None:
        self._answer = answer
        self._to = to
        self._left = count
        self._console = Console(soft_wrap=True)
        self._clock = SystemClock()
        self._ids = RandomIds()
        self._echoes: asyncio.Queue[bytes] = asyncio.Queue()
        self._done = asyncio.Event()

    async def serve(self, host: str, port: int) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, self._done.set)
        hooks = Hooks(on_error=lambda error, _: self._say(f"[red]{type(error).__name__}[/]"))
        server = MllpServer(self._take, host, port, hooks=hooks)
        await server.start()
        self._say(f"listening on [bold]{host}:{server.port}[/]; Ctrl-C ends it")
        echoing = asyncio.create_task(self._echo())
        await self._done.wait()
        await server.stop(5.0)
        await self._echoes.join()
        echoing.cancel()

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)

    async def _take(self, raw: bytes, peer: Peer) -> bytes | None:
        self._say(f"[dim]from {peer.host}:{peer.port}, answered {self._answer.value}[/]")
        text = raw.decode("utf-8", "replace").replace("\r", "\n")
        self._console.print(text, markup=False, highlight=False)
        header = peek(raw)
        if self._to is not None and self._answer is Answer.AA and header is not None:
            self._echoes.put_nowait(raw)
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._done.set()
        if self._answer is Answer.none:
            return None
        code = AckCode(self._answer.value)
        return acknowledge(header, code, control_id=self._control_id(), now=self._clock.now())

    def _control_id(self) -> str:
        return self._ids.new().replace("-", "")[:20]

    async def _echo(self) -> None:
        """Tell the gateway of each booking, one after the other."""
        while True:
            raw = await self._echoes.get()
            try:
                await self._tell_back(raw)
            finally:
                self._echoes.task_done()

    async def _tell_back(self, raw: bytes) -> None:
        if self._to is None:
            return
        try:
            echo = echo_of(raw, control_id=self._control_id(), now=self._clock.now())
            async with MllpClient(*self._to) as client:
                answer = read_ack(await client.send(echo, timeout=30.0))
        except (GatewayError, Unreadable) as error:
            self._say(f"[red]echo:[/] {escape(str(error))}")
            return
        self._say(f"[dim]echo answered {escape(answer.code)}[/]")
