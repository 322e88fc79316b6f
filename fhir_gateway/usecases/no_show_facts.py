"""What was known of a patient before a decision, and which model goes with it?"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import HOLDING
from fhir_gateway.core.time import local_day
from fhir_gateway.engines.clinic_time import day_number
from fhir_gateway.engines.no_show_facts import NoShowFacts, past_rate
from fhir_gateway.engines.no_show_model import NoShowModel, cold_start, read_model
from fhir_gateway.storage.no_show_models import ModelRow
from fhir_gateway.storage.visits import Known, Visit

_OUTCOMES = ("noshow", "fulfilled")
_SEXES = {"male": True, "female": False}


def facts_of(
    known: Known, now: datetime, zone: ZoneInfo, *, without: str | None = None
) -> NoShowFacts:
    """A patient as the rules for no-shows see them.

    Args:
        known: Of the patient.
        now: The decision; what began later has no outcome yet.
        zone: Of the clinic.
        without: Id of the Appointment that is judged itself.
    """
    visits = [each for each in known.visits if each.id != without]
    past = [each for each in visits if each.start < now]
    ended = [each for each in past if each.status in _OUTCOMES]
    statuses = Counter(each.status for each in ended)
    return NoShowFacts(
        rate=past_rate([(each.status, each.start) for each in past], now),
        missed=statuses["noshow"],
        attended=statuses["fulfilled"],
        last_missed=ended[0].status == "noshow" if ended else None,
        age=_age(known.born, now),
        male=_SEXES.get(known.gender or ""),
        booked_days=_booked_days(visits, now, zone),
    )


def model_of(row: ModelRow | None) -> NoShowModel:
    """The coefficients that count: the clinic's own, else the cold start."""
    return (read_model(row.model) if row else None) or cold_start()


def _booked_days(visits: Sequence[Visit], now: datetime, zone: ZoneInfo) -> dict[int, int]:
    """Appointments of today and later by clinic-local day, days since 1970-01-01."""
    today = day_number(local_day(now, zone))
    days = [day_number(local_day(each.start, zone)) for each in visits if each.status in HOLDING]
    return dict(Counter(day for day in days if day >= today))


def _age(born: datetime | None, now: datetime) -> int | None:
    if born is None:
        return None
    birth, today = born.astimezone(UTC).date(), now.astimezone(UTC).date()
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
