"""Times of one day."""

from datetime import UTC, datetime, timedelta

from fhir_gateway.core.time import Interval

DAY = datetime(2027, 5, 3, tzinfo=UTC)


def at(clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return DAY + timedelta(hours=hour, minutes=minute)


def span(start: str, minutes: int = 30) -> Interval:
    return Interval(at(start), at(start) + timedelta(minutes=minutes))
