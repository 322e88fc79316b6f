"""How do people fare in queues? $queue-metrics

Entries, services, no-shows, waits and sizes of one queue or of each, over any period. The hours
are kept by the commands themselves; what has stood still since the last one is added to them.

Source: owner's plan, phase 11 (QueueMetrics); engines.md section 3; decision 22.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import at_wall_clock, local_day
from fhir_gateway.engines import queue_hours
from fhir_gateway.engines.queue_metrics import METRICS, QueueCounts, QueueHour, tally
from fhir_gateway.fhir.measures import MeasureSpec
from fhir_gateway.fhir.operations import Level, OperationParameter, OperationSpec
from fhir_gateway.storage import queue_hours as kept_hours
from fhir_gateway.storage.queue_hours import Standing
from fhir_gateway.storage.scheduling_days import WIDTHS
from fhir_gateway.usecases import read, scheduling_days
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call, Document, Operation
from fhir_gateway.usecases.operations.measured_period import (
    PERIOD,
    RETURN,
    check_size,
    period,
    stretches,
    width,
    written,
)
from fhir_gateway.usecases.queue_configuration import QUEUED_AT
from fhir_gateway.usecases.queue_scene import no_queue
from fhir_gateway.usecases.reports import Report, Score, numbers_of, scores_of

_SERVICE = "service"
_HOUR = "hour"
_LEVELS: frozenset[Level] = frozenset({"type", "instance"})
_NOTHING = QueueCounts()

MEASURE = MeasureSpec(
    code="queue-metrics",
    title="Queue metrics",
    doc="How people fare in queues. Days and hours are those of the queue's clock; somebody counts"
    " as an entry when they join, as a wait when they are first called, and as served when they"
    " are through. Of several queues, or of several hours, the longest wait and the peak are the"
    " greatest of each, and the average size is that of one queue.",
    numbers=numbers_of(METRICS, _NOTHING),
    strata=(_SERVICE,),
)

_DOCS = {
    "HealthcareService": "Of one queue, or of all queues of services with each in strata.",
    "Location": "Of the queue at one place, or of each.",
}


def _spec(resource: str) -> OperationSpec:
    return OperationSpec(
        code=MEASURE.code,
        resource=resource,
        levels=_LEVELS,
        affects_state=False,
        title=MEASURE.title,
        doc=f"{_DOCS[resource]} Entries, services, no-shows, average and longest wait, average"
        " service, peak and average size.",
        source="Owner's plan, phase 11 (QueueMetrics); engines.md section 3; decision 22",
        parameters=(
            *PERIOD,
            OperationParameter(
                "granularity", "in", 0, 1, "code",
                "A report for each hour in which there is something to say, each day, week (from"
                " Monday) or month, or one for all (total, the default)",
            ),
            RETURN,
        ),
        get_allowed=True,
        measure=MEASURE,
        csv=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kept:
    """What there is of the queues that are asked about: zones by queue, hours in any order."""

    zones: Mapping[str, ZoneInfo]
    hours: list[QueueHour]


async def run(deps: Deps, tenant: int, call: Call) -> bytes | Document:
    """Answer with a MeasureReport, or with a Bundle of them where several may be meant.

    Raises:
        GatewayError: invalid, for a period or a granularity that is none; too-costly for too many
            reports; not-found or gone, where there is no such instance or no queue at it.
    """
    if call.ref is not None:
        await read.read(deps, tenant, call.ref)
    now, zone = deps.clock.now(), deps.tenants[tenant].zone
    first, last = period(call, local_day(now, zone))
    parts = width(call, (_HOUR, *WIDTHS))
    check_size(1 if parts == _HOUR else len(stretches(first, last, parts)), call)
    kept = await _kept(deps, tenant, call, (first, last), now)
    if call.ref is not None and str(call.ref) not in kept.zones:
        raise no_queue(str(call.ref))
    found = await asyncio.to_thread(
        tally, kept.hours, kept.zones, now, lambda each: _begin(each, parts, first, kept.zones)
    )
    reports = list(_reports(call, found, (first, last, parts), now))
    check_size(len(reports), call)
    several = parts != "total" or (call.ref is None and call.type == "Location")
    return await written(reports, call, now, several=several)


async def _kept(
    deps: Deps, tenant: int, call: Call, days: tuple[date, date], now: datetime
) -> _Kept:
    one = str(call.ref)
    # '0' comes after the slash.
    which = (one, one) if call.ref is not None else (f"{call.type}/", f"{call.type}0")
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        rows = await kept_hours.between(tx, *days, which)
        queues = await kept_hours.standing(tx, which)
    own = deps.tenants[tenant].zone
    zones = {queue: own for queue, _ in rows} | {each.queue: ZoneInfo(each.zone) for each in queues}
    hours = [QueueHour(*row) for row in rows]
    hours += [
        hour
        for each in queues
        for hour in _since(each, now)
        if days[0] <= hour.change.day <= days[1]
    ]
    return _Kept(zones, hours)


def _since(queue: Standing, now: datetime) -> Iterator[QueueHour]:
    """What no command has counted yet."""
    for each in queue_hours.standing(queue.since, now, queue.size, ZoneInfo(queue.zone)):
        yield QueueHour(queue.queue, each)


def _begin(hour: QueueHour, parts: str, first: date, zones: Mapping[str, ZoneInfo]) -> date:
    """When the time begins that an hour is reported with."""
    change = hour.change
    if parts != _HOUR:
        return scheduling_days.stretch(change.day, parts, first)
    local = datetime.combine(change.day, time(change.hour))
    return at_wall_clock(local, zones[hour.queue])[0]


def _reports(
    call: Call,
    found: Mapping[tuple[str, date], QueueCounts],
    asked: tuple[date, date, str],
    now: datetime,
) -> Iterator[Report]:
    times = _times(found, asked)
    if call.type == "Location":
        subjects = sorted({queue for queue, _ in found}) if call.ref is None else [str(call.ref)]
        for subject in subjects:
            for begin, end in times:
                counts = found.get((subject, begin))
                if counts is not None or asked[2] != _HOUR:
                    yield _report(begin, end, counts or _NOTHING, now, subject)
        return
    for begin, end in times:
        parts = {queue: each for (queue, at), each in sorted(found.items()) if at == begin}
        strata = {queue: scores_of(METRICS, each) for queue, each in parts.items()}
        yield _report(begin, end, sum(parts.values(), _NOTHING), now, strata=strata)


def _times(
    found: Mapping[tuple[str, date], QueueCounts], asked: tuple[date, date, str]
) -> list[tuple[date, date]]:
    """Begin and end of each report, both included."""
    if asked[2] != _HOUR:
        return stretches(*asked)
    begun = sorted({begin for _, begin in found})
    return [(each, each + timedelta(minutes=59, seconds=59)) for each in begun]


def _report(
    begin: date,
    end: date,
    counts: QueueCounts,
    now: datetime,
    subject: str | None = None,
    strata: Mapping[str, list[Score]] | None = None,
) -> Report:
    divided = {_SERVICE: strata} if strata is not None else {}
    return Report(MEASURE, now, begin, end, subject, scores_of(METRICS, counts), divided)


#: On HealthcareService and on Location.
QUEUE_METRICS: tuple[Operation, ...] = tuple(Operation(_spec(each), run) for each in QUEUED_AT)
