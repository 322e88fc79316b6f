"""Does `fhir-gateway send` deliver, and say what was answered?"""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fhir_gateway.demo.messages import demo_message
from fhir_gateway.hl7.message import Message
from tests.cli.conftest import Run
from tests.cli.listener import Listener

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
S12 = demo_message("S12", now=NOW)
S15 = demo_message("S15", now=NOW)
ADT = S12.replace(b"SIU^S12^SIU_S12", b"ADT^A04^ADT_A01")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "1-book.hl7").write_bytes(S12)
    (tmp_path / "2-cancel.hl7").write_bytes(S15)
    (tmp_path / "notes.txt").write_text("not a message", encoding="utf-8")
    return tmp_path


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that nobody listens on, kept so that nobody else gets it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_message_is_sent_and_its_acknowledgement_shown(
    run: Run, listener: Listener, folder: Path
) -> None:
    result = run("send", folder / "1-book.hl7", "--to", f"127.0.0.1:{listener.port}")
    assert result.exit_code == 0
    assert listener.received == [S12]
    assert result.stdout.split()[:2] == ["AA", Message.parse(S12).control_id]


def test_a_refusal_shows_condition_text_and_place_and_exits_with_1(
    run: Run, listener: Listener, folder: Path
) -> None:
    (folder / "0-adt.hl7").write_bytes(ADT)
    result = run("send", folder, "--to", f"127.0.0.1:{listener.port}")
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith("AR")
    assert lines[1].split() == ["201", "ADT", "is", "not", "read", "here", "at", "MSH^1^9^1^2"]
    assert [line[:2] for line in lines[2:]] == ["AA", "AA"]


def test_a_folder_is_sent_in_the_order_of_its_names(
    run: Run, listener: Listener, folder: Path
) -> None:
    assert run("send", folder, "--to", f"127.0.0.1:{listener.port}").exit_code == 0
    assert listener.received == [S12, S15]


def test_a_file_of_several_messages_is_cut_at_msh(
    run: Run, listener: Listener, tmp_path: Path
) -> None:
    (tmp_path / "day.hl7").write_bytes(S12 + b"\n" + S15)
    result = run("send", tmp_path / "day.hl7", "--to", f"127.0.0.1:{listener.port}")
    assert listener.received == [S12, S15]
    assert "day.hl7 #2" in result.stdout


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_of_an_editor_become_cr(
    run: Run, listener: Listener, tmp_path: Path, end: bytes
) -> None:
    (tmp_path / "a.hl7").write_bytes(S12.replace(b"\r", end))
    run("send", tmp_path / "a.hl7", "--to", f"127.0.0.1:{listener.port}")
    assert listener.received == [S12]


def test_verbatim_keeps_every_byte(run: Run, listener: Listener, tmp_path: Path) -> None:
    unusual = S12.replace(b"\r", b"\n")
    (tmp_path / "a.hl7").write_bytes(unusual)
    run("send", tmp_path / "a.hl7", "--verbatim", "--to", f"127.0.0.1:{listener.port}")
    assert listener.received == [unusual]


def test_a_message_can_come_from_a_pipe(run: Run, listener: Listener) -> None:
    result = run("send", "-", "--to", f"127.0.0.1:{listener.port}", given=S12)
    assert result.exit_code == 0
    assert listener.received == [S12]


def test_many_messages_are_counted_and_only_refusals_are_shown(
    run: Run, listener: Listener, tmp_path: Path
) -> None:
    (tmp_path / "day.hl7").write_bytes(S12 * 30 + ADT)
    result = run("send", tmp_path / "day.hl7", "--to", f"127.0.0.1:{listener.port}")
    assert result.exit_code == 1
    assert len(listener.received) == 31
    assert result.stdout.count("AA") == 1
    assert result.stdout.splitlines()[-1] == "30 AA · 1 AR"


def test_nobody_listening_is_one_clear_line(run: Run, folder: Path, deaf_port: int) -> None:
    result = run("send", folder, "--to", f"127.0.0.1:{deaf_port}")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "make run" in result.stderr


@pytest.mark.parametrize("address", ["localhost", "localhost:mllp", ":2575", "localhost:70000"])
def test_an_address_needs_host_and_port(run: Run, folder: Path, address: str) -> None:
    result = run("send", folder, "--to", address)
    assert result.exit_code == 2
    assert "is not host:port" in result.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [("notes.txt", "no HL7 v2 message"), ("absent.hl7", "No such file"), ("empty", "no file")],
)
def test_what_cannot_be_sent_is_one_clear_line(
    run: Run, folder: Path, name: str, says: str
) -> None:
    (folder / "empty").mkdir()
    result = run("send", folder / name)
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
