"""How well is the clinic's time used? $scheduling-metrics

Utilisation, no-shows, cancellations, durations, waits and overtime of everybody, of each
practitioner, place or service, over any period. Owner's plan, phase 10 (SchedulingAnalytics,
provider_analytics); decision 22; decision record 0021.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.time import local_day
from fhir_gateway.engines.metrics import ALL, METRICS, Counts, Group
from fhir_gateway.fhir import json
from fhir_gateway.fhir.measures import MeasuredNumber, MeasureSpec
from fhir_gateway.fhir.operations import Level, OperationParameter, OperationSpec
from fhir_gateway.storage.scheduling_days import WIDTHS, Selection
from fhir_gateway.usecases import read, scheduling_days
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call, Document
from fhir_gateway.usecases.reports import Report, Score, collection, csv_of, measure_report

_DAYS = 30
_MOST_DAYS = 3660
_MOST_REPORTS = 1000
_MOST_LINES = 50_000
_EARLIEST, _LATEST = date(1900, 1, 2), date(2199, 12, 30)
#: What reports can be about, by the code that asks for it.
_KINDS = {"practitioner": "Practitioner", "location": "Location"}
_SERVICE = "service"
_OF_TYPE = {"Practitioner": "practitioner", "Location": "location", "HealthcareService": _SERVICE}

MEASURE = MeasureSpec(
    code="scheduling-metrics",
    title="Scheduling metrics",
    doc="How well the time of practitioners, places and services is used. A day is the clinic's"
    " day of the planned start. A Slot counts as offered unless it is busy-unavailable; offers to"
    " patients of the waitlist that came to nothing are no cancellations.",
    numbers=tuple(
        MeasuredNumber(each.code, each.unit, tuple(code for code, _ in each.populations(Counts())))
        for each in METRICS
    ),
    strata=(_SERVICE,),
)
_PARAMETERS = (
    OperationParameter("start", "in", 0, 1, "date", "First day, YYYY-MM-DD"),
    OperationParameter("end", "in", 0, 1, "date", "Last day, included; today"),
    OperationParameter(
        "days", "in", 0, 1, "integer", "Without start: it is so many days before end; 30"
    ),
    OperationParameter(
        "granularity", "in", 0, 1, "code",
        "A report for each day, week (from Monday) or month, or one for all (total, the default)",
    ),
    OperationParameter(
        "group-by", "in", 0, 2, "code",
        "practitioner or location: a report for each that there is something to say about;"
        " service: the numbers of each HealthcareService in strata",
    ),
    OperationParameter(
        "return", "out", 1, 1, "Resource",
        "A MeasureReport; where several can be meant, a Bundle of them. As text/csv: a line each",
    ),
)  # fmt: skip


def _spec(resource: str | None, levels: frozenset[Level], doc: str) -> OperationSpec:
    return OperationSpec(
        code="scheduling-metrics",
        resource=resource,
        levels=levels,
        affects_state=False,
        title="Scheduling metrics",
        doc=f"{doc} Utilisation, no-show rate and cancellation rate, each also as the owner's plan"
        " defines it where that differs; completed appointments, mean duration and wait, overtime.",
        source="Owner's plan, phase 10 (SchedulingAnalytics), rows S2 and S13; decision 22",
        parameters=_PARAMETERS,
        get_allowed=True,
        measure=MEASURE,
        csv=True,
    )


_BOTH: frozenset[Level] = frozenset({"type", "instance"})
OF_ALL = _spec(None, frozenset({"system"}), "Of everybody together, or as group-by says.")
OF_PRACTITIONERS = _spec("Practitioner", _BOTH, "Of one practitioner, or of each.")
OF_LOCATIONS = _spec("Location", _BOTH, "Of one place, or of each.")
OF_SERVICES = _spec("HealthcareService", _BOTH, "Of one service, or of each in strata.")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for; kind is the type that there is a report for each of, empty for one."""

    selection: Selection
    width: str
    kind: str
    by_service: bool

    @property
    def stretches(self) -> list[date]:
        """First day of each report."""
        first, count = self.selection.first, (self.selection.last - self.selection.first).days + 1
        days = (first + timedelta(days=number) for number in range(count))
        begun = (scheduling_days.stretch(each, self.width, first) for each in days)
        return list(dict.fromkeys(begun))


