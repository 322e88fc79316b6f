"""What does a change of an Appointment add to its patients' counters?

Decided from the version before and the one after, and carried out on the way to whatever the
transaction sends next: counting costs no round trip. Decision 22.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fhir_gateway.core.codes import OFFER_REASONS, SYSTEM_REASON
from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import parse_instant
from fhir_gateway.engines.no_show_facts import UNCOUNTED
from fhir_gateway.storage import patient_counters
from fhir_gateway.storage.patient_counters import LATEST, NOTHING, Counters
from fhir_gateway.storage.postgres import Transaction

Resource = dict[str, Any]

_RECEIVED = frozenset({"arrived", "checked-in"})
_HERE = _RECEIVED | {"fulfilled"}


def moved(tx: Transaction, old: Resource | None, new: Resource | None, at: datetime) -> None:
    """Move the counters with an Appointment that has just been written.

    Args:
        tx: Open transaction; the Appointment has been written in it, or left to be.
        old: Before; None for a new one.
        new: After; None where it has been deleted.
        at: When the new version was written, aware.
    """
    before, after = patients(old), patients(new)
    if old is not None and before != after:
        # What an arrival counted goes to somebody else, or is gone: only the history tells.
        patient_counters.recount(tx, before | after)
        return
    step = counts(new).plus(counts(old), -1).plus(_arrival(old, new, at))
    patient_counters.move(tx, dict.fromkeys(after, step))


def counts(appointment: Resource | None) -> Counters:
    """What an Appointment adds for each of its patients, arrivals aside.

    Source: row S2 (statuses that never count); decision 16 (the waitlist's endings are none).
    """
    if appointment is None or "start" not in appointment:
        return NOTHING
    status = appointment["status"]
    if status in UNCOUNTED or ended_by_waitlist(appointment):
        return NOTHING
    return Counters(1, int(status == "fulfilled"), int(status == "noshow"))


def patients(appointment: Mapping[str, Any] | None) -> frozenset[str]:
    """Ids of the patients of an Appointment."""
    found = (reference_of(each.get("actor")) for each in (appointment or {}).get("participant", ()))
    return frozenset(ref.id for ref in found if ref is not None and ref.type == "Patient")


def ended_by_waitlist(appointment: Resource) -> bool:
    """Whether it was ended by an offer's fate: no cancellation, frees nothing (decision 16)."""
    codings = (appointment.get("cancelationReason") or {}).get("coding", ())
    return any(
        each.get("system") == SYSTEM_REASON and each.get("code") in OFFER_REASONS
        for each in codings
    )


def _arrival(old: Resource | None, new: Resource | None, at: datetime) -> Counters:
    if new is None or new["status"] not in _RECEIVED or "start" not in new:
        return NOTHING
    if old is not None and old["status"] in _HERE:
        return NOTHING
    late = (at - parse_instant(new["start"])) // timedelta(minutes=1)
    return Counters(arrivals=1, late_minutes=min(LATEST, max(0, late)))
