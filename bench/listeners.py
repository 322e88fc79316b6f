"""Listeners with as little as possible behind them: `python -m bench.listeners KIND PORT`.

`hl7apy` parses and answers as its documentation shows, `hl7` answers what it has been sent, and
`gateway` is our own listener with an acknowledgement and nothing else behind it.
"""

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any


def hl7apy(port: int) -> None:
    """The server of hl7apy; it closes the connection after each answer."""
    from hl7apy.core import Message
    from hl7apy.mllp import AbstractHandler, MLLPServer
    from hl7apy.parser import parse_message

    class Answer(AbstractHandler):  # type: ignore[misc]
        def reply(self) -> str:
            received = parse_message(self.incoming_message, find_groups=True)
            answer = Message("ACK", version="2.5.1")
            answer.msh.msh_9 = "ACK^S12^ACK"
            answer.msh.msh_10 = "1"
            answer.msh.msh_11 = "P"
            answer.msa.msa_1 = "AA"
            answer.msa.msa_2 = received.msh.msh_10.value
            return str(answer.to_mllp())

    handlers = {f"SIU^{each}^SIU_S12": (Answer,) for each in ("S12", "S14")}
    MLLPServer("127.0.0.1", port, handlers).serve_forever()


def hl7(port: int) -> None:
    """The server of the hl7 package."""
    import hl7.mllp

    async def talk(reader: Any, writer: Any) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                received = await reader.readmessage()
                writer.writemessage(received.create_ack())
                await writer.drain()

    async def run() -> None:
        server = await hl7.mllp.start_hl7_server(talk, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(run())


def gateway(port: int) -> None:
    """Our listener."""
    import uvloop

    from fhir_gateway.hl7.ack import AckCode, acknowledge
    from fhir_gateway.hl7.peek import peek
    from fhir_gateway.hl7.server import Hooks, MllpServer, Peer

    async def answer(raw: bytes, _: Peer) -> bytes:
        return acknowledge(peek(raw), AckCode.AA, control_id="1", now=datetime.now(UTC))

    async def run() -> None:
        server = MllpServer(answer, "127.0.0.1", port, hooks=Hooks(on_error=lambda *_: None))
        await server.start()
        await asyncio.Event().wait()

    uvloop.run(run())


if __name__ == "__main__":
    {"hl7apy": hl7apy, "hl7": hl7, "gateway": gateway}[sys.argv[1]](int(sys.argv[2]))
