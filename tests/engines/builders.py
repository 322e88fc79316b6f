"""Short ways to write facts in the tests of the engines."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from fhir_gateway.core.time import Interval
from fhir_gateway.engines.clinic_time import minute_of
from fhir_gateway.engines.slot_facts import Diary
from fhir_gateway.engines.slot_search import (
    Candidates,
    ScheduleFacts,
    SlotColumns,
    SlotSearch,
    columns,
    search,
)

RIYADH = ZoneInfo("Asia/Riyadh")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (
    "Asia/Riyadh",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)
#: Days on which Europe, America and Lord Howe change their clocks, and one on which nobody does.
TURNS = ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-06-15")


def cases(count: int) -> settings:
    return settings(max_examples=count, deadline=None, database=None)


def at(text: str, zone: ZoneInfo = RIYADH) -> datetime:
    """The instant of a wall-clock time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def span(start: datetime, minutes: int = 30) -> Interval:
    return Interval(start, start + timedelta(minutes=minutes))


def moments(step: int = 15) -> st.SearchStrategy[datetime]:
    """Instants within a day and a half on either side of a clock change, on a grid of minutes."""
    return st.builds(
        lambda day, offset: (
            datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=step * offset)
        ),
        st.sampled_from(TURNS),
        st.integers(-2160 // step, 2160 // step),
    )


def schedule(
    name: str = "s1",
    zone: str = "Asia/Riyadh",
    practitioner: str | None = "Practitioner/a",
    location: str | None = "Location/x",
    **buffers: int,
) -> ScheduleFacts:
    actors = tuple(ref for ref in (practitioner, location) if ref)
    return ScheduleFacts(name, actors, zone, practitioner, location, **buffers)


def slots_at(*starts: datetime, minutes: int = 30, schedule: int = 0) -> SlotColumns:
    return columns(
        (schedule, span(start, minutes), f"slot-{place:03}") for place, start in enumerate(starts)
    )


def found(
    slots: SlotColumns, schedules: Sequence[ScheduleFacts], now: datetime, duration: int = 30
) -> Candidates:
    return search(slots, schedules, SlotSearch(duration, now))


def diary(*starts: datetime, minutes: int = 30) -> Diary:
    ordered = sorted(minute_of(start) for start in starts)
    start = np.array(ordered, dtype=np.int64)
    return Diary(start, start + minutes)
