"""Is the order of hits the one asked for, and do pages lead through all of them?"""

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.search_sql import search
from tests.storage.search.worlds import (
    NOW,
    appointment,
    concept,
    ids,
    page,
    patient,
    query,
    references,
    slot,
    store,
    walk,
    world,
)

LETTERS = "abcdefgh"
EVENING = "2026-03-02T20:00:00Z"


async def test_without_an_order_hits_come_by_id(database: Database) -> None:
    async with world(database, slot("b"), slot("C"), slot("a-1"), slot("a")) as tx:
        assert await ids(tx, "Slot") == ["C", "a", "a-1", "b"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("date", ["early", "late", "late-2", "none", "none-2"]),
        ("-date", ["late", "late-2", "early", "none", "none-2"]),
        ("status,date", ["early", "none", "late", "late-2", "none-2"]),
        ("-status,-date", ["late", "late-2", "none-2", "early", "none"]),
        ("status,-_id", ["none", "early", "none-2", "late-2", "late"]),
        ("date,-_id", ["early", "late-2", "late", "none-2", "none"]),
        ("-_id", ["none-2", "none", "late-2", "late", "early"]),
        ("_id,date", ["early", "late", "late-2", "none", "none-2"]),
        ("_lastUpdated,-date", ["late", "late-2", "early", "none", "none-2"]),
    ],
)
async def test_hits_without_a_value_come_last_and_equal_ones_by_id(
    database: Database, sort: str, expected: list[str]
) -> None:
    appointments = [
        appointment("early", start="2026-03-02T08:00:00Z", status="arrived"),
        appointment("late", start="2026-03-02T10:00:00Z"),
        appointment("late-2", start="2026-03-02T11:00:00+01:00"),
        appointment("none", status="arrived"),
        appointment("none-2"),
    ]
    async with world(database, *appointments) as tx:
        for count in (1, 2, 3, 5):
            assert await walk(tx, f"Appointment?_sort={sort}&_count={count}") == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Patient?_sort=family", ["both", "m", "none"]),
        ("Patient?_sort=-family", ["both", "m", "none"]),
        ("Patient?_sort=identifier", ["m", "both", "none"]),
        ("Patient?_sort=-general-practitioner", ["both", "m", "none"]),
        ("Appointment?_sort=service-type", ["x", "y"]),
        ("Appointment?_sort=-requested-period", ["y", "x"]),
        ("RiskAssessment?_sort=-probability", ["r", "q"]),
    ],
)
async def test_several_values_count_by_the_least_or_descending_by_the_greatest(
    database: Database, asked: str, expected: list[str]
) -> None:
    resources = [
        patient(
            "both",
            name=[{"family": "Zoe"}, {"family": "abel"}],
            identifier=[{"value": "2"}, {"value": "3"}],
            generalPractitioner=references("Practitioner/a", "Practitioner/z"),
        ),
        patient(
            "m",
            name=[{"family": "Müller"}],
            identifier=[{"value": "1"}, {"value": "9"}],
            generalPractitioner=references("Practitioner/m"),
        ),
        patient("none"),
        appointment("x", serviceType=[concept("b"), concept("c")], requestedPeriod=[SPRING]),
        appointment("y", serviceType=[concept("c")], requestedPeriod=[SPRING, SUMMER]),
        risk("q", 30),
        risk("r", 10, 40),
    ]
    async with world(database, *resources) as tx:
        assert await walk(tx, f"{asked}&_count=1") == expected


SPRING = {"start": "2026-03-01", "end": "2026-05-31"}
SUMMER = {"start": "2026-06-01"}


def risk(id_: str, *chances: int) -> dict[str, object]:
    return {
        "resourceType": "RiskAssessment",
        "id": id_,
        "status": "final",
        "subject": {"reference": "Patient/a"},
        "prediction": [{"probabilityDecimal": each} for each in chances],
    }


