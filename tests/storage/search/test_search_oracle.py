"""Does the database find what a plain reading of the resources finds?

In the environment `SEARCH_WORLDS=3000` makes many small worlds of it, with up to eight searches
each; `SEARCH_RESOURCES=3400 SEARCH_QUERIES=2000` one large world with that many searches. They need
minutes: `pytest --timeout=0`.
"""

import os
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fhir_gateway.storage.postgres import Database, Transaction
from fhir_gateway.storage.search_includes import MOST
from tests.storage.search.oracle import Oracle
from tests.storage.search.oracle_parameters import PARAMETERS, Resource
from tests.storage.search.random_resources import Sizes, elements
from tests.storage.search.random_searches import Search, searches
from tests.storage.search.worlds import page, pages, store, world

_WORLDS = int(os.environ.get("SEARCH_WORLDS", "24"))
_RESOURCES = int(os.environ.get("SEARCH_RESOURCES", "100"))
_QUERIES = int(os.environ.get("SEARCH_QUERIES", "50"))
_ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York")]
_SMALL = dict.fromkeys(PARAMETERS, 2)
#: Of a hundred resources of a large world.
_SHARES = {
    "Patient": 32,
    "Appointment": 32,
    "Slot": 12,
    "Task": 10,
    "Encounter": 4,
    "Schedule": 4,
    "Practitioner": 2,
    "RiskAssessment": 2,
    "PlanDefinition": 2,
}
_LARGE = {name: max(2, share * _RESOURCES // 100) for name, share in _SHARES.items()}
_settings = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def populations(sizes: Sizes) -> st.SearchStrategy[list[Resource]]:
    """Up to that many resources of each type."""
    types = [
        st.lists(elements(name, sizes), max_size=size + 1).map(partial(_numbered, name))
        for name, size in sizes.items()
    ]
    return st.tuples(*types).map(lambda lists: [each for found in lists for each in found])


def _numbered(type_name: str, found: list[Resource]) -> list[Resource]:
    return [
        {"resourceType": type_name, "id": str(number)} | each for number, each in enumerate(found)
    ]


@dataclass(frozen=True, slots=True)
class Case:
    """A world and what is searched in it."""

    resources: list[Resource]
    zone: ZoneInfo
    searches: list[Search]


_cases = st.builds(
    Case,
    populations(_SMALL),
    st.sampled_from(_ZONES),
    st.lists(searches(_SMALL, st.integers(1, 5)), min_size=1, max_size=8),
)


async def load(tx: Transaction, resources: list[Resource], zone: ZoneInfo) -> None:
    """Store them, each at the time of its `meta.lastUpdated`."""
    for moment in {each["meta"]["lastUpdated"] for each in resources}:
        these = [each for each in resources if each["meta"]["lastUpdated"] == moment]
        await store(tx, *deepcopy(these), now=datetime.fromisoformat(moment), zone=zone)


async def check(tx: Transaction, oracle: Oracle, asked: Search, zone: ZoneInfo) -> None:
    """All pages hold what they should, in order, with the total and what travels with them."""
    expected = oracle.found(asked.type_name, asked.criteria, asked.sort)
    ids = [each["id"] for each in expected]
    total = None if asked.total == "none" else len(expected)
    seen: list[str] = []
    async for found in pages(tx, asked.text, zone):
        here = [each.id for each in found.matches]
        matches = expected[len(seen) :][: len(here)]
        seen += here
        assert seen == ids[: len(seen)], asked.text
        assert found.total == total, asked.text
        along = [str(each.ref) for each in found.included]
        assert len(set(along)) == len(along), asked.text
        beside = oracle.beside(matches, asked.beside)
        assert set(along) == beside or (len(along) == MOST and set(along) < beside), asked.text
    assert seen == ids, asked.text
    assert await backwards(tx, asked, zone) == ids, asked.text
    alone = await page(tx, f"{asked.text}&_summary=count", zone)
    assert alone.total == len(ids), asked.text


async def backwards(tx: Transaction, asked: Search, zone: ZoneInfo) -> list[str]:
    """All ids, in order, from the last page to the first."""
    *_, last = [each async for each in pages(tx, asked.text, zone)]
    lists = [last.matches]
    while last.previous:
        last = await page(tx, f"{asked.text}&_cursor={last.previous}", zone)
        lists.append(last.matches)
    return [each.id for matches in reversed(lists) for each in matches]


@pytest.mark.slow
@settings(_settings, max_examples=_WORLDS)
@given(case=_cases)
async def test_a_search_finds_what_a_plain_reading_finds_in_the_same_order(
    database: Database, case: Case
) -> None:
    oracle = Oracle(case.resources, case.zone)
    async with world(database) as tx:
        await load(tx, case.resources, case.zone)
        for each in case.searches:
            await check(tx, oracle, each, case.zone)


@pytest.fixture
async def large(database: Database) -> AsyncIterator[tuple[Transaction, Oracle]]:
    """A world of many resources, loaded once."""
    resources = [
        each
        for name, size in _LARGE.items()
        for each in _numbered(name, examples(elements(name, _LARGE), size))
    ]
    async with world(database) as tx:
        await load(tx, resources, _ZONES[1])
        yield tx, Oracle(resources, _ZONES[1])


def examples(strategy: st.SearchStrategy[Resource], number: int) -> list[Resource]:
    """That many, always the same."""
    found: list[Resource] = []

    @seed(number)
    @settings(
        max_examples=number,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(each: Resource) -> None:
        found.append(each)

    collect()
    return found[:number]


@pytest.mark.slow
@settings(_settings, max_examples=_QUERIES)
@given(asked=searches(_LARGE, st.sampled_from((60, 300, 1000))))
async def test_a_large_world_is_searched_like_a_small_one(
    large: tuple[Transaction, Oracle], asked: Search
) -> None:
    await check(*large, asked, _ZONES[1])


@pytest.mark.slow
@settings(_settings, max_examples=_WORLDS)
@given(
    resources=populations(_SMALL),
    asked=searches(_SMALL, st.integers(1, 3), steps=0),
    here=st.lists(st.booleans(), min_size=40, max_size=40),
)
async def test_what_is_written_between_the_pages_moves_nothing(
    database: Database, resources: list[Resource], asked: Search, here: list[bool]
) -> None:
    zone = _ZONES[0]
    first = [each for each, there in zip(resources, here, strict=False) if there]
    later = [each for each in resources if each not in first]
    expected = Oracle(resources, zone).found(asked.type_name, asked.criteria, asked.sort)
    order = [each["id"] for each in expected]
    old = {each["id"] for each in first if each["resourceType"] == asked.type_name}
    seen: list[str] = []
    async with world(database) as tx:
        await load(tx, first, zone)
        async for found in pages(tx, asked.text, zone):
            seen += [each.id for each in found.matches]
            await load(tx, later[:2], zone)
            del later[:2]
    assert [each for each in order if each in set(seen)] == seen, asked.text
    assert [each for each in seen if each in old] == [each for each in order if each in old]
