"""A world to search in: resources in a transaction that is undone afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from fhir_gateway.fhir.search_query import SearchQuery, parse
from fhir_gateway.storage.postgres import Database, Transaction
from fhir_gateway.storage.resources import Write, write_many
from fhir_gateway.storage.search_sql import Page, search

Resource = dict[str, Any]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


class _UndoneError(Exception):
    pass


@asynccontextmanager
async def world(database: Database, *resources: Resource) -> AsyncIterator[Transaction]:
    """A transaction in which there are these resources, and that leaves nothing behind."""
    try:
        async with database.transaction(1) as tx:
            await store(tx, *resources)
            yield tx
            raise _UndoneError
    except _UndoneError:
        pass


async def store(
    tx: Transaction, *resources: Resource, now: datetime = NOW, zone: ZoneInfo = UTC_ZONE
) -> None:
    """Write new resources."""
    writes = [Write(each, method="POST") for each in resources]
    await write_many(tx, writes, now=now, zone=zone)


def query(text: str, zone: ZoneInfo = UTC_ZONE) -> SearchQuery:
    """Read `Type?name=value&…`."""
    type_name, _, rest = text.partition("?")
    pairs = parse_qsl(rest, keep_blank_values=True)
    return parse(type_name, pairs, zone=zone, base="http://localhost/fhir")


async def page(tx: Transaction, text: str, zone: ZoneInfo = UTC_ZONE) -> Page:
    """One page of a search."""
    return await search(tx, query(text, zone))


async def pages(tx: Transaction, text: str, zone: ZoneInfo = UTC_ZONE) -> AsyncIterator[Page]:
    """All pages of a search, each asked for after the one before has been looked at."""
    found = await page(tx, text, zone)
    yield found
    while found.next:
        found = await page(tx, f"{text}&_cursor={found.next}", zone)
        yield found


async def ids(tx: Transaction, text: str) -> list[str]:
    """The ids on the first page of a search, in order."""
    return [each.id for each in (await page(tx, text)).matches]


async def walk(tx: Transaction, text: str) -> list[str]:
    """The ids on all pages of a search, in order."""
    return [each.id async for found in pages(tx, text) for each in found.matches]


def slot(id_: str, **elements: Any) -> Resource:
    """A free Slot of Schedule/s at nine."""
    return {
        "resourceType": "Slot",
        "id": id_,
        "schedule": {"reference": "Schedule/s"},
        "status": "free",
        "start": "2026-03-02T09:00:00Z",
        "end": "2026-03-02T09:30:00Z",
    } | elements


def schedule(id_: str, *actors: str, **elements: Any) -> Resource:
    return {"resourceType": "Schedule", "id": id_, "actor": references(*actors)} | elements


def patient(id_: str, **elements: Any) -> Resource:
    return {"resourceType": "Patient", "id": id_} | elements


def practitioner(id_: str, **elements: Any) -> Resource:
    return {"resourceType": "Practitioner", "id": id_} | elements


def appointment(id_: str, *actors: str, **elements: Any) -> Resource:
    """A booked Appointment of these actors."""
    participants = [{"actor": each, "status": "accepted"} for each in references(*actors)]
    return {
        "resourceType": "Appointment",
        "id": id_,
        "status": "booked",
        "participant": participants,
    } | elements


def task(id_: str, **elements: Any) -> Resource:
    return {"resourceType": "Task", "id": id_, "status": "requested", "intent": "order"} | elements


def references(*texts: str) -> list[Resource]:
    return [{"reference": each} for each in texts]


def concept(*codes: str) -> Resource:
    """A CodeableConcept; each code is `system|code` or `code`."""
    return {"coding": [_coding(each) for each in codes]}


def _coding(text: str) -> Resource:
    system, bar, code = text.rpartition("|")
    return {"system": system, "code": code} if bar else {"code": code}
