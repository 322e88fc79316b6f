"""Which clock hangs on the wall where this happens?

Schedule.availability.zone, else the zone of a Location, else the tenant's (decision 21).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_AVAILABILITY, EXT_TIMEZONE
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import zone
from fhir_gateway.fhir import json
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps

Resource = dict[str, Any]


def extension(element: Resource, url: str) -> Resource | None:
    """The first extension of that name."""
    return next((each for each in element.get("extension", ()) if each.get("url") == url), None)


def part(element: Resource | None, name: str) -> Any:
    """The value of the first part of that name of a nested extension; None where it has none."""
    for each in (element or {}).get("extension", ()):
        if each.get("url") == name:
            return next((value for key, value in each.items() if key.startswith("value")), None)
    return None


async def zone_of(
    tx: Transaction, deps: Deps, schedule: Resource | None, places: Iterable[str] = ()
) -> ZoneInfo:
    """The zone of a booking.

    Args:
        tx: Open transaction.
        deps: See Deps.
        schedule: The Schedule, if there is one.
        places: Ids of Locations, besides the Schedule's own.
    """
    tenant = deps.tenants[tx.tenant].zone
    if has_zone(schedule):
        return zone_among(schedule, (), tenant)
    found = await resources.read_many(tx, "Location", [*places_of(schedule or {}), *places])
    return zone_among(schedule, [each.resource() for each in found.values()], tenant)


def has_zone(schedule: Resource | None) -> bool:
    """Whether a Schedule names a zone itself."""
    return isinstance(_named(schedule), str)


def places_of(schedule: Resource) -> list[str]:
    """Ids of the Locations that a Schedule is of."""
    refs = (reference_of(each) for each in schedule.get("actor", ()))
    return [ref.id for ref in refs if ref is not None and ref.type == "Location"]


def zone_among(
    schedule: Resource | None, places: Iterable[Resource], default: ZoneInfo
) -> ZoneInfo:
    """The zone that a Schedule names, else the first that one of its places names.

    Args:
        schedule: The Schedule, if there is one.
        places: Locations, by id.
        default: The tenant's.
    """
    named = _named(schedule)
    if isinstance(named, str):
        return known_zone(named) or default
    for each in places:
        extended = extension(each, EXT_TIMEZONE)
        if extended is not None and isinstance(extended.get("valueCode"), str):
            return known_zone(extended["valueCode"]) or default
    return default


def _named(schedule: Resource | None) -> Any:
    return part(extension(schedule or {}, EXT_AVAILABILITY), "zone")


async def zones_of(tx: Transaction, deps: Deps, schedules: Sequence[bytes]) -> list[ZoneInfo]:
    """The zone of each Schedule, given as stored, with one look at the Locations of all."""
    tenant = deps.tenants[tx.tenant].zone
    said = [_said(each) for each in schedules]
    wanted = {one for name, places in said if not name for one in places}
    found = await resources.read_many(tx, "Location", wanted) if wanted else {}
    located = {
        key: extended["valueCode"]
        for key, each in found.items()
        if (extended := extension(each.resource(), EXT_TIMEZONE)) is not None
        and isinstance(extended.get("valueCode"), str)
    }
    zones = []
    for name, places in said:
        chosen = name or next((located[one] for one in places if one in located), None)
        zones.append(known_zone(chosen) or tenant)
    return zones


@lru_cache(maxsize=4096)
def _said(schedule: bytes) -> tuple[str | None, tuple[str, ...]]:
    """The zone that a Schedule names, and the Locations among its actors in order."""
    tree = json.parse(schedule)
    named = part(extension(tree, EXT_AVAILABILITY), "zone")
    places = {
        ref.id
        for actor in tree.get("actor", ())
        if (ref := reference_of(actor)) is not None and ref.type == "Location"
    }
    return named if isinstance(named, str) else None, tuple(sorted(places))


def known_zone(name: Any) -> ZoneInfo | None:
    """The IANA zone of that name; None where it is none."""
    try:
        return zone(name) if isinstance(name, str) else None
    except GatewayError:
        return None


async def zones_of_places(tx: Transaction, ids: Iterable[str]) -> dict[str, ZoneInfo]:
    """The zones of those Locations that have one of their own, by id."""
    found = await resources.read_many(tx, "Location", ids)
    named = {key: extension(each.resource(), EXT_TIMEZONE) for key, each in found.items()}
    zones: dict[str, ZoneInfo] = {}
    for key, extended in named.items():
        name = (extended or {}).get("valueCode")
        found_zone = known_zone(name)
        if found_zone is not None:
            zones[key] = found_zone
    return zones
