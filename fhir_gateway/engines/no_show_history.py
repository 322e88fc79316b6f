"""What was known of each patient when each appointment was booked?

Strictly before: an outcome counts from the day after the appointment on, in the appointments that
were booked then.

Source: row S2 (`best`: noshow against fulfilled); decision 21 (days are the clinic's).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fhir_gateway.engines.no_show_features import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """Per appointment, shape (n,) each.

    Args:
        seen: Earlier visits with a known outcome.
        missed: How many of them were missed.
        last_missed: 1 or 0; NaN without one.
        beside: Other appointments of the patient on the day of this one, booked before it.
    """

    seen: Floats
    missed: Floats
    last_missed: Floats
    beside: Floats


def histories(patient: Ints, day: Ints, booked: Floats, missed: Floats) -> Histories:
    """Look back from the day of each booking.

    Args:
        patient: Shape (n,), numbers from 0 on, equal for the same patient.
        day: Shape (n,), clinic-local day of each start, days since 1970-01-01.
        booked: Shape (n,), when each was booked, clinic-local days with fractions.
        missed: Shape (n,), 1, 0, or NaN where the outcome is not known; that one is no history.
    """
    if not len(patient):
        nothing = np.empty(0)
        return Histories(nothing, nothing, nothing, nothing)
    # Nobody looks back on his own outcome, though he may be booked after it.
    asked = np.minimum(np.floor(booked).astype(np.int64), day)
    first = int(min(day.min(), asked.min()))
    stride = int(max(day.max(), asked.max())) - first + 1
    told = ~np.isnan(missed)
    keys = (patient * stride + day - first)[told]
    order = np.argsort(keys, kind="stable")
    keys, outcomes = keys[order], missed[told][order]
    sums = np.concatenate([np.zeros(1), np.cumsum(outcomes)])
    since = np.searchsorted(keys, patient * stride, side="left")
    until = np.searchsorted(keys, patient * stride + asked - first, side="left")
    until = np.maximum(since, until)
    seen = until - since
    before = outcomes[np.maximum(until - 1, 0)] if len(outcomes) else np.zeros(len(patient))
    return Histories(
        seen.astype(np.float64),
        sums[until] - sums[since],
        np.where(seen > 0, before, np.nan),
        _beside(patient * stride + day - first, booked),
    )


def _beside(key: Ints, booked: Floats) -> Floats:
    """How many of the same key were booked before each."""
    order = np.lexsort((booked, key))
    ordered = key[order]
    fresh = np.r_[True, ordered[1:] != ordered[:-1]]
    starts = np.flatnonzero(fresh)
    place = np.arange(len(key)) - starts[np.cumsum(fresh) - 1]
    found = np.empty(len(key))
    found[order] = place
    return found
