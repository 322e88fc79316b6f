"""On which days is nothing offered, because a country or a part of one has a holiday?

The calendars of the package `holidays`, named by ISO 3166: `urn:iso:std:iso:3166:DE`, or
`urn:iso:std:iso:3166:-2:DE-BY` for a part. Days that go by the moon are estimates there.
"""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays as calendars

_NAME = re.compile(
    r"urn:iso:std:iso:3166(?::-2)?:(?P<country>[A-Z]{2})(?:-(?P<part>[A-Z0-9]{1,3}))?"
)


def is_known(calendar: str) -> bool:
    """Whether there is a calendar of that name."""
    match = _NAME.fullmatch(calendar)
    if match is None:
        return False
    parts = calendars.list_supported_countries(include_aliases=True).get(match["country"])
    return parts is not None and (match["part"] is None or match["part"] in parts)


@lru_cache(maxsize=1024)
def _of_year(calendar: str, year: int) -> frozenset[date]:
    match = _NAME.fullmatch(calendar)
    if match is None:
        return frozenset()
    found = calendars.country_holidays(match["country"], subdiv=match["part"], years=year)
    return frozenset(found)


def holidays(calendar: str | None, days: Iterable[date]) -> frozenset[date]:
    """Those of some days that are holidays.

    Args:
        calendar: A known name; None for no calendar.
        days: Any.
    """
    if calendar is None:
        return frozenset()
    return frozenset(day for day in days if day in _of_year(calendar, day.year))
