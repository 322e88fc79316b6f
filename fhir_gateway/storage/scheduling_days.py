"""What has been counted of each day, and what has changed since?

Triggers leave a change beside whatever they are about, in its transaction; whoever counts takes
the changes first and looks then, so that nothing that was committed before is missed, and what is
committed meanwhile leaves a change of its own. Decision record 0021.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from fhir_gateway.engines.metrics import STEADY, Counts, Group
from fhir_gateway.storage import locks
from fhir_gateway.storage.postgres import Transaction

#: Nobody asks about days before and after.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_MARK = "INSERT INTO scheduling_change (tenant, at) SELECT DISTINCT %(tenant)s, found.at FROM"
#: Ends as well: a visit may begin on the day after its Slot.
_HOURS = (
    "(SELECT date_trunc('hour', p_start) AS at FROM slot WHERE tenant = %(tenant)s{0}"
    " UNION SELECT date_trunc('hour', p_end) FROM slot WHERE tenant = %(tenant)s{0})"
)
_EVERYTHING = (
    f"{_MARK} (SELECT date_trunc('hour', p_date) AS at FROM appointment WHERE tenant = %(tenant)s"
    f" UNION SELECT at FROM {_HOURS.format('')} s) found WHERE at IS NOT NULL"
)
_OF_SCHEDULES = f"{_MARK} {_HOURS.format(' AND p_schedule = ANY(%(subjects)s)')} found"
_OF_APPOINTMENTS = (
    f"{_MARK} (SELECT p_date AS at FROM appointment WHERE tenant = %(tenant)s"
    " AND id = ANY(%(ids)s)) found WHERE at IS NOT NULL"
)


async def take_changes(tx: Transaction, low: datetime, high: datetime) -> set[datetime]:
    """Take the changes of a time; others who count wait until this transaction ends.

    Args:
        tx: Open transaction, not a snapshot.
        low, high: Half open, aware.

    Returns:
        Planned starts, as they are or as they were, of what has changed.
    """
    await locks.hold(tx, ["scheduling-days"])
    found = await tx.rows(
        "DELETE FROM scheduling_change WHERE tenant = %s AND at IS NULL RETURNING subject",
        (tx.tenant,),
    )
    await _look_up(tx, {row[0] for row in found})
    rows = await tx.rows(
        "DELETE FROM scheduling_change WHERE tenant = %s AND at >= %s AND at < %s RETURNING at",
        (tx.tenant, low, high),
    )
    return {row[0] for row in rows}


async def _look_up(tx: Transaction, subjects: set[str]) -> None:
    """Put the times of what has changed in the place of its name; an empty name is everything."""
    kind = "Appointment/"
    ids = sorted(each.removeprefix(kind) for each in subjects if each.startswith(kind))
    values = {"tenant": tx.tenant, "subjects": sorted(subjects), "ids": ids}
    if "" in subjects:
        await tx.execute(_EVERYTHING, values)
    elif subjects:
        await tx.batch([(_OF_SCHEDULES, values), (_OF_APPOINTMENTS, values)])


async def first_change(tx: Transaction, low: datetime, high: datetime) -> datetime | None:
    """The first change of a time; its begin where there is one that is not looked up yet."""
    row = await tx.row(
        "SELECT CASE WHEN EXISTS (SELECT FROM scheduling_change WHERE tenant = %(tenant)s"
        " AND at IS NULL) THEN %(low)s ELSE (SELECT min(at) FROM scheduling_change"
        " WHERE tenant = %(tenant)s AND at >= %(low)s AND at < %(high)s) END",
        {"tenant": tx.tenant, "low": low, "high": high},
    )
    return row[0] if row else None


async def oldest_change(tx: Transaction) -> datetime | None:
    """A planned start that is to be counted; any time for what is not looked up yet.

    What nobody can ask about is forgotten.
    """
    await tx.execute(
        "DELETE FROM scheduling_change WHERE tenant = %s AND (at < %s OR at >= %s)",
        (tx.tenant, EARLIEST, LATEST),
    )
    row = await tx.row(
        "SELECT coalesce(at, clock_timestamp()) FROM scheduling_change WHERE tenant = %s"
        " ORDER BY id LIMIT 1",
        (tx.tenant,),
    )
    return row[0] if row else None


async def kept(tx: Transaction) -> set[tuple[object, ...]]:
    """Everything that is kept: day, subject, service, and the counts."""
    rows = await tx.rows(
        f"SELECT day, subject, service, {', '.join(STEADY)} FROM scheduling_day WHERE tenant = %s",
        (tx.tenant,),
    )
    return {tuple(each) for each in rows}


async def forget(tx: Transaction) -> None:
    """Let everything be counted once more."""
    await tx.execute("DELETE FROM scheduling_day WHERE tenant = %s", (tx.tenant,))
    await tx.execute(
        "INSERT INTO scheduling_change (tenant, subject) VALUES (%s, '')", (tx.tenant,)
    )


async def put(tx: Transaction, days: Iterable[date], found: Mapping[Group, Counts]) -> None:
    """Keep the counts of whole days in the place of those that were kept.

    Args:
        tx: The transaction that took the changes.
        days: Which days; those without any counts as well.
        found: Of these days only.
    """
    await tx.execute(
        "DELETE FROM scheduling_day WHERE tenant = %s AND day = ANY(%s::date[])",
        (tx.tenant, sorted(days)),
    )
    kept = [
        (group.subject, group.day, group.service, *(getattr(counts, name) for name in STEADY))
        for group, counts in sorted(found.items())
        if any(getattr(counts, name) for name in STEADY)
    ]
    if kept:
        numbers = ", ".join("%s::bigint[]" for _ in STEADY)
        await tx.execute(
            f"INSERT INTO scheduling_day (tenant, subject, day, service, {', '.join(STEADY)})"
            f" SELECT %s, t.* FROM unnest(%s::text[], %s::date[], %s::text[], {numbers}) t",
            (tx.tenant, *(list(column) for column in zip(*kept, strict=True))),
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """Which counts are asked for; each pair is the least and the greatest text.

    Attributes:
        first, last: Days, both included.
        subjects: One reference twice, or a range of references.
        services: Likewise.
    """

    first: date
    last: date
    subjects: tuple[str, str] = ("", "")
    services: tuple[str, str] = ("", "")

    def takes(self, group: Group) -> bool:
        """Whether a group is among them."""
        return (
            self.first <= group.day <= self.last
            and self.subjects[0] <= group.subject <= self.subjects[1]
            and self.services[0] <= group.service <= self.services[1]
        )


#: How long a stretch of time is: the day that it begins on.
WIDTHS: Mapping[str, str] = {
    "day": "day",
    "week": "date_trunc('week', day::timestamp)::date",
    "month": "date_trunc('month', day::timestamp)::date",
    "total": "%(first)s::date",
}


async def sums(
    tx: Transaction, wanted: Selection, width: str, present: date, without: Iterable[date]
) -> dict[Group, Counts]:
    """Add up what is kept; a group's day is the first of its stretch of time.

    Args:
        tx: Open transaction.
        wanted: See Selection.
        width: Key of WIDTHS.
        present: Appointments of the days before have all begun, of others none has.
        without: Days to leave out.
    """
    columns = ", ".join(f"sum({name})::bigint" for name in STEADY)
    past = ", ".join(
        f"coalesce(sum({name}) FILTER (WHERE day < %(present)s), 0)::bigint"
        for name in ("appointments", "no_shows")
    )
    rows = await tx.rows(
        f"SELECT {WIDTHS[width]}, subject, service, {columns}, {past} FROM scheduling_day"
        " WHERE tenant = %(tenant)s AND day >= %(first)s AND day <= %(last)s"
        " AND subject >= %(subject)s AND subject <= %(subject_high)s"
        " AND service >= %(service)s AND service <= %(service_high)s"
        " AND NOT day = ANY(%(without)s::date[]) GROUP BY 1, 2, 3",
        {
            "tenant": tx.tenant,
            "first": wanted.first,
            "last": wanted.last,
            "subject": wanted.subjects[0],
            "subject_high": wanted.subjects[1],
            "service": wanted.services[0],
            "service_high": wanted.services[1],
            "present": present,
            "without": list(without),
        },
    )
    return {Group(*row[:3]): Counts(*row[3:]) for row in rows}
