"""Rows 18 and 22 of the checklist of client conventions: web pages, and senders of HL7 v2.

Newer decisions than the checklist: a version that a message declares is never refused (row 22);
what is refused, with an ERR segment, is an event that nobody handles. TLS is a matter of
`tests/hl7`.
"""

import socket
from collections.abc import Iterator

import hl7
import httpx
import pytest
from hl7.client import MLLPClient

from tests.flows.gateway import Gateway
from tests.usecases.ehr import siu

ORIGIN = {"origin": "https://app.example"}
MEBIBYTE = 1 << 20


@pytest.mark.parametrize("path", ["", "/Patient/ann", "/Patient", "/Patient/_search", "/metadata"])
def test_row_18_a_web_page_may_ask_with_every_header_that_clients_send(
    http: httpx.Client, path: str
) -> None:
    wanted = ("Authorization, Content-Type, Prefer, If-Match, If-None-Match, If-None-Exist,"
              " X-Request-Id")  # fmt: skip
    preflight = {
        "access-control-request-method": "POST",
        "access-control-request-headers": wanted,
    }
    response = http.options(path, headers=ORIGIN | preflight)
    allowed = _listed(response.headers["access-control-allow-headers"])
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert _listed(wanted) <= allowed


@pytest.mark.parametrize("path", ["/Patient/ann", "/Patient/nobody", "/.well-known/nothing"])
def test_row_18_a_web_page_may_read_what_clients_need(http: httpx.Client, path: str) -> None:
    headers = http.get(path, headers=ORIGIN).headers
    exposed = _listed(headers["access-control-expose-headers"])
    assert headers["access-control-allow-origin"] == "*"
    assert {"etag", "location", "content-location", "last-modified"} <= exposed


def _listed(text: str) -> set[str]:
    return {each.strip().lower() for each in text.split(",")}


@pytest.fixture
def sender(gateway: Gateway) -> Iterator[MLLPClient]:
    host, _, port = gateway.mllp.rpartition(":")
    with MLLPClient(host, int(port)) as client:
        yield client


def _read(answer: bytes) -> hl7.Message:
    return hl7.parse(answer.strip(b"\x0b\x1c\r").decode())


def test_row_22_every_frame_of_a_connection_is_acknowledged(
    sender: MLLPClient, http: httpx.Client
) -> None:
    first = siu(id_="V2-1", start="14:00", control="C-1")
    second = siu("S15", id_="V2-1", start="14:00", control="C-2", sent="20260301091500+0000")
    answers = [_read(sender.send_message(each)) for each in (first, second)]
    told = [(str(each["MSA.1"]), str(each["MSA.2"])) for each in answers]
    assert told == [("AA", "C-1"), ("AA", "C-2")]
    found = http.get("/Appointment?identifier=V2-1").json()
    assert found["entry"][0]["resource"]["status"] == "cancelled"


def test_row_22_a_sender_of_enhanced_mode_gets_its_acknowledgement(
    sender: MLLPClient,
) -> None:
    modes = {15: "AL", 16: "NE"}
    answer = _read(sender.send_message(siu(id_="V2-2", start="14:30", control="C-3", msh=modes)))
    assert str(answer["MSA.1"]) in {"CA", "AA"}
    assert str(answer["MSA.2"]) == "C-3"


def test_row_22_what_nobody_handles_is_rejected_with_the_place(sender: MLLPClient) -> None:
    answer = _read(sender.send_message(siu("S99", control="C-4")))
    assert str(answer["MSA.1"]) == "AR"
    assert str(answer["ERR"][0][2][0]).startswith("MSH^1^9")


@pytest.mark.parametrize("version", ["2.3", "2.5.1", "2.8", "2.99"])
def test_row_22_no_version_is_refused(sender: MLLPClient, version: str) -> None:
    message = siu(id_=f"V2-{version}", start="", control=f"C-{version}", msh={12: version})
    assert str(_read(sender.send_message(message))["MSA.2"]) == f"C-{version}"


def test_row_22_a_frame_may_come_in_pieces_and_with_other_line_ends(gateway: Gateway) -> None:
    message = siu(id_="V2-3", start="15:00", control="C-5").replace(b"\r", b"\n")
    host, _, port = gateway.mllp.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as peer:
        for piece in (b"\x0b", message[:10], message[10:11], message[11:], b"\x1c", b"\r"):
            peer.sendall(piece)
        assert b"MSA|AA|C-5" in peer.recv(4096)


def test_row_22_a_message_that_is_too_long_is_rejected_and_the_next_is_taken(
    gateway: Gateway,
) -> None:
    long = siu(control="C-6") + b"NTE|" + b"x" * (16 * MEBIBYTE)
    host, _, port = gateway.mllp.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as peer:
        peer.sendall(b"\x0b" + long + b"\x1c\r")
        assert b"MSA|AR|C-6" in peer.recv(4096)
        peer.sendall(b"\x0b" + siu(id_="V2-4", start="15:30", control="C-7") + b"\x1c\r")
        assert b"MSA|AA|C-7" in peer.recv(4096)