async def run(deps: Deps, tenant: int, call: Call) -> bytes | Document:
    """Answer with a MeasureReport, or with a Bundle of them where several may be meant.

    Raises:
        GatewayError: invalid, for a period or a grouping that is none; too-costly for too many
            reports; not-found or gone, where there is no such instance.
    """
    if call.ref is not None:
        await read.read(deps, tenant, call.ref)
    now = deps.clock.now()
    asked = _asked(call, local_day(now, deps.tenants[tenant].zone))
    _check_size(len(asked.stretches), call)
    counts = await scheduling_days.counts(deps, tenant, asked.selection, asked.width)
    subjects = sorted({each.subject for each in counts}) if asked.kind else [_subject(call)]
    _check_size(len(subjects) * len(asked.stretches), call)
    reports = _reports(asked, counts, subjects, now)
    return await asyncio.to_thread(_written, reports, asked, call, now)


def _written(
    reports: Iterable[Report], asked: _Asked, call: Call, now: datetime
) -> bytes | Document:
    """Thousands of reports take a while; others go on meanwhile."""
    if call.csv:
        return Document(csv_of(reports), "text/csv; charset=utf-8")
    resources = [measure_report(each) for each in reports]
    if asked.kind or asked.width != "total":
        return json.dump(collection(resources, now))
    return json.dump(resources[0])


def _subject(call: Call) -> str:
    return ALL if call.ref is None or call.ref.type == "HealthcareService" else str(call.ref)


def _asked(call: Call, today: date) -> _Asked:
    first, last = _period(call, today)
    width = call.values.first("granularity", "total")
    if width not in WIDTHS:
        raise _refused("granularity", f"granularity is one of {', '.join(WIDTHS)}")
    groups = set(call.values.all("group-by"))
    if call.ref is None and call.type:
        groups.add(_OF_TYPE[call.type])
    unknown = sorted(groups - {*_KINDS, _SERVICE})
    if unknown:
        raise _refused("group-by", f"group-by is one of {', '.join((*_KINDS, _SERVICE))}")
    kinds = sorted(groups - {_SERVICE})
    if len(kinds) > 1 or (kinds and call.ref is not None):
        raise _refused("group-by", "Practitioners and places cannot be combined here")
    kind = _KINDS[kinds[0]] if kinds else ""
    one = _subject(call)
    # '~' comes after every character of an id, '0' after the slash.
    subjects = (f"{kind}/", f"{kind}0") if kind else (one, one)
    services = (ALL, "~") if _SERVICE in groups else (ALL, ALL)
    if call.ref is not None and call.ref.type == "HealthcareService":
        services = (str(call.ref), str(call.ref))
    by_service = services != (ALL, ALL)
    return _Asked(Selection(first, last, subjects, services), width, kind, by_service)


def _period(call: Call, today: date) -> tuple[date, date]:
    days = call.values.first("days", _DAYS)
    if "start" in call.values and "days" in call.values:
        raise _refused("days", "Either start or days, not both")
    if not 0 <= days < _MOST_DAYS:
        raise _refused("days", f"days is 0 to {_MOST_DAYS - 1}")
    last = _day(call, "end") or today
    first = _day(call, "start") or max(_EARLIEST, last - timedelta(days=days))
    if last < first:
        raise _refused("end", f"The period ends on {last}, before it starts on {first}")
    if (last - first).days >= _MOST_DAYS:
        raise _refused("start", f"A period has at most {_MOST_DAYS} days")
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
        raise _refused(name, f"{name} is a day between {_EARLIEST} and {_LATEST}: YYYY-MM-DD")
    return day


def _refused(name: str, text: str) -> GatewayError:
    return fail(Category.INVALID, text, name, code="value")


def _check_size(reports: int, call: Call) -> None:
    most = _MOST_LINES if call.csv else _MOST_REPORTS
    if reports > most:
        text = f"These are {reports} reports, and {most} at most are written; take a shorter"
        raise fail(Category.INVALID, f"{text} period or another granularity", code="too-costly")


def _reports(
    asked: _Asked, counts: dict[Group, Counts], subjects: Iterable[str], now: datetime
) -> Iterator[Report]:
    stretches = asked.stretches
    ends = [each - timedelta(days=1) for each in stretches[1:]] + [asked.selection.last]
    of_service: dict[tuple[date, str], dict[str, list[Score]]] = {}
    for group, number in sorted(counts.items()):
        if group.service:
            of_service.setdefault((group.day, group.subject), {})[group.service] = _scores(number)
    whole = asked.selection.services[0]
    for subject in subjects:
        for first, last in zip(stretches, ends, strict=True):
            parts = of_service.get((first, subject), {})
            yield Report(
                MEASURE,
                now,
                first,
                last,
                subject or None,
                _scores(counts.get(Group(first, subject, whole), Counts())),
                {_SERVICE: parts} if asked.by_service else {},
            )


def _scores(counts: Counts) -> list[Score]:
    return [
        Score(each.code, each.value(counts), each.unit, each.populations(counts))
        for each in METRICS
    ]
