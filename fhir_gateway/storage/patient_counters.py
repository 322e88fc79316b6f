"""How many appointments has each patient had, and how did they go?

The counters move in the transaction that changes an Appointment, with a statement that travels
along; counted from the Appointments and their history the same numbers come out. Decision 22.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from fhir_gateway.storage.names import hashes
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resource_rows import array
from fhir_gateway.storage.visits import NEVER_BOOKED


@dataclass(frozen=True, slots=True)
class Counters:
    """Of one patient, whatever the time of the appointments.

    Attributes:
        total: Appointments that were ever booked; not proposed, waitlist or entered-in-error.
        completed: Fulfilled ones.
        no_shows: Missed ones.
        arrivals: Times that the patient came and was received.
        late_minutes: Whole minutes after the start at which the patient was received, summed.
    """

    total: int = 0
    completed: int = 0
    no_shows: int = 0
    arrivals: int = 0
    late_minutes: int = 0

    def plus(self, other: "Counters", sign: int = 1) -> "Counters":
        """Their sum, or difference where sign is -1."""
        return Counters(
            *(getattr(self, name) + sign * getattr(other, name) for name in self.__slots__)
        )


NOTHING = Counters()
_NAMES = [each.name for each in fields(Counters)]

_FORGET = "DELETE FROM patient_counter WHERE tenant = %(tenant)s"
_MOVE = f"""
INSERT INTO patient_counter (tenant, patient, {", ".join(_NAMES)})
SELECT %(tenant)s, * FROM unnest(%(patient)s::text[],
  {", ".join(f"%({name})s::bigint[]" for name in _NAMES)})
ON CONFLICT (tenant, patient) DO UPDATE SET
  {", ".join(f"{name} = patient_counter.{name} + excluded.{name}" for name in _NAMES)}
"""

#: A day; whoever is received later than that was not late but recorded late.
LATEST = 1440

_WHOSE = """ AND {id} IN (SELECT k.id FROM appointment_token k
      WHERE k.tenant = %(tenant)s AND k.hash = ANY(%(hashes)s))"""
# An arrival is a version in which the patient is here, after one in which he was not.
_COUNT = f"""
WITH version AS (
  SELECT h.id, h.version, h.last_updated, v.tree ->> 'start' AS start,
    v.tree ->> 'status' IN ('arrived', 'checked-in', 'fulfilled') AS here,
    v.tree ->> 'status' IN ('arrived', 'checked-in') AS received
  FROM history h
  CROSS JOIN LATERAL (SELECT convert_from(h.content, 'UTF8')::jsonb AS tree) v
  WHERE h.tenant = %(tenant)s AND h.type = 'Appointment' AND h.content IS NOT NULL
    AND h.version > coalesce((
      SELECT max(d.version) FROM history d WHERE d.tenant = h.tenant AND d.type = h.type
        AND d.id = h.id AND d.content IS NULL), 0){{of_version}}),
turn AS (
  SELECT id, last_updated, start, received AND NOT coalesce(
    lag(here) OVER (PARTITION BY id ORDER BY version), false) AS arrives FROM version),
arrival AS (
  SELECT id, count(*) AS arrivals, sum(least({LATEST}, greatest(0, floor(
    extract(epoch FROM last_updated - start::timestamptz) / 60)))) AS late_minutes
  FROM turn WHERE arrives AND start IS NOT NULL GROUP BY id),
appointed AS (
  SELECT a.id, split_part(t.token, '|Patient/', 2) AS patient, a.p_status AS status,
    a.p_date IS NOT NULL AND a.p_status NOT IN ('proposed', 'waitlist', 'entered-in-error')
      AND NOT {NEVER_BOOKED} AS counts
  FROM appointment a
  JOIN appointment_content c ON c.tenant = a.tenant AND c.id = a.id
  CROSS JOIN LATERAL (SELECT convert_from(c.content, 'UTF8')::jsonb AS tree) j
  CROSS JOIN LATERAL (
    SELECT each AS token FROM unnest(a.tokens) each WHERE starts_with(each, %(prefix)s)) t
  WHERE a.tenant = %(tenant)s{{of_appointment}})
INSERT INTO patient_counter (tenant, patient, {", ".join(_NAMES)})
SELECT %(tenant)s, patient, count(*) FILTER (WHERE counts),
  count(*) FILTER (WHERE counts AND status = 'fulfilled'),
  count(*) FILTER (WHERE counts AND status = 'noshow'),
  coalesce(sum(arrivals), 0), coalesce(sum(late_minutes), 0)
FROM appointed LEFT JOIN arrival USING (id){{of_patient}} GROUP BY patient
"""
_COUNT_ALL = _COUNT.format(of_version="", of_appointment="", of_patient="")
_COUNT_SOME = _COUNT.format(
    of_version=_WHOSE.format(id="h.id"),
    of_appointment=_WHOSE.format(id="a.id"),
    of_patient=" WHERE patient = ANY(%(patients)s::text[])",
)


async def of_patient(tx: Transaction, patient: str) -> Counters:
    """As they stand; nothing for a patient who never had an appointment."""
    row = await tx.row(
        f"SELECT {', '.join(_NAMES)} FROM patient_counter WHERE tenant = %s AND patient = %s",
        (tx.tenant, patient),
    )
    return Counters(*row) if row else NOTHING


async def all_of_tenant(tx: Transaction) -> dict[str, Counters]:
    """Of every patient who has any, by id."""
    rows = await tx.rows(
        f"SELECT patient, {', '.join(_NAMES)} FROM patient_counter WHERE tenant = %s"
        f" AND ({', '.join(_NAMES)}) <> ({', '.join('0' for _ in _NAMES)})",
        (tx.tenant,),
    )
    return {patient: Counters(*counts) for patient, *counts in rows}


def move(tx: Transaction, steps: Mapping[str, Counters]) -> None:
    """Add to the counters of some patients, on the way to whatever is sent next.

    Args:
        tx: Open transaction.
        steps: What is added, by id of the patient.
    """
    moving = sorted((patient, step) for patient, step in steps.items() if step != NOTHING)
    if not moving:
        return
    values = {
        name: "{" + ",".join(str(getattr(step, name)) for _, step in moving) + "}"
        for name in _NAMES
    }
    patients = array([patient for patient, _ in moving])
    tx.later([(_MOVE, {"tenant": tx.tenant, "patient": patients, **values})])


def recount(tx: Transaction, patients: Iterable[str]) -> None:
    """Count some patients' appointments anew, on the way to whatever is sent next."""
    named = sorted(set(patients))
    entries = [f"{tx.tenant}|patient|Patient/{each}" for each in named]
    values = {"tenant": tx.tenant, "patients": array(named), "hashes": hashes(entries)}
    values |= {"prefix": f"{tx.tenant}|patient|Patient/"}
    tx.later(
        [(_FORGET + " AND patient = ANY(%(patients)s::text[])", values), (_COUNT_SOME, values)]
    )


def recount_all(tx: Transaction) -> None:
    """Count everybody's appointments anew, on the way to whatever is sent next."""
    values = {"tenant": tx.tenant, "prefix": f"{tx.tenant}|patient|Patient/"}
    tx.later([(_FORGET, values), (_COUNT_ALL, values)])
