"""What has to be known to rank the candidates for one request?

Source: owner's plan, phase 10 (SchedulingPreference); decisions 18, 22 and 25.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import numpy as np

from fhir_gateway.engines.clinic_time import Minutes
from fhir_gateway.engines.no_show_facts import NoShowFacts
from fhir_gateway.engines.no_show_model import NoShowModel, cold_start


def _none() -> Minutes:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Diary:
    """Booked, arrived and checked-in appointments of one practitioner (row S12: not pending).

    Args:
        start: Shape (n,) int64, minutes since the epoch, ascending.
        end: Shape (n,) int64, minutes since the epoch.
    """

    start: Minutes = field(default_factory=_none)
    end: Minutes = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """One patient, as far as known.

    Args:
        no_show_rate: Percent 0..100; None without past appointments (row S3).
        travel_minutes: Minutes to each Location, by reference; absent = unknown (row S9).
        preferred_days: Days-of-week codes, stated or learnt.
        preferred_parts: `morning`, `afternoon`, `evening`.
        preferred_practitioners: References.
        likings: 0..1 of each preferred name that is liked less than wholly, for `best`.
        previous_practitioners: Visits that took place, by practitioner reference.
        no_show: What the model looks at, for `best`.
        no_show_model: The model, for `best`.
    """

    no_show_rate: Decimal | None = None
    travel_minutes: Mapping[str, Decimal] = field(default_factory=dict)
    preferred_days: frozenset[str] = frozenset()
    preferred_parts: frozenset[str] = frozenset()
    preferred_practitioners: frozenset[str] = frozenset()
    likings: Mapping[str, float] = field(default_factory=dict)
    previous_practitioners: Mapping[str, int] = field(default_factory=dict)
    no_show: NoShowFacts = field(default_factory=NoShowFacts)
    no_show_model: NoShowModel = field(default_factory=cold_start)


@dataclass(frozen=True, slots=True)
class RankingRequest:
    """What is asked for.

    Args:
        now: Aware.
        appointment_types: Codes a priority rule may name, as the rules write them.
        specialties: Likewise.
        diagnoses: Likewise.
        practitioners: References in the order asked for; decides between equal candidates.
        waiting_since: ServiceRequest.authoredOn, else the waitlist entry's created; None = now.
        priority: Appointment.priority: 1 highest … 9, then 0 or None.
        usable_gap: Minutes that can still be booked; a shorter gap is lost time.
    """

    now: datetime
    appointment_types: frozenset[str] = frozenset()
    specialties: frozenset[str] = frozenset()
    diagnoses: frozenset[str] = frozenset()
    practitioners: tuple[str, ...] = ()
    waiting_since: datetime | None = None
    priority: int | None = None
    usable_gap: int = 30
