"""Does `serve` start, say where it is, and stop as it was asked to? A real process each time."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.flows.gateway import Gateway, a_gateway

pytestmark = pytest.mark.slow

_SECONDS = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serving")


@pytest.fixture(scope="module")
def gateway(folder: Path) -> Iterator[Gateway]:
    with a_gateway(folder) as running:
        yield running


@contextmanager
def _taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def _run(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Any other command, in the folder of the gateway."""
    return subprocess.run(
        [sys.executable, "-m", "fhir_gateway", *arguments],
        cwd=folder, env={"COLUMNS": "200", **settings}, check=False, text=True, timeout=_SECONDS,
        capture_output=True,
    )  # fmt: skip


def test_fhir_answers_where_the_box_says(gateway: Gateway) -> None:
    answer = httpx.get(f"{gateway.base}/metadata", timeout=_SECONDS)
    assert answer.json()["resourceType"] == "CapabilityStatement"
    assert httpx.get(f"http://{gateway.http}/health/ready", timeout=_SECONDS).json() == {
        "status": "ready"
    }


def test_mllp_answers_where_the_box_says(gateway: Gateway) -> None:
    (gateway.folder / "s12.hl7").write_bytes(
        _run(gateway.folder, "demo", "message", "s12").stdout.encode()
    )
    sent = _run(gateway.folder, "send", "s12.hl7", "--to", gateway.mllp)
    assert (sent.returncode, sent.stdout[:2]) == (0, "AA")


def test_without_a_seed_the_database_is_empty(gateway: Gateway) -> None:
    found = httpx.get(f"{gateway.base}/HealthcareService?_summary=count", timeout=_SECONDS).json()
    assert found["total"] == 0


def test_doctor_knows_a_running_gateway(gateway: Gateway) -> None:
    seen = _run(gateway.folder, "doctor", **gateway.settings)
    assert seen.returncode == 0
    assert f"a gateway answers at {gateway.http}: ready" in seen.stdout
    assert "a running gateway has it open" in seen.stdout


def test_a_second_gateway_on_the_same_data_is_one_clear_line(gateway: Gateway) -> None:
    second = _run(gateway.folder, "serve", "--data-dir", ".local", "--http-port", "0")
    assert second.returncode == 2
    assert "is in use by process" in second.stderr
    assert len(second.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--http-port", "HTTP cannot listen on 127.0.0.1:{}: Address already in use"),
        ("--mllp-port", "MLLP cannot listen on 127.0.0.1:{}: Address already in use"),
    ],
)
def test_a_port_in_use_is_one_clear_line(tmp_path: Path, option: str, says: str) -> None:
    with _taken() as port:
        ports = {"--http-port": "0", "--mllp-port": "0", option: str(port)}
        arguments = [each for pair in ports.items() for each in pair]
        refused = _run(tmp_path, "serve", *arguments)
    assert refused.returncode == 2
    assert says.format(port) in refused.stderr
    assert f"choose another {option}" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_a_signal_ends_it_in_order_and_the_data_stays(tmp_path: Path, number: int) -> None:
    patient = {"resourceType": "Patient", "id": "ann", "active": True}
    with a_gateway(tmp_path) as first:
        httpx.put(f"{first.base}/Patient/ann", json=patient, timeout=_SECONDS).raise_for_status()
        assert first.stop(number) == 0
    assert "Traceback" not in (tmp_path / "error").read_text(encoding="utf-8")
    with a_gateway(tmp_path) as again:
        assert httpx.get(f"{again.base}/Patient/ann", timeout=_SECONDS).json()["active"] is True
