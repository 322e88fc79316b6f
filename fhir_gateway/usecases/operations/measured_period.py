"""Which period is measured, and how are the reports of its parts written?

The words that all operations of metrics have in common. Decision 22.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.fhir import json
from fhir_gateway.fhir.operations import OperationParameter
from fhir_gateway.usecases import scheduling_days
from fhir_gateway.usecases.operations.call import Call, Document
from fhir_gateway.usecases.reports import Report, collection, csv_of, measure_report

_DAYS = 30
_MOST_DAYS = 3660
_MOST_REPORTS = 1000
_MOST_LINES = 50_000
_EARLIEST, _LATEST = date(1900, 1, 2), date(2199, 12, 30)

PERIOD = (
    OperationParameter("start", "in", 0, 1, "date", "First day, YYYY-MM-DD"),
    OperationParameter("end", "in", 0, 1, "date", "Last day, included; today"),
    OperationParameter(
        "days", "in", 0, 1, "integer", "Without start: it is so many days before end; 30"
    ),
)
RETURN = OperationParameter(
    "return", "out", 1, 1, "Resource",
    "A MeasureReport; where several can be meant, a Bundle of them. As text/csv: a line each",
)  # fmt: skip


def period(call: Call, today: date) -> tuple[date, date]:
    """First and last day that are asked about.

    Raises:
        GatewayError: invalid, for a period that is none, or longer than ten years.
    """
    days = call.values.first("days", _DAYS)
    if "start" in call.values and "days" in call.values:
        raise refused("days", "Either start or days, not both")
    if not 0 <= days < _MOST_DAYS:
        raise refused("days", f"days is 0 to {_MOST_DAYS - 1}")
    last = _day(call, "end") or today
    first = _day(call, "start") or max(_EARLIEST, last - timedelta(days=days))
    if last < first:
        raise refused("end", f"The period ends on {last}, before it starts on {first}")
    if (last - first).days >= _MOST_DAYS:
        raise refused("start", f"A period has at most {_MOST_DAYS} days")
    return first, last


def _day(call: Call, name: str) -> date | None:
    text = call.values.first(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = _LATEST + timedelta(days=1)
    if not _EARLIEST <= day <= _LATEST:
        raise refused(name, f"{name} is a day between {_EARLIEST} and {_LATEST}: YYYY-MM-DD")
    return day


def width(call: Call, known: Iterable[str]) -> str:
    """How long each part is.

    Args:
        call: With `granularity`, or without.
        known: What it may be.

    Raises:
        GatewayError: invalid, for any other.
    """
    asked: str = call.values.first("granularity", "total")
    if asked not in (allowed := tuple(known)):
        raise refused("granularity", f"granularity is one of {', '.join(allowed)}")
    return asked


def stretches(first: date, last: date, parts: str) -> list[tuple[date, date]]:
    """First and last day of each part of a period.

    Args:
        first, last: Of the period.
        parts: `day`, `week`, `month` or `total`.
    """
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    begun = list(dict.fromkeys(scheduling_days.stretch(each, parts, first) for each in days))
    return list(zip(begun, [each - timedelta(days=1) for each in begun[1:]] + [last], strict=True))


def refused(name: str, text: str) -> GatewayError:
    """What a client is told whose parameter cannot be."""
    return fail(Category.INVALID, text, name, code="value")


def check_size(reports: int, call: Call) -> None:
    """Make sure that an answer can be written.

    Raises:
        GatewayError: too-costly.
    """
    most = _MOST_LINES if call.csv else _MOST_REPORTS
    if reports > most:
        text = f"These are {reports} reports, and {most} at most are written; take a shorter"
        raise fail(Category.INVALID, f"{text} period or another granularity", code="too-costly")


async def written(
    reports: Iterable[Report], call: Call, now: datetime, *, several: bool
) -> bytes | Document:
    """The answer; thousands of reports take a while, and others go on meanwhile.

    Args:
        reports: In order; without several, one.
        call: Says whether rows are wanted.
        now: Aware.
        several: Whether they come in a Bundle.
    """
    return await asyncio.to_thread(_written, reports, call, now, several=several)


def _written(
    reports: Iterable[Report], call: Call, now: datetime, *, several: bool
) -> bytes | Document:
    if call.csv:
        return Document(csv_of(reports), "text/csv; charset=utf-8")
    resources: Sequence[dict[str, object]] = [measure_report(each) for each in reports]
    return json.dump(collection(resources, now) if several else resources[0])
