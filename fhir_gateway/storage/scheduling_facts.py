"""What is counted of some days?

Appointments and Slots that begin in a time, and what says whose they are, in two round trips. The
contents are read by the floor above.
"""

from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.core.codes import EXT_TIMEZONE
from fhir_gateway.engines.metrics import NOT_OFFERED
from fhir_gateway.engines.no_show_facts import UNCOUNTED
from fhir_gateway.storage.names import hashes
from fhir_gateway.storage.postgres import Transaction

_IN_TIME = "r.tenant = %(tenant)s AND r.{0} >= %(low)s AND r.{0} < %(high)s"
#: With the Slots that each is booked through.
_APPOINTMENTS = (
    "SELECT r.id, c.content, ARRAY(SELECT substr(split_part(t, '|', 3), 6) FROM unnest(r.tokens) t"
    " WHERE split_part(t, '|', 2) = 'slot') FROM appointment r"
    " JOIN appointment_content c ON c.tenant = r.tenant"
    f" AND c.id = r.id WHERE {_IN_TIME.format('p_date')} AND r.p_status <> ALL(%(uncounted)s)"
)
_SLOTS = (
    "SELECT r.p_schedule, c.content FROM slot r JOIN slot_content c ON c.tenant = r.tenant"
    f" AND c.id = r.id WHERE {_IN_TIME.format('p_start')} AND r.p_status <> ALL(%(not_offered)s)"
)
# Arrays keep the planner, which knows nothing of a fresh table, from comparing all with all.
_BOOKED = "FROM slot s WHERE s.tenant = %(tenant)s AND s.id = ANY(%(slots)s::text[])"
_SCHEDULES_OF_SLOTS = f"SELECT s.id, s.p_schedule {_BOOKED}"
_ENCOUNTERS = (
    "SELECT c.content FROM encounter_content c WHERE c.tenant = %(tenant)s AND c.id = ANY"
    " (ARRAY(SELECT k.id FROM encounter_token k WHERE k.tenant = %(tenant)s"
    " AND k.hash = ANY(%(hashes)s::bigint[]))) ORDER BY c.id"
)
_SCHEDULES = (
    "SELECT content FROM schedule_content WHERE tenant = %(tenant)s"
    f" AND id = ANY(%(schedules)s::text[] || ARRAY(SELECT substr(s.p_schedule, 10) {_BOOKED}))"
)
_PLACES_WITH_ZONE = (
    "SELECT content FROM location_content WHERE tenant = %(tenant)s"
    " AND position(%(zone)s::bytea in content) > 0"
)
_SERVICES = "SELECT content FROM healthcare_service_content WHERE tenant = %(tenant)s ORDER BY id"
_ROLES = (
    "SELECT id, p_practitioner FROM practitioner_role WHERE tenant = %(tenant)s"
    " AND p_practitioner IS NOT NULL"
)
_BESIDE = (
    _ENCOUNTERS, _SCHEDULES, _PLACES_WITH_ZONE, _SERVICES, _SCHEDULES_OF_SLOTS, _ROLES,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """Contents as they are stored.

    Attributes:
        appointments: That begin in the time; no offers, waitlist entries and errors.
        slots: That begin in the time and are offered.
        schedule_of_slot: Id of a Slot of an Appointment to `Schedule/id`.
        encounters: Of the Appointments, by id.
        schedules: Of the Slots and of the Appointments' Slots.
        places: All Locations that name a zone.
        services: All HealthcareServices, by id.
        roles: Id of a PractitionerRole to `Practitioner/id`, all that name one.
    """

    appointments: list[bytes]
    slots: list[bytes]
    schedule_of_slot: dict[str, str]
    encounters: list[bytes]
    schedules: list[bytes]
    places: list[bytes]
    services: list[bytes]
    roles: dict[str, str]


async def between(tx: Transaction, low: datetime, high: datetime) -> StoredFacts:
    """Read all that begins in a time.

    Args:
        tx: Open transaction.
        low, high: Half open, aware.
    """
    values: dict[str, object] = {"tenant": tx.tenant, "low": low, "high": high}
    values |= {"uncounted": sorted(UNCOUNTED), "not_offered": sorted(NOT_OFFERED)}
    visits, slots = await tx.fetch_batch([(each, values) for each in (_APPOINTMENTS, _SLOTS)])
    schedules = {row[0] for row in slots if row[0]}
    values["schedules"] = sorted(each.removeprefix("Schedule/") for each in schedules)
    values["slots"] = sorted({slot for row in visits for slot in row[2]})
    values["hashes"] = hashes(f"{tx.tenant}|appointment|Appointment/{row[0]}" for row in visits)
    values["zone"] = EXT_TIMEZONE.encode()
    *contents, through, roles = await tx.fetch_batch([(each, values) for each in _BESIDE])
    encounters, owners, places, services = ([row[0] for row in rows] for rows in contents)
    return StoredFacts(
        [row[1] for row in visits],
        [row[1] for row in slots],
        {row[0]: row[1] for row in through},
        encounters,
        owners,
        places,
        services,
        dict(roles),
    )
