"""How well are freed times filled from the waitlist?

Freed, offered, accepted, declined, filled, offers per fill and minutes to fill, of any period, in
all and by service and channel. engines.md section 4; decision 22.
"""

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import CANONICAL
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.time import at_wall_clock, format_instant, local_day, parse_instant
from fhir_gateway.fhir import json
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import offer_log
from fhir_gateway.storage.offer_log import Outcomes
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call, Document

Resource = dict[str, Any]

MEASURE = f"{CANONICAL}/Measure/waitlist"
_DAYS = 30
_COUNTS = ("freed", "offered", "messages", "accepted", "declined", "expired", "filled")
_COLUMNS = ("service", "channel", *_COUNTS, "offers-per-fill", "minutes-to-fill")
_UCUM = "http://unitsofmeasure.org"

SPEC = OperationSpec(
    code="waitlist-metrics",
    resource="Appointment",
    levels=frozenset({"type"}),
    affects_state=False,
    title="Measure the waitlist",
    doc="What became of the times that came free in a period: freed, offered, messages, accepted,"
    " declined, expired, filled, offers per fill and minutes from free to filled; in all, by"
    " service, by channel and by both. Without a period the last 30 days; the answer says which."
    " With output csv or json the answer is a table instead of a MeasureReport.",
    source="engines.md section 4; decision 22",
    parameters=(
        OperationParameter("start", "in", 0, 1, "dateTime", "First day, or instant, included"),
        OperationParameter(
            "end", "in", 0, 1, "dateTime", "Last day, included; or instant, excluded"
        ),
        OperationParameter("output", "in", 0, 1, "code", "report (default), csv or json"),
        OperationParameter("return", "out", 1, 1, "MeasureReport", "The report"),
    ),
    get_allowed=True,
    csv=True,
)


async def run(deps: Deps, tenant: int, call: Call) -> bytes | Document:
    """Answer with a MeasureReport, or with a table.

    Raises:
        GatewayError: invalid, for a period that ends before it starts or an unknown output.
    """
    zone = deps.tenants[tenant].zone
    output = "csv" if call.csv else call.values.first("output", "report")
    if output not in ("report", "csv", "json"):
        raise fail(Category.INVALID, "output is report, csv or json", "output", code="value")
    start, end = _period(call, zone, deps.clock.now())

    async def count(tx: Transaction) -> list[Outcomes]:
        return await offer_log.outcomes(tx, start, end)

    found = await deps.database.run(tenant, count)
    period = {
        "start": format_instant(start.astimezone(zone)),
        "end": format_instant(end.astimezone(zone)),
    }
    if output == "csv":
        return Document(_csv(found), "text/csv; charset=utf-8")
    if output == "json":
        rows = [dict(zip(_COLUMNS, _row(each), strict=True)) for each in found]
        return Document(json.dump({"period": period, "row": rows}), "application/json")
    return json.dump(_report(found, period, deps.clock.now().astimezone(zone)))


def _period(call: Call, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """The period as instants, the second excluded."""
    today = local_day(now, zone)
    start = _bound(call.values.first("start"), zone, "start", today - timedelta(days=_DAYS))
    end = _bound(call.values.first("end"), zone, "end", today, days=1)
    if end <= start:
        raise fail(Category.INVALID, "end must be after start", "end", code="value")
    return start, end


def _bound(text: str | None, zone: ZoneInfo, name: str, default: date, days: int = 0) -> datetime:
    if text and "T" in text:
        return parse_instant(text)
    if text and len(text) != 10:
        raise fail(Category.INVALID, f"{name} is a day or an instant", name, code="value")
    day = date.fromisoformat(text) if text else default
    midnight, _ = at_wall_clock(datetime.combine(day + timedelta(days=days), time()), zone)
    return midnight


def _row(each: Outcomes) -> tuple[str | int | float | None, ...]:
    counts = (getattr(each, name) for name in _COUNTS)
    return (each.service, each.channel, *counts, _rounded(each.offers_per_fill),
            _rounded(each.minutes))  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _csv(found: list[Outcomes]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows([_harmless(value) for value in _row(each)] for each in found)
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    """No code of a service may become a formula in a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _report(found: list[Outcomes], period: dict[str, str], now: datetime) -> Resource:
    whole = next((each for each in found if not each.service and not each.channel), None)
    whole = whole or Outcomes("", "", 0, 0, 0, 0, 0, 0, 0, None)
    parts = [each for each in found if each is not whole]
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "summary",
        "measure": MEASURE,
        "date": format_instant(now.replace(microsecond=0)),
        "period": period,
        "group": [_group(name, whole, parts) for name in ("counts", "offers-per-fill",
                                                          "minutes-to-fill")],
    }  # fmt: skip


def _group(name: str, whole: Outcomes, parts: list[Outcomes]) -> Resource:
    stratifiers = [
        {"code": [{"text": code}], "stratum": strata}
        for code, strata in (
            ("service", [_stratum(name, each) for each in parts if not each.channel]),
            ("channel", [_stratum(name, each) for each in parts if not each.service]),
            ("service and channel",
             [_stratum(name, each) for each in parts if each.service and each.channel]),
        )
        if strata
    ]  # fmt: skip
    return {"code": {"text": name}, **_values(name, whole),
            **({"stratifier": stratifiers} if stratifiers else {})}  # fmt: skip


def _stratum(name: str, each: Outcomes) -> Resource:
    if each.service and each.channel:
        pairs = (("service", each.service), ("channel", each.channel))
        named: Resource = {
            "component": [{"code": {"text": code}, "value": {"text": value}}
                          for code, value in pairs]
        }  # fmt: skip
    else:
        named = {"value": {"text": each.service or each.channel}}
    return {**named, **_values(name, each)}


def _values(name: str, each: Outcomes) -> Resource:
    if name == "counts":
        return {
            "population": [
                {"code": {"text": code}, "count": getattr(each, code)} for code in _COUNTS
            ]
        }
    score = _rounded(each.offers_per_fill if name == "offers-per-fill" else each.minutes)
    unit = {"unit": "min", "system": _UCUM, "code": "min"} if name == "minutes-to-fill" else {}
    return {} if score is None else {"measureScore": {"value": score, **unit}}
