"""A port that takes, acknowledges and keeps what somebody sends."""

import asyncio
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fhir_gateway.cli_listen import hear
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.ack_codes import AckCode
from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.hl7.framing import encode
from tests.cli.conftest import Run
from tests.usecases.ehr import siu


class Heard:
    """Messages that have come, until there are enough."""

    def __init__(self, enough: int) -> None:
        self.raws: list[bytes] = []
        self.port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._enough = enough

    def taken(self, raw: bytes) -> bool:
        self.raws.append(raw)
        return len(self.raws) < self._enough


async def answered(*raws: bytes, code: AckCode = AckCode.AA) -> tuple[list[str], Heard]:
    """The codes of the answers to messages on one connection."""
    heard = Heard(len(raws))
    hearing = asyncio.create_task(
        hear("127.0.0.1", 0, code, taken=heard.taken, ready=heard.port.set_result)
    )
    async with MllpClient("127.0.0.1", await heard.port) as client:
        answers = [await client.send(each) for each in raws]
    await hearing
    return [read_ack(one).code for each in answers for one in messages(each)], heard


@pytest.mark.parametrize("code", [AckCode.AA, AckCode.AE, AckCode.AR])
async def test_each_message_is_acknowledged_until_enough_have_come(code: AckCode) -> None:
    raws = (siu(control="1"), siu(control="2"))
    codes, heard = await answered(*raws, code=code)
    assert (codes, tuple(heard.raws)) == ([code.value] * 2, raws)


async def test_enhanced_mode_is_answered_as_it_asks() -> None:
    codes, _ = await answered(siu(msh={15: "AL", 16: "NE"}))
    assert codes == ["CA"]


def _deliver(port: int, raw: bytes) -> None:
    """Send a message once somebody listens."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)) as to:
            to.sendall(encode(raw))
            to.recv(4096)
            return
        time.sleep(0.02)


def test_messages_are_kept_in_files_that_are_not_there_yet(run: Run, tmp_path: Path) -> None:
    (tmp_path / "0001-S12.hl7").write_bytes(b"kept before")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
    sending = threading.Thread(target=_deliver, args=(port, siu()))
    sending.start()
    told = run("listen", "--port", port, "--out", tmp_path, "--count", 1)
    sending.join()
    assert (told.exit_code, "SIU^S12" in told.stdout) == (0, True)
    assert (tmp_path / "0001-S12.hl7").read_bytes() == b"kept before"
    assert (tmp_path / "0002-S12.hl7").read_bytes() == siu()


def test_a_port_that_somebody_has_and_an_unknown_answer_are_said(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = run("listen", "--port", other.getsockname()[1])
    wrong = run("listen", "--answer", "maybe")
    assert (taken.exit_code, wrong.exit_code) == (2, 2)
    assert "Address already in use" in taken.stderr
    assert "there are AA, AE, AR" in wrong.stderr
