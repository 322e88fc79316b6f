"""Can every served type be searched and sorted by each of its parameters?"""

import pytest

from fhir_gateway.fhir.catalogue import CATALOGUE, COMMON, params_of
from fhir_gateway.fhir.search_results import UNORDERED
from fhir_gateway.storage.postgres import Database
from tests.fhir.examples import example
from tests.storage.search.worlds import ids, world


@pytest.mark.parametrize("type_name", CATALOGUE)
async def test_a_type_is_sorted_by_each_of_its_parameters_either_way(
    database: Database, type_name: str
) -> None:
    resources = [example(type_name, n)[0] | {"id": f"x{n}"} for n in range(3)]
    async with world(database, *resources) as tx:
        for name in [x for x, each in params_of(type_name).items() if each.type not in UNORDERED]:
            for key in (name, f"-{name}"):
                found = await ids(tx, f"{type_name}?_sort={key}")
                assert sorted(found) == ["x0", "x1", "x2"], key


@pytest.mark.parametrize("type_name", CATALOGUE)
async def test_a_resource_has_or_lacks_each_of_its_parameters(
    database: Database, type_name: str
) -> None:
    resources = [example(type_name, n)[0] | {"id": f"x{n}"} for n in range(3)]
    async with world(database, *resources) as tx:
        own = [x for x, each in params_of(type_name).items() if not each.components]
        for name in own[len(COMMON) :]:
            has, lacks = [
                await ids(tx, f"{type_name}?{name}:missing={answer}")
                for answer in ("false", "true")
            ]
            assert sorted(has + lacks) == ["x0", "x1", "x2"], name
