"""Visits of a made-up clinic whose true risks are known."""

import numpy as np

from fhir_gateway.engines.no_show_features import FEATURES, Visits
from fhir_gateway.engines.no_show_model import NoShowModel
from fhir_gateway.engines.no_show_trial import Booked

#: What makes people stay away in it; everything else is nothing.
TRUE = {"same-day": -1.5, "lead": 0.3, "history": 0.6, "reminded": -0.5, "male": 0.2}


def some_visits(count: int, seed: int = 1) -> Visits:
    draw = np.random.default_rng(seed)
    seen = draw.integers(0, 6, count).astype(float)
    missed = np.floor(draw.random(count) * (seen + 1))
    return Visits(
        lead=np.where(draw.random(count) < 0.3, 0, draw.integers(0, 60, count)).astype(float),
        weekday=draw.integers(0, 5, count).astype(float),
        booking_hour=draw.random(count) * 10 + 8,
        age=draw.integers(0, 95, count).astype(float),
        male=draw.integers(0, 2, count).astype(float),
        seen=seen,
        missed=missed,
        last_missed=np.where(seen > 0, (missed > seen / 2).astype(float), np.nan),
        beside=draw.integers(0, 2, count).astype(float),
        reminded=draw.integers(0, 2, count).astype(float),
    )


def the_truth(rate: float = 0.2) -> NoShowModel:
    coefficients = np.array([TRUE.get(name, 0.0) for name in FEATURES])
    return NoShowModel("truth", rate, -1.6, coefficients, np.zeros(len(FEATURES)))


def outcomes(visits: Visits, seed: int = 2) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return (draw.random(len(visits)) < the_truth().probabilities(visits)).astype(float)


def a_clinic(count: int, days: int = 60) -> Booked:
    """Appointments whose outcomes have reasons, in the order of their days."""
    visits = some_visits(count)
    day = 20_000 + np.sort(np.arange(count) % days)
    return Booked(
        patient=np.arange(count) % max(1, count // 4),
        day=day,
        booked=day - visits.lead + 0.4,
        booking_hour=visits.booking_hour,
        hour=visits.booking_hour,
        missed=outcomes(visits),
        counted=np.ones(count, dtype=np.bool_),
        age=visits.age,
        male=visits.male,
        reminded=visits.reminded,
    )
