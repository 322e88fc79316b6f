"""Whose time is taken: the guard lets nothing overlap. Decisions 8, 14 and 15."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from psycopg import errors

from fhir_gateway.storage import actors, engagements, promotions
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Database, Transaction
from tests.storage.servers import KINDS
from tests.storage.times import span

SOON = datetime.now(UTC) + timedelta(days=1)
PAST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def keys(database: Database) -> list[int]:
    """Numbers of three practitioners."""
    async with database.transaction(1) as tx:
        found = await actors.keys_of(tx, [f"Practitioner/p{number}" for number in range(3)])
    return sorted(found.values())


def a_row(key: int, start: str = "09:00", minutes: int = 30, **more: Any) -> Engagement:
    time = span(start, minutes)
    made = Engagement(key, time, time, engagements.APPOINTMENT, appointment="a1")
    return replace(made, **more)


async def held(tx: Transaction, *rows: Engagement) -> int:
    """How many of these could be had."""
    return len(await engagements.insert(tx, rows))


async def statement(database: Database, text: str) -> None:
    async with database.transaction(1) as tx:
        await tx.execute(text)


async def test_an_actor_has_one_number(database: Database) -> None:
    async with database.transaction(1) as tx:
        first = await actors.keys_of(tx, ["Practitioner/p1", "Device/d"])
        again = await actors.keys_of(tx, ["Device/d", "Practitioner/p1", "Device/e"])
        names = await actors.references_of(tx, again.values())
    assert first.items() <= again.items()
    assert names == {key: name for name, key in again.items()}


async def test_actors_who_are_named_at_once_have_one_number(database: Database) -> None:
    async def name() -> dict[str, int]:
        async with database.transaction(1) as tx:
            return await actors.keys_of(tx, ["Practitioner/new"])

    found = await asyncio.gather(*(name() for _ in range(8)))
    assert len({each["Practitioner/new"] for each in found}) == 1


@pytest.mark.parametrize(
    ("start", "minutes", "free"),
    [("08:30", 30, True), ("08:30", 31, False), ("09:10", 5, False), ("09:29", 5, False),
     ("09:30", 30, True), ("08:00", 120, False)],
)  # fmt: skip
async def test_nothing_overlaps_what_is_taken(
    database: Database, keys: list[int], start: str, minutes: int, free: bool
) -> None:
    async with database.transaction(1) as tx:
        assert await held(tx, a_row(keys[0])) == 1
        assert await held(tx, a_row(keys[0], start, minutes, appointment="a2")) == int(free)
        assert await held(tx, a_row(keys[1], start, minutes, appointment="a2")) == 1


@pytest.mark.parametrize("other", [{"exclusive": False}, {"active": False}])
async def test_only_what_is_active_and_exclusive_is_guarded(
    database: Database, keys: list[int], other: dict[str, Any]
) -> None:
    async with database.transaction(1) as tx:
        assert await held(tx, a_row(keys[0]), a_row(keys[0], appointment="a2", **other)) == 2


async def test_the_guard_holds_for_updates_too(database: Database, keys: list[int]) -> None:
    async with database.transaction(1) as tx:
        await held(tx, a_row(keys[0]), a_row(keys[0], appointment="a2", active=False))
    with pytest.raises(errors.ExclusionViolation):
        await statement(database, "UPDATE busy SET active = true")


@pytest.mark.parametrize("during", ["empty", "[2027-01-01, 2027-01-02]", "(2027-01-01,)"])
async def test_times_are_half_open_and_have_both_ends(
    database: Database, keys: list[int], during: str
) -> None:
    async with database.transaction(1) as tx:
        await held(tx, a_row(keys[0]))
    with pytest.raises(errors.IntegrityError):
        await statement(database, f"UPDATE busy SET during = '{during}'")


async def test_rows_are_read_as_they_were_written(database: Database, keys: list[int]) -> None:
    row = a_row(keys[0], kind=engagements.OFFER, appointment=None, task="t1", slots=("s1", "s2"),
                expires_at=SOON, tentative=True)  # fmt: skip
    async with database.transaction(1) as tx:
        written = await engagements.insert(tx, [row])
        assert await engagements.of_task(tx, "t1") == written
        assert await engagements.of_appointment(tx, "a1") == []


async def test_time_that_is_given_back_can_be_had(database: Database, keys: list[int]) -> None:
    async with database.transaction(1) as tx:
        rows = await engagements.insert(tx, [a_row(keys[0])])
        await engagements.release(tx, [each.id for each in rows])
        assert await held(tx, a_row(keys[0], appointment="a2")) == 1


async def test_a_hold_that_is_over_is_in_nobodys_way(database: Database, keys: list[int]) -> None:
    over = a_row(keys[0], minutes=60, task="t1", kind=engagements.HOLD, expires_at=PAST)
    async with database.transaction(1) as tx:
        (written,) = await engagements.insert(tx, [over])
        assert await engagements.overlapping(tx, keys, span("09:00")) == []
        taken = await engagements.take(tx, [a_row(keys[0], appointment="a2")])
        assert (taken.missing, taken.ended) == ((), (written,))
        assert len(await engagements.of_appointment(tx, "a2")) == 1
        assert await engagements.of_task(tx, "t1") == []


async def test_a_hold_that_lasts_is_in_the_way(database: Database, keys: list[int]) -> None:
    lasting = a_row(keys[0], task="t1", kind=engagements.HOLD, expires_at=SOON)
    async with database.transaction(1) as tx:
        assert await held(tx, lasting) == 1
        wanted = a_row(keys[0], appointment="a2")
        assert await engagements.take(tx, [wanted]) == engagements.Taken(missing=(wanted,))


async def test_a_hold_is_prolonged_while_it_lasts(database: Database, keys: list[int]) -> None:
    lasting = a_row(keys[0], task="t1", kind=engagements.OFFER, expires_at=SOON)
    over = a_row(keys[1], task="t2", kind=engagements.OFFER, expires_at=PAST)
    later = SOON + timedelta(hours=1)
    async with database.transaction(1) as tx:
        await held(tx, lasting, over)
        assert await engagements.prolong(tx, "t1", later) == 1
        assert await engagements.prolong(tx, "t2", later) == 0
        assert [each.expires_at for each in await engagements.of_task(tx, "t1")] == [later]


async def test_the_sweeper_finds_what_is_over(database: Database, keys: list[int]) -> None:
    over = [a_row(key, task="t", kind=engagements.HOLD, expires_at=PAST) for key in keys[:2]]
    lasting = a_row(keys[2], task="t", kind=engagements.HOLD, expires_at=SOON)
    async with database.transaction(1) as tx:
        await held(tx, *over, lasting, a_row(keys[2], "12:00"))
        found = await engagements.expired(tx)
    assert sorted(each.actor_key for each in found) == keys[:2]


async def test_what_overlaps_is_told_in_order_of_time(database: Database, keys: list[int]) -> None:
    async with database.transaction(1) as tx:
        await held(tx, a_row(keys[0], "10:00"), a_row(keys[1], "09:15", appointment="a2"),
                   a_row(keys[0], "11:00"), a_row(keys[2], "09:00", task="t1"))  # fmt: skip
        found = await engagements.overlapping(tx, keys, span("09:00", 90))
        assert [each.actor_key for each in found] == [keys[2], keys[1], keys[0]]
        others = await engagements.overlapping(tx, keys, span("09:00", 90), without="a1")
        assert [each.appointment for each in others] == ["a2"]
        no_task = await engagements.overlapping(tx, keys, span("09:00"), without_task="t1")
        assert [each.actor_key for each in no_task] == [keys[1]]


async def test_the_oldest_overlap_gets_the_time_that_is_given_back(
    database: Database, keys: list[int]
) -> None:
    beside: dict[str, Any] = {"active": False, "kind": engagements.OVERLAP}
    async with database.transaction(1) as tx:
        first = await engagements.insert(tx, [a_row(keys[0])])
        for name in ("a2", "a3"):
            await held(tx, a_row(keys[0], appointment=name, **beside))
        await held(tx, a_row(keys[0], "11:00", appointment="a4", **beside))
        assert await promotions.promote(tx, [keys[0]], span("09:00")) == []
        await engagements.release(tx, [each.id for each in first])
        (promoted,) = await promotions.promote(tx, [keys[0]], span("09:00"))
        assert (promoted.appointment, promoted.active, promoted.kind) == (
            "a2", True, engagements.APPOINTMENT,
        )  # fmt: skip
        (row,) = await engagements.of_appointment(tx, "a3")
        assert not row.active


async def test_who_may_be_double_booked_is_told_of_the_rest(
    database: Database, keys: list[int]
) -> None:
    loose: dict[str, Any] = {"exclusive": False}
    async with database.transaction(1) as tx:
        first = a_row(keys[0], **loose)
        assert await engagements.take(tx, [first], "a1") == engagements.Taken()
        late = a_row(keys[0], "09:20", appointment="a2", **loose)
        taken = await engagements.take(tx, [late], "a2")
        assert [each.appointment for each in taken.elsewhere] == ["a1"]


async def test_the_times_of_three_people_in_any_order_are_no_deadlock(
    database: Database, keys: list[int]
) -> None:
    async def book(number: int, order: tuple[int, ...]) -> int:
        async with database.transaction(1) as tx:
            wanted = [a_row(key, appointment=f"a{number}") for key in order]
            return await held(tx, *wanted)

    orders = list(permutations(keys)) * 8
    counts = await asyncio.gather(*(book(*each) for each in enumerate(orders)))
    assert sorted(counts) == [0] * (len(orders) - 1) + [3]


async def test_a_block_belongs_to_its_slot(database: Database, keys: list[int]) -> None:
    block = a_row(keys[0], kind=engagements.BLOCK, appointment=None, slots=("s1",))
    booking = a_row(keys[1], slots=("s1",))
    async with database.transaction(1) as tx:
        written = await engagements.insert(tx, [block, booking])
        assert await engagements.of_slot(tx, "s1") == written[:1]
        assert await engagements.of_slot(tx, "s2") == []


def a_seat(key: int, seats: int = 2, slot: str = "group", **more: Any) -> Engagement:
    return a_row(key, share=engagements.share_of(slot), seats=seats, slots=(slot,), **more)


async def test_a_slot_has_so_many_seats_and_nobody_stands_beside_it(
    database: Database, keys: list[int]
) -> None:
    async with database.transaction(1) as tx:
        assert await held(tx, *(a_seat(keys[0], appointment=f"a{n}") for n in range(3))) == 2
        assert await held(tx, a_row(keys[0]), a_seat(keys[0], slot="other")) == 0
        assert await held(tx, a_seat(keys[1]), a_row(keys[2])) == 2
        assert await held(tx, a_seat(keys[2])) == 0


async def test_a_seat_is_known_again(database: Database, keys: list[int]) -> None:
    async with database.transaction(1) as tx:
        await held(tx, a_seat(keys[0]), a_row(keys[1]))
        seat, row = await engagements.of_appointment(tx, "a1")
    assert seat.shares_with(a_seat(keys[0]))
    assert (seat.share, seat.seats) == (engagements.share_of("group"), 2)
    assert (row.share, row.seats) == (None, 1)


async def test_no_seat_is_had_twice_whatever_the_program_does(
    database: Database, keys: list[int]
) -> None:
    async with database.transaction(1) as tx:
        await held(tx, a_seat(keys[0]), a_seat(keys[0]))
    with pytest.raises(errors.UniqueViolation):
        await statement(database, "UPDATE busy SET seat = 0 WHERE seats_of IS NOT NULL")
    with pytest.raises(errors.CheckViolation):
        await statement(database, "UPDATE busy SET seat = 2 WHERE seat = 1")
