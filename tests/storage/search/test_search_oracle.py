"""Does the database find what a plain reading of the resources finds?

`SEARCH_WORLDS=3000` in the environment makes it a long run; each world has up to eight searches.
"""

import os
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings

from fhir_gateway.storage.postgres import Database
from tests.storage.search.oracle import found
from tests.storage.search.random_worlds import World, worlds
from tests.storage.search.worlds import page, walk, world


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("SEARCH_WORLDS", "120")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=worlds())
async def test_a_search_finds_what_a_plain_reading_finds_in_the_same_order(
    database: Database, case: World
) -> None:
    async with world(database, *deepcopy(case.resources)) as tx:
        for search in case.searches:
            expected = [each["id"] for each in found(case.resources, search.criteria, search.sort)]
            text = search.text(case.type_name)
            assert await walk(tx, text) == expected, text
            assert (await page(tx, text)).total == len(expected), text
