"""Which clock hangs on the wall where this happens?

Schedule.availability.zone, else the zone of a Location, else the tenant's (decision 21).
"""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_AVAILABILITY, EXT_TIMEZONE
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import zone
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
    if schedule is None:
        names: list[str] = []
    else:
        named = part(extension(schedule, EXT_AVAILABILITY), "zone")
        if isinstance(named, str):
            return _known(named, tenant)
        names = [
            ref.id
            for each in schedule.get("actor", ())
            if (ref := reference_of(each)) is not None and ref.type == "Location"
        ]
    found = await resources.read_many(tx, "Location", [*names, *places])
    for each in found.values():
        extended = extension(each.resource(), EXT_TIMEZONE)
        if extended is not None and isinstance(extended.get("valueCode"), str):
            return _known(extended["valueCode"], tenant)
    return tenant


async def zones_of(tx: Transaction, deps: Deps, schedules: Sequence[Resource]) -> list[ZoneInfo]:
    """The zone of each Schedule, with one look at the Locations of all."""
    tenant = deps.tenants[tx.tenant].zone
    named = [part(extension(each, EXT_AVAILABILITY), "zone") for each in schedules]
    places = [
        [
            ref.id
            for actor in each.get("actor", ())
            if (ref := reference_of(actor)) is not None and ref.type == "Location"
        ]
        for each in schedules
    ]
    wanted = {one for name, ids in zip(named, places, strict=True) if not name for one in ids}
    found = await resources.read_many(tx, "Location", wanted) if wanted else {}
    located = {
        key: extended["valueCode"]
        for key, each in found.items()
        if (extended := extension(each.resource(), EXT_TIMEZONE)) is not None
        and isinstance(extended.get("valueCode"), str)
    }
    zones = []
    for name, ids in zip(named, places, strict=True):
        first = next((located[one] for one in sorted(ids) if one in located), None)
        chosen = name if isinstance(name, str) else first
        zones.append(_known(chosen, tenant) if chosen else tenant)
    return zones


def _known(name: str, default: ZoneInfo) -> ZoneInfo:
    try:
        return zone(name)
    except GatewayError:
        return default
