"""Does `demo message --appointment` write about an Appointment that a gateway holds?"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fhir_gateway.hl7.message import Message, Segment
from tests.cli.conftest import Run
from tests.demo.clinics import NOON, clinic_at

CLINIC = clinic_at(NOON)
BOOKING = CLINIC.get(f"Appointment/{CLINIC.showcase}")
FILLER = BOOKING["identifier"][0]["value"]


class Gateway(BaseHTTPRequestHandler):
    """Reads of the sample clinic, and the search of an Appointment by identifier."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path = address.path.removeprefix("/fhir/")
        if path == "Appointment":
            (wanted,) = parse_qs(address.query)["identifier"]
            found = [BOOKING] if wanted.rpartition("|")[2] == FILLER else []
            bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
            self._answer(200, bundle | ({"entry": [{"resource": each} for each in found]}))
            return
        try:
            self._answer(200, CLINIC.get(path))
        except KeyError:
            self._answer(404, {"resourceType": "OperationOutcome"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Silence on the test's output."""


@contextmanager
def _serving() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/fhir"
        server.shutdown()
        thread.join(10)


@pytest.fixture
def base() -> Iterator[str]:
    with _serving() as address:
        yield address


def _sch(raw: bytes) -> Segment:
    segment = Message.parse(raw).first("SCH")
    assert segment is not None
    return segment


@pytest.mark.parametrize(
    "wanted", [CLINIC.showcase, FILLER, f"{BOOKING['identifier'][0]['system']}|{FILLER}"]
)
def test_a_cancellation_can_be_written_for_any_booking(run: Run, base: str, wanted: str) -> None:
    result = run("demo", "message", "s15", "--appointment", wanted, "--base", base)
    assert result.exit_code == 0
    message = Message.parse(result.stdout_bytes)
    assert _sch(message.raw).text(2) == FILLER
    assert _sch(message.raw).text(25) == "Cancelled"
    assert [each.text(3) for each in message.all("PID")] == [
        CLINIC.get(BOOKING["participant"][0]["actor"]["reference"])["identifier"][0]["value"]
    ]


def test_an_unknown_appointment_is_one_clear_line(run: Run, base: str) -> None:
    result = run("demo", "message", "s15", "--appointment", "nothing", "--base", base)
    assert result.exit_code == 2
    assert "no Appointment" in result.stderr
    assert len(result.stderr.splitlines()) == 1