@pytest.mark.parametrize("sort", ["", "&_sort=start", "&_sort=-start", "&_sort=status,-start"])
async def test_pages_go_on_where_they_were_whatever_is_written_meanwhile(
    database: Database, sort: str
) -> None:
    asked = f"Slot?_count=3{sort}"
    start = {each: f"2026-03-02T{8 + number:02}:00:00Z" for number, each in enumerate(LETTERS)}
    first = [slot(each, start=start[each], end=EVENING) for each in LETTERS]
    async with world(database, *first) as tx:
        expected = await walk(tx, asked)
        found = await page(tx, asked)
        seen = [each.id for each in found.matches]
        while found.next:
            here = [each[0] for each in seen][-1]
            number = len(seen)
            # One that belongs on a page that has been read, one that belongs on the next.
            await store(tx, slot(f"A{number}", start=start[seen[0][0]], end=EVENING))
            await store(tx, slot(f"{here}{number}", start=start[here], end=EVENING))
            found = await page(tx, f"{asked}&_cursor={found.next}")
            seen += [each.id for each in found.matches]
    assert [each for each in seen if each in LETTERS] == expected
    assert len(seen) == len(set(seen))
    assert not any(each.startswith("A") for each in seen)


async def test_only_the_first_page_has_none_before_it_however_one_got_there(
    database: Database,
) -> None:
    async with world(database, *[slot(each) for each in "abcd"]) as tx:
        first = await page(tx, "Slot?_count=2")
        second = await page(tx, f"Slot?_count=2&_cursor={first.next}")
        back = await page(tx, f"Slot?_count=2&_cursor={second.previous}")
    assert (first.previous, first.next) == (None, back.next)
    assert (back.previous, back.matches) == (None, first.matches)


async def test_what_was_written_before_a_page_is_on_the_way_back(database: Database) -> None:
    async with world(database, *[slot(each) for each in "bdf"]) as tx:
        first = await page(tx, "Slot?_count=2")
        second = await page(tx, f"Slot?_count=2&_cursor={first.next}")
        await store(tx, slot("a"), slot("c"), slot("g"))
        back = await page(tx, f"Slot?_count=2&_cursor={second.previous}")
        front = await page(tx, f"Slot?_count=2&_cursor={back.previous}")
    assert [each.id for each in back.matches] == ["c", "d"]
    assert [each.id for each in front.matches] == ["a", "b"]


async def test_only_the_last_page_has_no_next(database: Database) -> None:
    async with world(database, *[slot(each) for each in "abcd"]) as tx:
        first = await page(tx, "Slot?_count=2")
        assert first.next is not None
        assert (await page(tx, f"Slot?_count=2&_cursor={first.next}")).next is None
        assert (await page(tx, "Slot?_count=4")).next is None


async def test_the_page_size_may_change_on_the_way(database: Database) -> None:
    async with world(database, *[slot(each) for each in "abcd"]) as tx:
        first = await page(tx, "Slot?_count=1")
        assert await ids(tx, f"Slot?_count=3&_cursor={first.next}") == ["b", "c", "d"]


@pytest.mark.parametrize(
    "other",
    ["Slot?status=busy&_count=1", "Slot?_count=1", "Slot?status=free&_sort=start", "Schedule"],
)
async def test_the_cursor_of_another_search_is_refused(database: Database, other: str) -> None:
    async with world(database, slot("a"), slot("b")) as tx:
        cursor = (await page(tx, "Slot?status=free&_count=1")).next
        with pytest.raises(GatewayError) as refused:
            await search(tx, replace(query(other), cursor=cursor))
    assert refused.value.category is Category.INVALID
    assert refused.value.issues[0].expression == ("_cursor",)


@pytest.mark.parametrize(
    "packed",
    [b"", b"[]", b"{}", b"1", b"\xff", b"[" * 900, b'["x","a"]', b'["x"'],
)
async def test_a_cursor_that_is_none_is_refused(database: Database, packed: bytes) -> None:
    text = urlsafe_b64encode(packed).decode().rstrip("=") or "~"
    async with world(database) as tx:
        with pytest.raises(GatewayError) as refused:
            await page(tx, f"Slot?_cursor={text}")
    assert refused.value.category is Category.INVALID


