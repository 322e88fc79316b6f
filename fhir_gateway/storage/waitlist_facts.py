"""Who waits, and what has been offered to whom?"""

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_gateway.core.time import Interval
from fhir_gateway.engines.waitlist_wave import Acceptance
from fhir_gateway.storage import offer_log
from fhir_gateway.storage.engagements import LIVE
from fhir_gateway.storage.names import found_by_hash, hashes
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, known_by, select_many
from fhir_gateway.storage.wire import Statement

#: Entries of the waitlist that are looked at for one time.
_MOST = 5000


async def waiting(
    tx: Transaction, service_types: Iterable[str], *, limit: int = _MOST
) -> list[str]:
    """Ids of waitlist Appointments that want one of these services, oldest id first.

    Args:
        tx: Open transaction.
        service_types: Codes.
        limit: At most so many.
    """
    rows = await tx.rows(*_waiting(tx.tenant, service_types, limit))
    return [row[0] for row in rows]


def _waiting(tenant: int, service_types: Iterable[str], limit: int = _MOST) -> Statement:
    entries = [f"{tenant}|service-type|={each}" for each in sorted(set(service_types))]
    return (
        (
            "SELECT id FROM appointment WHERE tenant = %s AND p_status = 'waitlist'"
            f" AND {_found('id')} AND tokens && %s::text[] ORDER BY id LIMIT %s"
        ),
        (tenant, tenant, hashes(entries), entries, limit),
    )


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What else some patients have.

    Attributes:
        offers: How many offers of each patient (`Patient/7`) are still open; none is left out.
        busy: What each has around a time: id of an Appointment and its time, by start.
        held: Appointments that were asked for, by id.
    """

    offers: dict[str, int]
    busy: dict[str, list[tuple[str | None, Interval]]]
    held: dict[str, Stored]


async def elsewhere(
    tx: Transaction, patients: Iterable[str], span: Interval, held: Iterable[str]
) -> Elsewhere:
    """What else patients have around a time.

    Args:
        tx: Open transaction.
        patients: References.
        span: The time, half open.
        held: Ids of Appointments to be read as well.
    """
    wanted = sorted(set(patients))
    entries = [f"{tx.tenant}|patient|{each}" for each in wanted]
    open_offers = (
        "SELECT p, count(*)::int FROM appointment a, unnest(%s::text[], %s::text[]) w(p, entry)"
        f" WHERE a.tenant = %s AND a.p_status = 'proposed' AND {_found('a.id')}"
        " AND a.tokens @> ARRAY[entry] AND a.tokens @> ARRAY[%s] GROUP BY p"
    )
    busy = (
        "SELECT a.reference, b.appointment, b.core FROM actor a JOIN busy b"
        " ON b.tenant = a.tenant AND b.actor_key = a.key"
        " WHERE a.tenant = %s AND a.reference = ANY(%s) AND b.ends > %s AND b.starts < %s"
        f" AND {LIVE} ORDER BY b.starts, b.actor_key, b.id"
    )
    offers, times, booked = await tx.fetch_batch(
        [
            (
                open_offers,
                (wanted, entries, tx.tenant, tx.tenant, hashes(entries),
                 f"{tx.tenant}|supporting-info"),
            ),
            (busy, (tx.tenant, wanted, span.start, span.end)),
            (select_many("Appointment"), (tx.tenant, sorted(set(held)))),
        ]
    )  # fmt: skip
    by_patient: dict[str, list[tuple[str | None, Interval]]] = {}
    for name, appointment, core in times:
        by_patient.setdefault(name, []).append((appointment, Interval(core.lower, core.upper)))
    return Elsewhere(
        dict(offers), by_patient, {row[0]: Stored("Appointment", *row) for row in booked}
    )


async def offers_of(tx: Transaction, task: str) -> list[tuple[str, str]]:
    """Every offer that was made for a Task: id and status, oldest first."""
    return [(row[0], row[1]) for row in await tx.rows(*_offers_of(tx.tenant, task))]


def _offers_of(tenant: int, task: str) -> Statement:
    """Id, status and index entries of the offers for a Task."""
    entries = [f"{tenant}|supporting-info|Task/{task}"]
    return (
        (
            f"SELECT id, p_status, tokens FROM appointment WHERE tenant = %s AND {_found('id')}"
            " AND tokens @> %s::text[] ORDER BY last_updated, id"
        ),
        (tenant, tenant, hashes(entries), entries),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the waitlist has been asked for a freed time.

    Attributes:
        waiting: Waitlist Appointments that want one of its services, by id, in order.
        asked: Ids of those that have had an offer for it.
        live: How many of these offers are still open.
        funnel: How many patients got how far.
        acceptances: Answers to offers with such a notice, by channel.
    """

    waiting: dict[str, Stored]
    asked: frozenset[str]
    live: int
    funnel: offer_log.Funnel
    acceptances: dict[str, Acceptance]


async def standing(
    tx: Transaction, task: str, service_types: Iterable[str], bucket: int, channels: Iterable[str]
) -> Standing:
    """Read how far the waitlist has been asked for the freed time of a Task.

    Args:
        tx: Open transaction.
        task: Id.
        service_types: Codes of what the time may be used for.
        bucket: Of the notice, `engines.waitlist_wave.notice_bucket`.
        channels: Those whose answers are asked about.
    """
    entries = known_by("Appointment", *_waiting(tx.tenant, service_types))
    waiting_rows, offers, funnel, answers = await tx.fetch_batch(
        [
            entries,
            _offers_of(tx.tenant, task),
            offer_log.funnel_statement(tx.tenant, task),
            offer_log.acceptances_statement(tx.tenant, bucket, channels),
        ]
    )
    begin = f"{tx.tenant}|supporting-info|Appointment/"
    told = (each for _, _, tokens in offers for each in tokens if each.startswith(begin))
    return Standing(
        {row[0]: Stored("Appointment", *row) for row in waiting_rows},
        frozenset(each.removeprefix(begin) for each in told),
        sum(status == "proposed" for _, status, _ in offers),
        offer_log.Funnel(*funnel[0]),
        offer_log.as_acceptances(answers),
    )


def _found(column: str) -> str:
    return found_by_hash("Appointment", column)
