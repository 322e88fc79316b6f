"""Are Locations found by how far away they are?"""

from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_gateway.storage.postgres import Database
from tests.storage.search.worlds import Resource, ids, schedule, slot, world


def _location(id_: str, latitude: str, longitude: str) -> Resource:
    position = {"longitude": Decimal(longitude), "latitude": Decimal(latitude)}
    return {"resourceType": "Location", "id": id_, "position": position}


#: From Riyadh: 24, 90 and 850 km; and on both sides of the date line.
PLACES = (
    _location("riyadh", "24.7136", "46.6753"),
    _location("diriyah", "24.7333", "46.4390"),
    _location("kharj", "24.1500", "47.3000"),
    _location("jeddah", "21.4858", "39.1925"),
    _location("taveuni", "-16.85", "-179.98"),
    _location("rabi", "-16.50", "179.99"),
    {"resourceType": "Location", "id": "nowhere"},
)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("24.7136|46.6753", ["diriyah", "riyadh"]),
        ("24.7136|46.6753|0", ["riyadh"]),
        ("24.7136|46.6753|23", ["riyadh"]),
        ("24.7136|46.6753|24.1|km", ["diriyah", "riyadh"]),
        ("24.7136|46.6753|24100|m", ["diriyah", "riyadh"]),
        ("24.7136|46.6753|15|[mi_us]", ["diriyah", "riyadh"]),
        ("24.7136|46.6753|100", ["diriyah", "kharj", "riyadh"]),
        ("24.7136|46.6753|1000", ["diriyah", "jeddah", "kharj", "riyadh"]),
        ("-16.85|179.99|10", ["taveuni"]),
        ("-16.85|179.99|50,21.5|39.2|50", ["jeddah", "rabi", "taveuni"]),
        ("0|0|1e9", ["diriyah", "jeddah", "kharj", "rabi", "riyadh", "taveuni"]),
    ],
)
async def test_what_is_near_is_found(database: Database, asked: str, expected: list[str]) -> None:
    async with world(database, *PLACES) as tx:
        assert await ids(tx, f"Location?near={asked}") == expected


async def test_a_place_without_position_is_near_to_nothing(database: Database) -> None:
    async with world(database, *PLACES) as tx:
        assert await ids(tx, "Location?near:missing=true") == ["nowhere"]


async def test_slots_are_found_by_where_they_are_held(database: Database) -> None:
    held = [schedule("s", "Location/jeddah"), schedule("r", "Location/riyadh")]
    slots = [slot("here"), slot("there", schedule={"reference": "Schedule/r"})]
    async with world(database, *PLACES, *held, *slots) as tx:
        assert await ids(tx, "Slot?schedule.actor:Location.near=21.5|39.2|20") == ["here"]


def _metres(one: tuple[int, int], other: tuple[int, int]) -> float:
    (a, b), (c, d) = (map(radians, each) for each in (one, other))
    half = sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2
    return 2 * 6_371_008.8 * asin(min(1, sqrt(half)))


_degrees = st.tuples(st.integers(-90, 90), st.integers(-180, 180))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(here=_degrees, places=st.lists(_degrees, min_size=1, max_size=20), km=st.integers(1, 9000))
async def test_a_distance_is_the_one_on_a_sphere(
    database: Database, here: tuple[int, int], places: list[tuple[int, int]], km: int
) -> None:
    stored = [_location(f"p{n:02}", *map(str, each)) for n, each in enumerate(places)]
    near = [f"p{n:02}" for n, each in enumerate(places) if _metres(here, each) <= km * 1000]
    async with world(database, *stored) as tx:
        assert await ids(tx, f"Location?near={here[0]}|{here[1]}|{km}") == near
