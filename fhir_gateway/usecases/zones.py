"""Which clock hangs on the wall where this happens?

Schedule.availability.zone, else the zone of a Location, else the tenant's (decision 21).
"""

from collections.abc import Iterable
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
            return known_zone(named) or tenant
        names = [
            ref.id
            for each in schedule.get("actor", ())
            if (ref := reference_of(each)) is not None and ref.type == "Location"
        ]
    found = await resources.read_many(tx, "Location", [*names, *places])
    for each in found.values():
        extended = extension(each.resource(), EXT_TIMEZONE)
        if extended is not None and isinstance(extended.get("valueCode"), str):
            return known_zone(extended["valueCode"]) or tenant
    return tenant


def known_zone(name: Any) -> ZoneInfo | None:
    """The IANA zone of that name; None where it is none."""
    try:
        return zone(name) if isinstance(name, str) else None
    except GatewayError:
        return None
