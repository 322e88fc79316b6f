"""Who gets in, and how long may somebody take? TLS and certificates on loopback."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass

import pytest
import trustme

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.hl7.framing import encode
from fhir_gateway.hl7.peer import Peer
from fhir_gateway.hl7.server import Closed, Limits
from tests.hl7.conftest import Listen, accept, message
from tests.hl7.wire import connected, until


@dataclass(frozen=True, slots=True)
class House:
    """An authority, the gateway's context and what clients bring along."""

    authority: trustme.CA
    server: ssl.SSLContext

    def client(self, issuer: trustme.CA | None = None) -> ssl.SSLContext:
        """A client that trusts the house; with a certificate where somebody issued one."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if issuer is not None:
            issuer.issue_cert("hospital@example.org").configure_cert(context)
        return context


@pytest.fixture
def house() -> House:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.minimum_version = ssl.TLSVersion.TLSv1_2
    authority.issue_cert("127.0.0.1").configure_cert(server)
    return House(authority, server)


@pytest.fixture
def demanding(house: House) -> House:
    """It asks for certificates."""
    house.authority.configure_trust(house.server)
    house.server.verify_mode = ssl.CERT_REQUIRED
    return house


async def test_messages_come_in_over_tls(listen: Listen, house: House) -> None:
    listener = await listen(tls=house.server)
    async with MllpClient("127.0.0.1", listener.port, tls=house.client()) as client:
        for control_id in ("1", "2"):
            assert read_ack(await client.send(message(control_id))).control_id == control_id


async def test_a_client_with_a_certificate_of_the_house_is_known_by_it(
    listen: Listen, demanding: House
) -> None:
    peers: list[Peer] = []

    async def remember(payload: bytes, peer: Peer) -> bytes | None:
        peers.append(peer)
        return await accept(payload, peer)

    listener = await listen(remember, tls=demanding.server)
    known = demanding.client(demanding.authority)
    async with MllpClient("127.0.0.1", listener.port, tls=known) as client:
        await client.send(message("1"))
    assert peers[0].certificate is not None
    assert peers[0].certificate["subjectAltName"] == (("email", "hospital@example.org"),)


@pytest.mark.parametrize("issuer", [None, trustme.CA()], ids=["none", "of a stranger"])
async def test_a_client_without_a_certificate_of_the_house_is_refused(
    listen: Listen, demanding: House, issuer: trustme.CA | None
) -> None:
    listener = await listen(tls=demanding.server)
    async with MllpClient("127.0.0.1", listener.port, tls=demanding.client(issuer)) as client:
        with pytest.raises(GatewayError) as caught:
            await client.send(message("1"))
    assert caught.value.category is Category.BUSY
    await until(lambda: len(listener.notices) == 1)
    assert "no TLS" in str(listener.notices[0])


async def test_an_old_version_of_tls_is_refused(listen: Listen, house: House) -> None:
    listener = await listen(tls=house.server)
    old = house.client()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with MllpClient("127.0.0.1", listener.port, tls=old) as client:
        with pytest.raises(GatewayError):
            await client.send(message("1"))


async def test_plain_text_on_a_port_for_tls_is_closed_and_told(
    listen: Listen, house: House
) -> None:
    listener = await listen(tls=house.server)
    async with connected(listener) as wire:
        await wire.write(encode(message("in the clear")))
        assert await wire.frame() is None
    assert [str(each)[:23] for each in listener.notices] == ["Closed(reason='no TLS: "]
    async with MllpClient("127.0.0.1", listener.port, tls=house.client()) as client:
        assert read_ack(await client.send(message("1"))).positive


async def test_who_never_begins_tls_loses_the_seat(listen: Listen, house: House) -> None:
    limits = Limits(handshake_timeout=0.05, max_connections=1)
    listener = await listen(tls=house.server, limits=limits)
    async with connected(listener) as silent:
        assert await silent.frame() is None
    async with MllpClient("127.0.0.1", listener.port, tls=house.client()) as client:
        assert read_ack(await client.send(message("1"))).positive


async def test_who_is_not_admitted_is_closed_before_tls(listen: Listen, house: House) -> None:
    listener = await listen(tls=house.server, admit=lambda _: False)
    async with connected(listener) as wire:
        assert await wire.frame() is None
    assert listener.notices == [Closed("not admitted")]


async def test_one_address_has_so_many_seats_and_gets_them_back(listen: Listen) -> None:
    listener = await listen(limits=Limits(max_per_peer=2))
    async with connected(listener) as first, connected(listener) as second:
        for wire in (first, second):
            await wire.write(encode(message("1")))
            assert await wire.control_ids(1) == ["1"]
        async with connected(listener) as third:
            assert await third.frame() is None
    assert listener.notices == [Closed("too many connections of one peer")]
    await until(lambda: listener.server.connections == 0)
    async with connected(listener) as again:
        await again.write(encode(message("2")))
        assert await again.control_ids(1) == ["2"]


async def test_a_message_that_trickles_in_is_cut_off_in_time(listen: Listen) -> None:
    listener = await listen(limits=Limits(frame_timeout=0.2))
    async with connected(listener) as wire:
        with suppress(ConnectionError):
            async with asyncio.timeout(5):
                while not listener.notices:
                    await wire.write(b"\x0bMSH|"[:1])
                    await asyncio.sleep(0.01)
        assert await wire.frame() is None
    assert listener.notices == [Closed("a message took too long")]


async def test_a_message_that_waited_for_others_has_its_full_time(listen: Listen) -> None:
    async def slow(payload: bytes, peer: Peer) -> bytes | None:
        await asyncio.sleep(0.3)
        return await accept(payload, peer)

    listener = await listen(slow, limits=Limits(frame_timeout=0.2))
    async with connected(listener) as wire:
        second = encode(message("2"))
        await wire.write(encode(message("1")) + second[:20])
        assert await wire.control_ids(1) == ["1"]
        await wire.write(second[20:])
        assert await wire.control_ids(1) == ["2"]


async def test_thousands_of_messages_in_one_stream_are_answered_in_order(listen: Listen) -> None:
    listener = await listen()
    numbers = [str(n) for n in range(3000)]
    async with connected(listener) as wire:
        writing = asyncio.create_task(wire.write(*(encode(message(n)) for n in numbers)))
        assert await wire.control_ids(len(numbers)) == numbers
        await writing
