"""How well is the clinic's time used? $scheduling-metrics

Utilisation, no-shows, cancellations, durations, waits and overtime of everybody, of each
practitioner, place or service, over any period. Owner's plan, phase 10 (SchedulingAnalytics,
provider_analytics); decision 22; decision record 0021.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from fhir_gateway.core.time import local_day
from fhir_gateway.engines.metrics import ALL, METRICS, Counts, Group
from fhir_gateway.fhir.measures import MeasureSpec
from fhir_gateway.fhir.operations import Level, OperationParameter, OperationSpec
from fhir_gateway.storage.scheduling_days import WIDTHS, Selection
from fhir_gateway.usecases import read, scheduling_days
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call, Document
from fhir_gateway.usecases.operations.measured_period import (
    PERIOD,
    RETURN,
    check_size,
    period,
    refused,
    stretches,
    width,
    written,
)
from fhir_gateway.usecases.reports import Report, Score, numbers_of, scores_of

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
    numbers=numbers_of(METRICS, Counts()),
    strata=(_SERVICE,),
)
_PARAMETERS = (
    *PERIOD,
    OperationParameter(
        "granularity", "in", 0, 1, "code",
        "A report for each day, week (from Monday) or month, or one for all (total, the default)",
    ),
    OperationParameter(
        "group-by", "in", 0, 2, "code",
        "practitioner or location: a report for each that there is something to say about;"
        " service: the numbers of each HealthcareService in strata",
    ),
    RETURN,
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
    def stretches(self) -> list[tuple[date, date]]:
        """First and last day of each report."""
        return stretches(self.selection.first, self.selection.last, self.width)


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
    check_size(len(asked.stretches), call)
    counts = await scheduling_days.counts(deps, tenant, asked.selection, asked.width)
    subjects = sorted({each.subject for each in counts}) if asked.kind else [_subject(call)]
    check_size(len(subjects) * len(asked.stretches), call)
    reports = _reports(asked, counts, subjects, now)
    return await written(reports, call, now, several=bool(asked.kind) or asked.width != "total")


def _subject(call: Call) -> str:
    return ALL if call.ref is None or call.ref.type == "HealthcareService" else str(call.ref)


def _asked(call: Call, today: date) -> _Asked:
    first, last = period(call, today)
    parts = width(call, WIDTHS)
    groups = set(call.values.all("group-by"))
    if call.ref is None and call.type:
        groups.add(_OF_TYPE[call.type])
    unknown = sorted(groups - {*_KINDS, _SERVICE})
    if unknown:
        raise refused("group-by", f"group-by is one of {', '.join((*_KINDS, _SERVICE))}")
    kinds = sorted(groups - {_SERVICE})
    if len(kinds) > 1 or (kinds and call.ref is not None):
        raise refused("group-by", "Practitioners and places cannot be combined here")
    kind = _KINDS[kinds[0]] if kinds else ""
    one = _subject(call)
    # '~' comes after every character of an id, '0' after the slash.
    subjects = (f"{kind}/", f"{kind}0") if kind else (one, one)
    services = (ALL, "~") if _SERVICE in groups else (ALL, ALL)
    if call.ref is not None and call.ref.type == "HealthcareService":
        services = (str(call.ref), str(call.ref))
    by_service = services != (ALL, ALL)
    return _Asked(Selection(first, last, subjects, services), parts, kind, by_service)


def _reports(
    asked: _Asked, counts: dict[Group, Counts], subjects: Iterable[str], now: datetime
) -> Iterator[Report]:
    of_service: dict[tuple[date, str], dict[str, list[Score]]] = {}
    for group, number in sorted(counts.items()):
        if group.service:
            of_service.setdefault((group.day, group.subject), {})[group.service] = scores_of(
                METRICS, number
            )
    whole = asked.selection.services[0]
    for subject in subjects:
        for first, last in asked.stretches:
            parts = of_service.get((first, subject), {})
            yield Report(
                MEASURE,
                now,
                first,
                last,
                subject or None,
                scores_of(METRICS, counts.get(Group(first, subject, whole), Counts())),
                {_SERVICE: parts} if asked.by_service else {},
            )
