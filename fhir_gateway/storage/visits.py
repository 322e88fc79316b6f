"""Which appointments have patients had, and what came of them?

Rows and not resources: of one patient, for a decision, or of a whole tenant, to learn from.
"""

from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.core.codes import (
    BASIC_PREFERENCE,
    OFFER_REASONS,
    SYSTEM_BASIC,
    SYSTEM_REASON,
)
from fhir_gateway.storage.names import hashes
from fhir_gateway.storage.no_show_models import NEWEST, ModelRow
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.wire import Row


@dataclass(frozen=True, slots=True)
class Visit:
    """One Appointment that has a time and a patient; whatever its status, but never an offer.

    Attributes:
        id: Of the Appointment.
        patient: Id of the patient, the first where there are several.
        status: As it is now.
        start: Planned.
        created: What the Appointment says, a date or dateTime; None where it says nothing.
        known_since: When it was first written here.
        places: Ids of the Locations that take part.
        practitioners: References of the Practitioners that take part.
        born: The first day that the patient's birth date may mean; None if unknown.
        gender: The patient's; None if unknown.
    """

    id: str
    patient: str
    status: str
    start: datetime
    created: str | None
    known_since: datetime
    places: tuple[str, ...]
    practitioners: tuple[str, ...]
    born: datetime | None
    gender: str | None


#: Visits that a clinic is learnt from; more would not be read in the time that one statement has.
MOST_LEARNT = 200_000
#: An offer that was not taken up, or an entry of the waitlist: nobody could have missed it.
NEVER_BOOKED = (
    "EXISTS (SELECT FROM jsonb_array_elements(j.tree -> 'cancelationReason' -> 'coding') r"
    f" WHERE r ->> 'system' = '{SYSTEM_REASON}'"
    f" AND r ->> 'code' IN ({', '.join(repr(each) for each in sorted(OFFER_REASONS))}))"
)
_VISITS = """
SELECT a.id, w.patient, a.p_status, a.p_date, j.tree ->> 'created', h.last_updated, a.tokens,
  p.p_birthdate, p.p_gender
FROM {chosen} a
JOIN appointment_content c ON c.tenant = a.tenant AND c.id = a.id
CROSS JOIN LATERAL (SELECT convert_from(c.content, 'UTF8')::jsonb AS tree) j
CROSS JOIN LATERAL (
  SELECT split_part(each, '|Patient/', 2) AS patient FROM unnest(a.tokens) each
  WHERE starts_with(each, %(patients)s) ORDER BY 1 LIMIT 1) w
LEFT JOIN history h
  ON h.tenant = a.tenant AND h.type = 'Appointment' AND h.id = a.id AND h.version = 1
LEFT JOIN patient p ON p.tenant = a.tenant AND p.id = w.patient
WHERE a.tenant = %(tenant)s AND a.p_date IS NOT NULL
  AND a.p_status NOT IN ('proposed', 'waitlist') AND NOT {never_booked}
"""
_OF_PATIENT = (
    _VISITS.format(chosen="appointment", never_booked=NEVER_BOOKED)
    + """
  AND a.id IN (SELECT k.id FROM appointment_token k
    WHERE k.tenant = %(tenant)s AND k.hash = ANY(%(hashes)s))
  AND a.tokens @> ARRAY[%(entry)s]
ORDER BY a.p_date DESC, a.id LIMIT %(limit)s
"""
)
_NEWEST = """(SELECT * FROM appointment
  WHERE tenant = %(tenant)s AND p_date < %(until)s ORDER BY p_date DESC LIMIT %(limit)s)"""
_OF_ALL = _VISITS.format(chosen=_NEWEST, never_booked=NEVER_BOOKED)
_PERSON = "SELECT p_birthdate, p_gender FROM patient WHERE tenant = %(tenant)s AND id = %(patient)s"
_PREFERENCE = """
SELECT c.content FROM basic b JOIN basic_content c ON c.tenant = b.tenant AND c.id = b.id
WHERE b.tenant = %(tenant)s AND b.id IN (SELECT k.id FROM basic_token k
    WHERE k.tenant = %(tenant)s AND k.hash = ANY(%(hashes)s))
  AND b.tokens @> ARRAY[%(entry)s, %(kind)s] ORDER BY b.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one patient, and the model that goes with it.

    Attributes:
        visits: Newest first.
        born: The first day that the birth date may mean; None if unknown.
        gender: None if unknown.
        model: The newest one of the clinic; None before the first refit.
        preference: Content of the Basic resource in which the patient's wishes are; None for none.
    """

    visits: list[Visit]
    born: datetime | None
    gender: str | None
    model: ModelRow | None
    preference: bytes | None


async def known_of(tx: Transaction, patient: str, *, limit: int = 1000) -> Known:
    """All that is known of a patient for a prediction, in one round trip.

    Args:
        tx: Open transaction.
        patient: Id.
        limit: At most so many visits.
    """
    entry = f"{tx.tenant}|patient|Patient/{patient}"
    kind = f"{tx.tenant}|code|{SYSTEM_BASIC}|{BASIC_PREFERENCE}"
    values = {"tenant": tx.tenant, "entry": entry, "hashes": hashes([entry]), "limit": limit}
    values |= {"patients": entry, "patient": patient, "kind": kind}
    rows, person, models, wishes = await tx.fetch_batch(
        [(each, values) for each in (_OF_PATIENT, _PERSON, NEWEST, _PREFERENCE)]
    )
    born, gender = person[0] if person else (None, None)
    return Known(
        [_visit(tx, row) for row in rows],
        born,
        gender,
        ModelRow(*models[0]) if models else None,
        wishes[0][0] if wishes else None,
    )


async def all_visits(tx: Transaction, until: datetime) -> list[Visit]:
    """Of every patient of the tenant, the newest `MOST_LEARNT` that began before a moment."""
    values = {"tenant": tx.tenant, "patients": f"{tx.tenant}|patient|Patient/", "until": until}
    return [_visit(tx, row) for row in await tx.rows(_OF_ALL, values | {"limit": MOST_LEARNT})]


def _visit(tx: Transaction, row: Row) -> Visit:
    key, patient, status, start, created, known_since, tokens, born, gender = row
    return Visit(
        key,
        patient,
        status,
        start,
        created,
        known_since or start,
        _named(tokens, f"{tx.tenant}|location|Location/"),
        tuple(
            f"Practitioner/{each}"
            for each in _named(tokens, f"{tx.tenant}|practitioner|Practitioner/")
        ),
        born,
        gender,
    )


def _named(tokens: list[str], prefix: str) -> tuple[str, ...]:
    return tuple(each.removeprefix(prefix) for each in tokens if each.startswith(prefix))
