"""Which moments are the sample clinics of these tests built around? Each is built once."""

from datetime import UTC, datetime, timedelta
from functools import cache

from fhir_gateway.demo.clinic import SampleClinic, sample_clinic

NOON = datetime(2026, 11, 24, 9, 20, tzinfo=UTC)
#: One moment on each day of the week, at hours before, within and after the sessions.
MOMENTS = [NOON + timedelta(days=n, hours=3 * n - 9) for n in range(7)]


@cache
def clinic_at(now: datetime) -> SampleClinic:
    return sample_clinic(now)
