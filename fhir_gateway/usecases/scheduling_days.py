"""How was each day?

Counts of days are kept. Whoever asks first has all days of the period counted again in which
something has changed, so that an answer is never older than the question; a worker does the same
for changes that nobody asks about. Decision record 0021.
"""

import asyncio
from datetime import UTC, date, datetime, time, timedelta

from fhir_gateway.engines.metrics import Counts, Group, tally
from fhir_gateway.storage import scheduling_days, scheduling_facts
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.scheduling_days import Selection
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.scheduling_facts import facts

#: The clocks of the world: behind and ahead of UTC.
_BEHIND, _AHEAD = timedelta(hours=12), timedelta(hours=14)
_DAY = timedelta(days=1)
#: Days that are counted in one transaction.
_AT_ONCE = 7


async def counts(deps: Deps, tenant: int, wanted: Selection, width: str) -> dict[Group, Counts]:
    """Add up the days of a period, as they are now.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        wanted: Which subjects and services, from when to when.
        width: `day`, `week` (from Monday), `month` or `total`.

    Returns:
        By the day that a stretch of time begins on, the first one at the first day of the period.
    """
    await count_again(deps, tenant, wanted.first, wanted.last)
    now = deps.clock.now()
    under_way = days_around(now)
    asked = wanted.first <= under_way[-1] and under_way[0] <= wanted.last
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        kept = await scheduling_days.sums(tx, wanted, width, under_way[0], under_way)
        today = await _counted(tx, deps, under_way[0], under_way[-1]) if asked else {}
    found: dict[Group, Counts] = {}
    for source in (kept, {each: n for each, n in today.items() if wanted.takes(each)}):
        for group, number in source.items():
            begun = stretch(group.day, width, wanted.first)
            key = Group(begun, group.subject, group.service)
            found[key] = found.get(key, Counts()) + number
    return found


def stretch(day: date, width: str, first: date) -> date:
    """The first day of the stretch of time that a day is in.

    Args:
        day: Of the period.
        width: `day`, `week`, `month` or `total`.
        first: Day of the period.
    """
    match width:
        case "week":
            begun = day - timedelta(days=day.weekday())
        case "month":
            begun = day.replace(day=1)
        case "total":
            begun = first
        case _:
            begun = day
    return max(begun, first)


async def count_again(deps: Deps, tenant: int, first: date, last: date) -> int:
    """Bring what is kept of a period up to date; returns how many days were counted.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        first, last: Days, both included.
    """
    done, begin = 0, first
    while begin <= last:
        async with deps.database.transaction(tenant) as tx:
            change = await scheduling_days.first_change(tx, *_window(begin, last))
        if change is None:
            break
        begin = max(begin, days_around(change)[0])
        end = min(last, begin + (_AT_ONCE - 1) * _DAY)
        done += await _count_at_once(deps, tenant, begin, end)
        begin = end + _DAY
    return done


async def _count_at_once(deps: Deps, tenant: int, first: date, last: date) -> int:
    async def work(tx: Transaction) -> int:
        changes = await scheduling_days.take_changes(tx, *_window(first, last))
        changed = sorted({day for each in changes for day in days_around(each)})
        if changed:
            found = await _counted(tx, deps, changed[0], changed[-1])
            kept = {group: number for group, number in found.items() if group.day in changed}
            await scheduling_days.put(tx, changed, kept)
        return len(changed)

    return await deps.database.run(tenant, work)


async def count_changes(deps: Deps) -> int:
    """Count a week from the oldest change of each tenant on; returns how many days."""
    done = 0
    for tenant in deps.tenants:
        async with deps.database.transaction(tenant) as tx:
            change = await scheduling_days.oldest_change(tx)
        if change is not None:
            day = change.astimezone(UTC).date()
            done += await count_again(deps, tenant, day, day + (_AT_ONCE - 1) * _DAY)
    return done


async def _counted(tx: Transaction, deps: Deps, first: date, last: date) -> dict[Group, Counts]:
    """Count days from what is stored, whatever is kept."""
    stored = await scheduling_facts.between(tx, *_window(first, last))
    now, zone = deps.clock.now(), deps.tenants[tx.tenant].zone
    found = await asyncio.to_thread(lambda: tally(*facts(stored, zone), now))
    return {group: number for group, number in found.items() if first <= group.day <= last}


def days_around(moment: datetime) -> list[date]:
    """The days that people somewhere in the world have at a moment, in order."""
    first = (moment.astimezone(UTC) - _BEHIND).date()
    last = (moment.astimezone(UTC) + _AHEAD).date()
    return [first + number * _DAY for number in range((last - first).days + 1)]


def _window(first: date, last: date) -> tuple[datetime, datetime]:
    """From when until when it is one of these days somewhere in the world."""
    midnight = datetime.combine(first, time(), UTC)
    return midnight - _AHEAD, datetime.combine(last, time(), UTC) + _DAY + _BEHIND