@pytest.mark.parametrize("letter", ["a", "ﷺ", '"', "\U0001f600"])
async def test_a_cursor_stays_short_however_long_the_values_are(
    database: Database, letter: str
) -> None:
    people = [
        patient(each, name=[{"family": letter * 5000 + each, "given": [letter * 5000]}])
        for each in "ab"
    ]
    async with world(database, *people) as tx:
        asked = "Patient?_sort=family,given,-phone,birthdate,_lastUpdated&_count=1"
        assert await walk(tx, asked) == ["a", "b"]


async def test_keys_that_are_no_text_leave_their_room_to_those_that_are(
    database: Database,
) -> None:
    people = [patient(each, name=[{"family": "x" * 150 + last}]) for each, last in ("ab", "ba")]
    async with world(database, *people) as tx:
        asked = "Patient?_sort=birthdate,-death-date,_lastUpdated,family&_count=1"
        assert await walk(tx, asked) == ["b", "a"]


async def test_more_than_five_keys_are_refused(database: Database) -> None:
    async with world(database) as tx:
        with pytest.raises(GatewayError) as refused:
            await page(tx, "Patient?_sort=name,family,given,phone,email,gender")
    assert refused.value.issues[0].expression == ("_sort",)


@pytest.mark.parametrize(
    ("asked", "total", "hits"),
    [
        ("Slot?status=free", 3, 3),
        ("Slot?status=free&_count=2", 3, 2),
        ("Slot?status=free&_total=accurate&_count=2", 3, 2),
        ("Slot?status=free&_total=none", None, 3),
        ("Slot?status=free&_count=0", 3, 0),
        ("Slot?status=free&_summary=count", 3, 0),
        ("Slot?status=entered-in-error", 0, 0),
    ],
)
async def test_the_total_counts_all_hits(
    database: Database, asked: str, total: int | None, hits: int
) -> None:
    slots = [*map(slot, "abc"), slot("d", status="busy")]
    async with world(database, *slots) as tx:
        found = await page(tx, asked)
    assert (found.total, len(found.matches)) == (total, hits)


async def test_the_total_is_the_same_on_every_page(database: Database) -> None:
    async with world(database, *map(slot, "abc")) as tx:
        first = await page(tx, "Slot?_count=1")
        second = await page(tx, f"Slot?_count=1&_cursor={first.next}")
    assert (first.total, second.total) == (3, 3)


@pytest.mark.slow
async def test_a_total_above_ten_thousand_is_counted_only_where_asked_for(
    database: Database,
) -> None:
    async with world(database, *[slot(f"s{number}") for number in range(10_000)]) as tx:
        assert (await page(tx, "Slot?_count=1")).total == 10_000
        await store(tx, slot("one-more"))
        assert (await page(tx, "Slot?_count=1")).total is None
        assert (await page(tx, "Slot?_count=1&_total=accurate")).total == 10_001
        assert (await page(tx, "Slot?_summary=count")).total == 10_001


async def test_hits_carry_version_time_and_content(database: Database) -> None:
    async with world(database) as tx:
        await store(tx, slot("a"), now=NOW + timedelta(hours=1))
        stored = (await page(tx, "Slot")).matches[0]
    assert (stored.type, stored.id, stored.version) == ("Slot", "a", 1)
    assert stored.last_updated == NOW + timedelta(hours=1)
    assert stored.resource()["meta"]["lastUpdated"] == "2026-03-01T13:00:00Z"


async def test_a_search_in_a_compartment_stays_with_its_patient(database: Database) -> None:
    visits = [appointment(f"{who}-{n}", f"Patient/{who}") for who in ("ann", "bob") for n in "123"]
    of_ann = replace(query("Appointment?status=booked&_count=2"), patient="ann")
    async with world(database, *visits) as tx:
        first = await search(tx, of_ann)
        second = await search(tx, replace(of_ann, cursor=first.next))
        with pytest.raises(GatewayError, match="not a page of this search"):
            await search(tx, replace(of_ann, cursor=first.next, patient="bob"))
    assert [each.id for each in first.matches] == ["ann-1", "ann-2"]
    assert [each.id for each in second.matches] == ["ann-3"]
    assert first.total == 3
