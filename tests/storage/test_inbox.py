"""A message is kept with its answer, and a repetition gets the same answer. Decision 20."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from fhir_gateway.storage import inbox
from fhir_gateway.storage.inbox import FeedState, Known, MessageKey, Received
from fhir_gateway.storage.postgres import Database, Transaction
from tests.storage.servers import KINDS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = MessageKey("EHR", "CLINIC", "1", b"\x01" * 32)
KEYS = [("urn:ehr:filler", "F1"), ("urn:ehr:placer", "P1")]


@pytest.fixture(params=KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def a_message(key: MessageKey = KEY, ack: bytes = b"MSA|AA|1") -> Received:
    return Received(key, NOW, "10.0.0.1", b"MSH|\xe4", "SIU^S12", inbox.SENT, ack, "AA",
                    ({"text": "odd"},), "a1")  # fmt: skip


async def test_a_message_is_kept_byte_by_byte(database: Database) -> None:
    async with database.transaction(1) as tx:
        await inbox.keep(tx, a_message())
        rows = await tx.rows(
            "SELECT raw, event, state, ack, ack_code, issues, appointment, received_at FROM inbox"
        )
    assert rows == [
        (b"MSH|\xe4", "SIU^S12", "sent", b"MSA|AA|1", "AA", [{"text": "odd"}], "a1", NOW)
    ]


async def test_a_repetition_gets_the_same_answer(database: Database) -> None:
    async with database.transaction(1) as tx:
        assert await inbox.known(tx, KEY) == Known()
        await inbox.keep(tx, a_message())
        assert await inbox.known(tx, KEY) == Known(b"MSA|AA|1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with database.transaction(1) as tx:
            await inbox.keep(tx, a_message(ack=b"other"))
    async with database.transaction(1) as tx:
        assert await inbox.known(tx, KEY) == Known(b"MSA|AA|1")
        assert await tx.row("SELECT count(*) FROM inbox") == (1,)


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, application="LAB"),
        replace(KEY, facility="WARD"),
        replace(KEY, control_id="2"),
        replace(KEY, sha256=b"\x02" * 32),
    ],
    ids=["application", "facility", "control-id", "bytes"],
)
async def test_another_message_is_another_message(database: Database, other: MessageKey) -> None:
    async with database.transaction(1) as tx:
        await inbox.keep(tx, a_message())
        assert (await inbox.known(tx, other)).answer is None
        await inbox.keep(tx, a_message(other))
        assert (await inbox.known(tx, other)).answer == b"MSA|AA|1"


async def test_a_control_id_with_other_bytes_is_noticed(database: Database) -> None:
    async with database.transaction(1) as tx:
        await inbox.keep(tx, a_message())
        assert await inbox.known(tx, replace(KEY, sha256=b"\x02" * 32)) == Known(reused=True)
        assert await inbox.known(tx, replace(KEY, facility="WARD", sha256=b"\x02")) == Known()


async def test_what_could_not_be_read_is_kept_each_time(database: Database) -> None:
    async with database.transaction(1) as tx:
        for _ in range(2):
            await inbox.keep(tx, a_message(), replay=False)
        assert await inbox.known(tx, KEY) == Known()
        assert await tx.row("SELECT count(*) FROM inbox") == (2,)


async def test_of_the_same_message_that_comes_twice_at_once_one_is_kept(
    database: Database,
) -> None:
    async def keep() -> bytes:
        async def work(tx: Transaction) -> bytes:
            told = (await inbox.known(tx, KEY)).answer
            if told is None:
                await inbox.keep(tx, a_message())
            return told or b"kept"

        return await database.run(1, work)

    answers = await asyncio.gather(*(keep() for _ in range(6)))
    assert sorted(answers) == [b"MSA|AA|1"] * 5 + [b"kept"]


async def test_the_newest_message_of_an_appointment_is_remembered(database: Database) -> None:
    first, second = FeedState(NOW, NOW, "1"), FeedState(None, NOW + timedelta(hours=1), "2")
    async with database.transaction(1) as tx:
        assert await inbox.feed_state(tx, "a1") is None
        for each in (first, second):
            inbox.set_feed_state(tx, "a1", each)
            assert await inbox.feed_state(tx, "a1") == each


async def test_an_end_is_remembered_before_the_beginning_is_known(database: Database) -> None:
    async with database.transaction(1) as tx:
        assert await inbox.buried_at(tx, KEYS) is None
        await inbox.bury(tx, KEYS[:1], "S15", NOW)
        assert await inbox.buried_at(tx, KEYS) == NOW
        assert await inbox.buried_at(tx, KEYS[1:]) is None


async def test_of_two_ends_the_later_counts(database: Database) -> None:
    async with database.transaction(1) as tx:
        for hours in (0, 2, 1):
            await inbox.bury(tx, KEYS, "S15", NOW + timedelta(hours=hours))
        assert await inbox.buried_at(tx, KEYS) == NOW + timedelta(hours=2)


async def test_messages_about_one_appointment_pass_one_at_a_time(database: Database) -> None:
    order: list[str] = []

    async def second() -> None:
        async with database.transaction(1) as tx:
            await inbox.lock_keys(tx, KEYS[::-1])
            order.append("second")

    async with database.transaction(1) as tx:
        await inbox.lock_keys(tx, KEYS[:1])
        waiter = asyncio.create_task(second())
        await asyncio.sleep(0.3)
        order.append("first")
    await waiter
    assert order == ["first", "second"]


async def test_messages_about_others_do_not_wait(database: Database) -> None:
    async with database.transaction(1) as mine, database.transaction(1) as other:
        await inbox.lock_keys(mine, KEYS[:1])
        async with asyncio.timeout(60):
            await inbox.lock_keys(other, KEYS[1:])
