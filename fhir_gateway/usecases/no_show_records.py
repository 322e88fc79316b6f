"""What do the gateway's own appointments teach about no-shows?

Days and hours are the clinic's: of the zone of a Location that takes part, else of the tenant.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from fhir_gateway.core.time import parse_instant
from fhir_gateway.engines.clinic_time import day_number
from fhir_gateway.engines.no_show_facts import UNCOUNTED
from fhir_gateway.engines.no_show_features import Floats
from fhir_gateway.engines.no_show_trial import Booked
from fhir_gateway.storage import visits
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.visits import Visit
from fhir_gateway.usecases.zones import zones_of_places

_OUTCOME = {"noshow": 1.0, "fulfilled": 0.0}
_SEXES = {"male": 1.0, "female": 0.0}
_YEAR = 365.2425


@dataclass(frozen=True, slots=True)
class Booking:
    """When an appointment was booked, as far as that is known.

    Args:
        at: Aware; None where it was written here after its start.
        has_hour: Whether the hour is known.
    """

    at: datetime | None
    has_hour: bool


async def own_appointments(tx: Transaction, zone: ZoneInfo, now: datetime) -> Booked:
    """The appointments of the tenant that began before now and have a patient, as columns.

    Args:
        tx: Open transaction.
        zone: Of the tenant.
        now: Aware.
    """
    found = await visits.all_visits(tx, now)
    places = {place for each in found for place in each.places}
    zones = await zones_of_places(tx, places)
    return await asyncio.to_thread(_columns, found, zones, zone)


def booking_of(
    created: str | None, known_since: datetime, start: datetime, zone: ZoneInfo
) -> Booking:
    """When an appointment was booked.

    Args:
        created: Appointment.created; None where it says nothing.
        known_since: When it was first written here; that counts where `created` is missing.
        start: Planned.
        zone: Of the clinic, for a date alone.
    """
    if created and "T" in created:
        return Booking(parse_instant(created), has_hour=True)
    if created and len(created) == 10:
        day = datetime.combine(date.fromisoformat(created), datetime.min.time(), zone)
        return Booking(day, has_hour=False)
    if known_since < start:
        return Booking(known_since, has_hour=True)
    return Booking(None, has_hour=False)


def first_zone(places: Sequence[str], zones: Mapping[str, ZoneInfo], default: ZoneInfo) -> ZoneInfo:
    """The zone of the first of some Locations that has one."""
    return next((zones[each] for each in places if each in zones), default)


def age_on(born: datetime | None, day: float) -> float:
    """Whole years on a day (days since 1970-01-01); NaN if unknown."""
    if born is None:
        return math.nan
    years = (day - day_number(born.astimezone(UTC).date())) / _YEAR
    return float(math.floor(years + 1e-3))


def male(gender: str | None) -> float:
    """1 or 0 as the model has it; NaN if unknown or neither."""
    return _SEXES.get(gender or "", math.nan)


def _columns(found: Sequence[Visit], zones: Mapping[str, ZoneInfo], default: ZoneInfo) -> Booked:
    names = {
        name: place for place, name in enumerate(dict.fromkeys(each.patient for each in found))
    }
    local = [each.start.astimezone(first_zone(each.places, zones, default)) for each in found]
    made = [booking_of(each.created, each.known_since, each.start, default) for each in found]
    days = [day_number(each.date()) for each in local]
    booked = [_day_and_hour(each.at, start) for each, start in zip(made, local, strict=True)]

    def column(value: Callable[[int], float]) -> Floats:
        return np.array([value(place) for place in range(len(found))], dtype=np.float64)

    return Booked(
        patient=np.array([names[each.patient] for each in found], dtype=np.int64),
        day=np.array(days, dtype=np.int64),
        booked=np.array(booked, dtype=np.float64),
        booking_hour=column(lambda i: (booked[i] % 1) * 24 if made[i].has_hour else math.nan),
        hour=column(lambda i: local[i].hour),
        missed=column(lambda i: _OUTCOME.get(found[i].status, math.nan)),
        counted=np.array([each.status not in UNCOUNTED for each in found], dtype=np.bool_),
        age=column(lambda i: age_on(found[i].born, days[i])),
        male=column(lambda i: male(found[i].gender)),
        reminded=np.full(len(found), math.nan),
    )


def _day_and_hour(at: datetime | None, like: datetime) -> float:
    """Clinic-local days since 1970-01-01 with fractions; NaN if unknown."""
    if at is None:
        return math.nan
    local = at.astimezone(like.tzinfo)
    return day_number(local.date()) + (local.hour * 60 + local.minute) / 1440
