"""How well are freed times filled from the waitlist? $waitlist-metrics

Freed, offered, accepted, declined, filled, offers per fill and minutes to fill, of any period, in
all and by service and channel. engines.md section 4; decision 22.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import relative
from fhir_gateway.core.time import at_wall_clock, format_instant, local_day, parse_instant
from fhir_gateway.engines.decision import rounded
from fhir_gateway.engines.metrics import Metric
from fhir_gateway.fhir import json
from fhir_gateway.fhir.measures import MeasuredNumber, MeasureSpec
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import offer_log
from fhir_gateway.storage.offer_log import Outcomes
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.scheduling_days import WIDTHS
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call, Document
from fhir_gateway.usecases.operations.measured_period import (
    check_size,
    refused,
    stretches,
    width,
    written,
)
from fhir_gateway.usecases.reports import Report, Score, numbers_of, scores_of

_DAYS = 30
_COUNTS = ("freed", "offered", "messages", "accepted", "declined", "expired", "filled")
_COLUMNS = ("start", "end", "service", "channel", *_COUNTS, "offers-per-fill", "minutes-to-fill")
_NOTHING = Outcomes("", "", 0, 0, 0, 0, 0, 0, 0, None)
_FILLED = "waitlist-filled"
_METRICS = (
    *(Metric(f"waitlist-{each}", "1", (f"waitlist-{each}", each)) for each in _COUNTS),
    Metric("waitlist-offers-per-fill", "1", ("waitlist-offered", "offered"),
           (_FILLED, ("filled",))),
)  # fmt: skip
_MINUTES = MeasuredNumber("waitlist-minutes-to-fill", "min", (_FILLED,))
#: Whose times are meant: parameter, and type of what it names.
_WHOSE = {"practitioner": "Practitioner", "location": "Location"}

MEASURE = MeasureSpec(
    code="waitlist",
    title="Waitlist metrics",
    doc="What became of the times that came free in a period, and of the offers made of them. By"
    " channel only its offers count.",
    numbers=(*numbers_of(_METRICS, _NOTHING), _MINUTES),
    strata=("service-type", "channel"),
)
SPEC = OperationSpec(
    code="waitlist-metrics",
    resource="Appointment",
    levels=frozenset({"type"}),
    affects_state=False,
    title="Measure the waitlist",
    doc="What became of the times that came free in a period: freed, offered, messages, accepted,"
    " declined, expired, filled, offers per fill and minutes from free to filled; in all, by"
    " service and by channel. Without a period the last 30 days; the answer says which. With output"
    " csv or json the answer is a table, by both of them as well.",
    source="engines.md section 4; decision 22",
    parameters=(
        OperationParameter("start", "in", 0, 1, "dateTime", "First day, or instant, included"),
        OperationParameter(
            "end", "in", 0, 1, "dateTime", "Last day, included; or instant, excluded"
        ),
        OperationParameter(
            "granularity", "in", 0, 1, "code",
            "For each day, week (from Monday) or month, between days; or for all (total, the"
            " default)",
        ),
        OperationParameter(
            "practitioner", "in", 0, 1, "Reference", "Only times of this one",
            target_types=("Practitioner",),
        ),
        OperationParameter(
            "location", "in", 0, 1, "Reference", "Only times at this place",
            target_types=("Location",),
        ),
        OperationParameter("output", "in", 0, 1, "code", "report (default), csv or json"),
        OperationParameter(
            "return", "out", 1, 1, "Resource", "A MeasureReport; with granularity a Bundle of them"
        ),
    ),
    get_allowed=True,
    measure=MEASURE,
    csv=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Part:
    """What became of the times of one period: as reported, as instants (half open), as counted."""

    told: tuple[date, date]
    start: datetime
    end: datetime
    found: list[Outcomes]

    @property
    def whole(self) -> Outcomes:
        return next((one for one in self.found if not one.service and not one.channel), _NOTHING)


async def run(deps: Deps, tenant: int, call: Call) -> bytes | Document:
    """Answer with a MeasureReport or several, or with a table.

    Raises:
        GatewayError: invalid, for a period that ends before it starts, an unknown output, or two
            subjects.
    """
    zone, now = deps.tenants[tenant].zone, deps.clock.now()
    output = "csv" if call.csv else call.values.first("output", "report")
    if output not in ("report", "csv", "json"):
        raise refused("output", "output is report, csv or json")
    parts = width(call, WIDTHS)
    periods = _periods(call, zone, now, parts)
    check_size(len(periods), call)
    subject = _subject(call)

    async def count(tx: Transaction) -> list[_Part]:
        return [_Part(told, start, end, await offer_log.outcomes(tx, start, end, subject))
                for told, start, end in periods]  # fmt: skip

    found = await deps.database.run(tenant, count)
    if output == "csv":
        return Document(_csv(found, zone), "text/csv; charset=utf-8")
    if output == "json":
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in _rows(found, zone)]
        ends = {"start": _local(periods[0][1], zone), "end": _local(periods[-1][2], zone)}
        return Document(json.dump({"period": ends, "row": rows}), "application/json")
    reports = [_report(each, subject, now.astimezone(zone)) for each in found]
    return await written(reports, call, now, several=parts != "total")


def _subject(call: Call) -> str | None:
    """Whose times are meant; None for all.

    Raises:
        GatewayError: invalid, for two, or for what is no reference to such a one.
    """
    named = [name for name in _WHOSE if name in call.values]
    if len(named) > 1:
        raise refused(named[1], "Either a practitioner or a location")
    for name in named:
        text = call.values.first(name)
        ref = relative(text) if isinstance(text, str) else None
        if ref is None or ref.type != _WHOSE[name]:
            raise refused(name, f"{name} is a reference like {_WHOSE[name]}/7")
        return str(ref)
    return None


def _periods(
    call: Call, zone: ZoneInfo, now: datetime, parts: str
) -> list[tuple[tuple[date, date], datetime, datetime]]:
    """Each part of the period: as it is told, and as instants, the second excluded."""
    today = local_day(now, zone)
    first, last = call.values.first("start"), call.values.first("end")
    start = _bound(first, zone, "start", today - timedelta(days=_DAYS))
    end = _bound(last, zone, "end", today, days=1)
    if end <= start:
        raise refused("end", "end must be after start")
    if parts == "total":
        return [((start.astimezone(zone), end.astimezone(zone)), start, end)]
    if any("T" in (each or "") for each in (first, last)):
        raise refused("granularity", "With a granularity start and end are days")
    days = stretches(local_day(start, zone), local_day(end - timedelta(days=1), zone), parts)
    return [(each, _midnight(each[0], zone), _midnight(each[1] + timedelta(days=1), zone))
            for each in days]  # fmt: skip


def _bound(text: str | None, zone: ZoneInfo, name: str, default: date, days: int = 0) -> datetime:
    if text and "T" in text:
        return parse_instant(text)
    if text and len(text) != 10:
        raise fail(Category.INVALID, f"{name} is a day or an instant", name, code="value")
    day = date.fromisoformat(text) if text else default
    return _midnight(day + timedelta(days=days), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return at_wall_clock(datetime.combine(day, time()), zone)[0]


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return format_instant(moment.astimezone(zone))


def _rows(found: Iterable[_Part], zone: ZoneInfo) -> list[tuple[Any, ...]]:
    return [
        (_local(part.start, zone), _local(part.end, zone), each.service, each.channel,
         *(getattr(each, name) for name in _COUNTS), _short(each.offers_per_fill),
         _short(each.minutes))
        for part in found
        for each in part.found
    ]  # fmt: skip


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _csv(found: Iterable[_Part], zone: ZoneInfo) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows([_harmless(value) for value in row] for row in _rows(found, zone))
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    """No code of a service may become a formula in a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _report(part: _Part, subject: str | None, now: datetime) -> Report:
    strata: Mapping[str, dict[str, list[Score]]] = {"service-type": {}, "channel": {}}
    for each in part.found:
        if each.service and not each.channel:
            strata["service-type"][each.service] = _scores(each)
        elif each.channel and not each.service:
            strata["channel"][each.channel] = _scores(each)
    now = now.replace(microsecond=0)
    return Report(MEASURE, now, *part.told, subject, _scores(part.whole), strata)


def _scores(each: Outcomes) -> list[Score]:
    minutes = None if each.minutes is None else rounded(Fraction(each.minutes))
    last = Score(_MINUTES.code, minutes, _MINUTES.unit, ((_FILLED, each.filled),))
    return [*scores_of(_METRICS, each), last]
