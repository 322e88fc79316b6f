"""How likely is it that the patient does not come?

`plan` is the owner's rule, exact. `best` is a logistic model (`no_show_model`). The number serves
to help a person (reminder, call, earlier slot), never to deny, delay or double-book one.

Source: owner's plan, phase 10 (predict_no_show_probability), rows S1 to S4.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from fhir_gateway.core.time import local_day
from fhir_gateway.engines.clinic_time import Minutes, day_number
from fhir_gateway.engines.no_show_facts import NoShowFacts, Part, Planned, Prediction
from fhir_gateway.engines.no_show_features import Floats, Visits
from fhir_gateway.engines.no_show_model import NoShowModel, logistic

POLICIES = ("plan", "best")
NEW_PATIENT = Decimal("0.15")
EARLY = Decimal("1.3")  # before 08:00
MONDAY = Decimal("1.2")
FRIDAY_AFTERNOON = Decimal("1.15")  # from 14:00


def plan_probability(rate: Decimal | None, weekday: int, hour: int) -> Prediction:
    """The owner's rule.

    Args:
        rate: Percent; None for a patient without past appointments.
        weekday: 0 Monday … 6 Sunday, clinic time.
        hour: 0..23, clinic time.

    Source: owner's plan, phase 10, row S1; multipliers stack and the cap at 1 comes last.
    """
    if rate is None:
        return Prediction(NEW_PATIENT, (Part("new-patient", float(NEW_PATIENT)),))
    factors = [("history", rate / 100)]
    if hour < 8:
        factors.append(("early", EARLY))
    if weekday == 0:
        factors.append(("monday", MONDAY))
    if weekday == 4 and hour >= 14:
        factors.append(("friday-afternoon", FRIDAY_AFTERNOON))
    product = math.prod((factor for _, factor in factors), start=Decimal(1))
    parts = tuple(Part(code, float(factor)) for code, factor in factors)
    return Prediction(min(product, Decimal(1)), parts)


def plan_probabilities(rate: Floats, weekday: Floats, hour: Floats) -> Floats:
    """The owner's rule for many at once.

    Args:
        rate: Shape (n,), percent; NaN for a patient without past appointments.
        weekday: Shape (n,), 0 Monday … 6 Sunday.
        hour: Shape (n,), 0..23; NaN where it is not known: no multiplier then.

    Returns:
        Shape (n,), 0..1.
    """
    raised = (
        rate
        / 100
        * np.where(hour < 8, float(EARLY), 1.0)
        * np.where(weekday == 0, float(MONDAY), 1.0)
        * np.where((weekday == 4) & (hour >= 14), float(FRIDAY_AFTERNOON), 1.0)
    )
    return np.where(np.isnan(rate), float(NEW_PATIENT), np.minimum(raised, 1.0))


def predict(
    policy: str, facts: NoShowFacts, planned: Planned, zone: ZoneInfo, model: NoShowModel
) -> Prediction:
    """The probability for one appointment, with its parts.

    Args:
        policy: `plan` or `best`.
        facts: Of the patient, from before the decision.
        planned: The appointment.
        zone: Of the clinic.
        model: For `best`.
    """
    local = planned.start.astimezone(zone)
    if policy == "plan":
        return plan_probability(facts.rate, local.weekday(), local.hour)
    told = model.parts(one_visit(facts, planned, zone))
    parts = tuple(Part(code, float(effect[0])) for code, effect in told.items())
    chance = logistic(np.array([sum(each.effect for each in parts)]))
    return Prediction(rounded_probability(float(chance[0])), parts)


def one_visit(facts: NoShowFacts, planned: Planned, zone: ZoneInfo) -> Visits:
    """One appointment as the model sees it."""
    day = local_day(planned.start, zone)
    booked = planned.booked.astimezone(zone)
    hour = booked.hour + booked.minute / 60 if planned.booked_hour else math.nan
    lead = max(0, (day - booked.date()) // timedelta(days=1))
    reminded = math.nan if planned.reminded is None else float(planned.reminded)
    return _of_patient(
        facts,
        lead=np.array([float(lead)]),
        weekday=np.array([float(day.weekday())]),
        hour=hour,
        beside=np.array([float(planned.beside)]),
        reminded=reminded,
    )


def slot_risks(
    model: NoShowModel,
    facts: NoShowFacts,
    day: Minutes,
    now: datetime,
    schedule: Minutes,
    zones: Sequence[str],
) -> Floats:
    """Probability that a patient who books each of many slots now does not come.

    Slots of one day and zone are alike, so the model is asked once for each of these.

    Args:
        model: See NoShowModel.
        facts: Of the patient.
        day: Shape (n,), clinic-local day of each start, days since 1970-01-01.
        now: Aware.
        schedule: Shape (n,), index into zones.
        zones: IANA name of the zone of each Schedule.

    Returns:
        Shape (n,), 0..1.
    """
    risks = np.empty(len(day))
    for name in dict.fromkeys(zones):
        rows = np.array([each == name for each in zones])[schedule]
        local = now.astimezone(ZoneInfo(name))
        days, back = np.unique(day[rows], return_inverse=True)
        beside = [facts.booked_days.get(int(each), 0) for each in days]
        visits = _of_patient(
            facts,
            lead=np.maximum(days - day_number(local.date()), 0).astype(np.float64),
            weekday=((days + 3) % 7).astype(np.float64),
            hour=local.hour + local.minute / 60,
            beside=np.array(beside, dtype=np.float64),
            reminded=math.nan,
        )
        risks[rows] = model.probabilities(visits)[back]
    return risks


def _of_patient(
    facts: NoShowFacts, *, lead: Floats, weekday: Floats, hour: float, beside: Floats,
    reminded: float,
) -> Visits:  # fmt: skip
    """Appointments of one patient: what is told of the patient is the same for all."""

    def same(value: float | None) -> Floats:
        return np.full(len(lead), math.nan if value is None else float(value))

    return Visits(
        lead=lead,
        weekday=weekday,
        booking_hour=same(hour),
        age=same(facts.age),
        male=same(facts.male),
        seen=same(facts.missed + facts.attended),
        missed=same(facts.missed),
        last_missed=same(facts.last_missed),
        beside=beside,
        reminded=same(reminded),
    )


def rounded_probability(value: float) -> Decimal:
    """A modelled probability to four places: more would pretend."""
    return Decimal(round(value * 10_000)).scaleb(-4)
