"""How much, and how slowly, may a client say before it has asked anything?"""

import socket
import time
from collections.abc import Iterator

import pytest

from fhir_gateway.api.connections import MAX_FIELDS, MAX_HEAD, GuardedConnection
from fhir_gateway.fhir import json
from tests.api.served import Served, served
from tests.conftest import Copies
from tests.fhir.builders import refusal

HEAD = b"GET /fhir/Patient/1 HTTP/1.1\r\nHost: clinic.example\r\n"
MANY = b"".join(b"x%d: y\r\n" % number for number in range(MAX_FIELDS))
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Hasty(GuardedConnection):
    patience = 0.2


@pytest.fixture(scope="module")
def hasty(house: Served, copies: Copies) -> Iterator[Served]:
    """A second server, which does not wait for long."""
    with served(copies.url("embedded"), connections=Hasty) as running:
        yield running


@pytest.fixture
def line(house: Served) -> Iterator[socket.socket]:
    with socket.create_connection(house.place, timeout=10) as connected:
        yield connected


def heard(line: socket.socket, said: bytes) -> tuple[bytes, bytes]:
    """The head and the body of all that comes back until the server hangs up."""
    line.sendall(said)
    answer = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (HEAD + MANY + b"\r\n", b"431"),
        (HEAD + b"a: " + b"x" * MAX_HEAD + b"\r\n\r\n", b"431"),
        (HEAD + b"a: " + b"x" * MAX_HEAD * 2, b"431"),
        (b"GET /fhir/" + b"x" * MAX_HEAD * 2, b"414"),
        (b"GET /fhir/" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n", b"400"),
        (HEAD + b"a\x00b: c\r\n\r\n", b"400"),
        (HEAD + b"a: b\x00c\r\n\r\n", b"400"),
        (HEAD + b"a : b\r\n\r\n", b"400"),
    ],
    ids=range(14),
)
def test_a_head_that_cannot_be_read_is_answered_in_fhir(
    line: socket.socket, said: bytes, status: bytes
) -> None:
    head, body = heard(line, said)
    assert head.split(b" ")[1] == status
    assert b"connection: close" in head
    assert refusal(json.parse(body)) is None


@pytest.mark.parametrize(
    "hosts",
    [[], ["a.example", "a.example"], [""], ["a.example/x?"], ["a b"], ["a@b"], ["a:b"], ["a\\b"]],
)
def test_who_does_not_say_to_whom_is_not_answered_by_anybody(
    line: socket.socket, hosts: list[str]
) -> None:
    fields = "".join(f"Host: {each}\r\n" for each in hosts)
    head, body = heard(line, f"GET /fhir/Patient/1 HTTP/1.1\r\n{fields}\r\n".encode())
    assert head.split(b" ")[1] == b"400"
    assert b"one Host header" in body
    assert refusal(json.parse(body)) is None


def test_a_client_of_http_1_0_need_not_say_it(line: socket.socket) -> None:
    assert heard(line, b"GET /fhir/metadata HTTP/1.0\r\n\r\n")[0].split(b" ")[1] == b"200"


def test_a_head_that_does_not_arrive_is_not_waited_for(hasty: Served) -> None:
    with socket.create_connection(hasty.place, timeout=10) as line:
        head, body = heard(line, HEAD)
    assert head.split(b" ")[1] == b"408"
    assert refusal(json.parse(body)) is None


def test_who_says_nothing_is_cut_off(hasty: Served) -> None:
    with socket.create_connection(hasty.place, timeout=10) as line:
        assert heard(line, b"") == (b"", b"")


def test_a_second_request_has_its_own_time(hasty: Served) -> None:
    with socket.create_connection(hasty.place, timeout=10) as line:
        line.sendall(HEAD + b"\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
        head, _ = heard(line, HEAD)
    assert b"408" in head


def test_many_idle_connections_are_in_nobodys_way(house: Served) -> None:
    idle = [socket.create_connection(house.place, timeout=10) for _ in range(200)]
    with socket.create_connection(house.place, timeout=10) as line:
        began = time.monotonic()
        line.sendall(HEAD + b"\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - began < 5
    for each in idle:
        each.close()
