"""Is everything that is counted what it would be if it were counted once more?

Counters of patients, days and the hours of queues move with each change; from what is stored the
same numbers come out. Whoever doubts it counts everything anew. Decision 22; decision record 0021.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import local_day, parse_instant
from fhir_gateway.engines.queue_facts import State
from fhir_gateway.engines.queue_hours import HourChange
from fhir_gateway.engines.queue_replay import Replay, Step
from fhir_gateway.storage import (
    patient_counters,
    queue_hours,
    queues,
    scheduling_days,
)
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.queue_hours import Standing, Version
from fhir_gateway.usecases import scheduling_days as days
from fhir_gateway.usecases.deps import Deps

_AT_ONCE = timedelta(days=31)
_ALL_QUEUES = ("", "~")


@dataclass(frozen=True, slots=True)
class Corrected:
    """How much was wrong: counters of patients, days of the clinic, hours of queues."""

    patients: int
    days: int
    hours: int


async def recount(deps: Deps, tenant: int) -> Corrected:
    """Count everything of a tenant anew; while its queues are counted nobody can be called."""
    return Corrected(
        await deps.database.run(tenant, _patients),
        await _days(deps, tenant),
        await deps.database.run(tenant, lambda tx: _hours(tx, deps)),
    )


async def _patients(tx: Transaction) -> int:
    before = await patient_counters.all_of_tenant(tx)
    patient_counters.recount_all(tx)
    after = await patient_counters.all_of_tenant(tx)
    return sum(before.get(each) != after.get(each) for each in before.keys() | after.keys())


async def _days(deps: Deps, tenant: int) -> int:
    first, last = (each.date() for each in (scheduling_days.EARLIEST, scheduling_days.LATEST))
    await days.count_again(deps, tenant, first, last)
    before = await deps.database.run(tenant, scheduling_days.kept)
    await deps.database.run(tenant, scheduling_days.forget)
    await days.count_again(deps, tenant, first, last)
    after = await deps.database.run(tenant, scheduling_days.kept)
    return len({day for day, *_ in before ^ after})


async def _hours(tx: Transaction, deps: Deps) -> int:
    begin = await queue_hours.first_version(tx)
    if begin is None:
        return 0
    found = await queue_hours.standing(tx, _ALL_QUEUES)
    await queues.lock(tx, [each.queue for each in found], now=deps.clock.now())
    zones = {each.queue: ZoneInfo(each.zone) for each in found}
    replay = Replay(zones)
    low = begin
    while low <= deps.clock.now():
        replay.take(_steps(await queue_hours.versions(tx, low, low + _AT_ONCE)))
        low += _AT_ONCE
    return sum([await _put_right(tx, each, begin, replay) for each in found])


def _steps(found: list[Version]) -> Iterator[Step]:
    for each in found:
        changed = parse_instant(each.changed) if each.changed else each.written
        joined = parse_instant(each.joined)
        yield Step(each.entry, each.queue, State(each.state), joined, changed)


async def _put_right(tx: Transaction, queue: Standing, begin: datetime, replay: Replay) -> int:
    """What was before the first Encounter that is still known stays as it is."""
    since = local_day(begin, ZoneInfo(queue.zone))
    counted = replay.hours.get(queue.queue, [])
    one = (queue.queue, queue.queue)
    before = {_hour(each): each for _, each in await queue_hours.between(tx, since, date.max, one)}
    after = {_hour(each): each for each in counted}
    wrong = sum(before.get(each) != after.get(each) for each in before.keys() | after.keys())
    if wrong:
        await queue_hours.put(tx, queue.queue, since, counted)
    return wrong


def _hour(change: HourChange) -> tuple[date, int]:
    return change.day, change.hour
