"""What does an entry of the waitlist say to the engine?

A waitlist Appointment as facts: wishes from the extension `waitlist`, the wanted days from
requestedPeriod, the appointment that would be given up from supportingInformation. Decisions 1, 16.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_WAITLIST, HOLDING
from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import Interval, local_day, parse_instant
from fhir_gateway.engines.waitlist_facts import WaitlistEntry, WantedPeriod
from fhir_gateway.fhir import json
from fhir_gateway.storage import waitlist_facts
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases.engaging import participants
from fhir_gateway.usecases.zones import extension, part

Resource = dict[str, Any]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def codes_of(concepts: Iterable[Resource]) -> frozenset[str]:
    """The codes in some CodeableConcepts, whatever their systems."""
    return frozenset(
        each["code"]
        for concept in concepts
        for each in concept.get("coding", ())
        if each.get("code")
    )


async def entries(
    tx: Transaction, found: Mapping[str, Stored], span: Interval, zone: ZoneInfo
) -> list[WaitlistEntry]:
    """Waitlist Appointments as facts, with the patients' other engagements around a time.

    Args:
        tx: Open transaction.
        found: Waitlist Appointments by id.
        span: The freed time.
        zone: Of the clinic.
    """
    if not found:
        return []
    said = {key: _said(each.content, zone, each.last_updated) for key, each in found.items()}
    named = {each.wishes.patient for each in said.values()} - {""}
    given = {one for each in said.values() for one in each.leaving}
    known = await waitlist_facts.elsewhere(tx, named, span, given)
    starts = {key: _held_start(each) for key, each in known.held.items()}
    facts = []
    for each in said.values():
        patient = each.wishes.patient
        if not patient:
            continue
        leaves = next((one for one in reversed(each.leaving) if starts.get(one)), None)
        busy = tuple(time for one, time in known.busy.get(patient, ()) if one != leaves)
        facts.append(
            replace(
                each.wishes,
                live_offers=known.offers.get(patient, 0),
                busy=busy,
                held_start=starts[leaves] if leaves else None,
            )
        )
    return facts


@dataclass(frozen=True, slots=True)
class _Said:
    """What an entry says, and the Appointments that it points to."""

    wishes: WaitlistEntry
    leaving: tuple[str, ...]


@lru_cache(maxsize=8192)
def _said(content: bytes, zone: ZoneInfo, joined: datetime) -> _Said:
    """The same list is looked at for each freed time, and few of its entries change meanwhile."""
    tree = json.parse(content)
    return _Said(wishes(tree, zone, joined), given_up(tree))


def _patient(tree: Resource) -> str | None:
    return next((str(each) for each in participants(tree, "Patient")), None)


def given_up(tree: Resource) -> tuple[str, ...]:
    """Ids of Appointments that an entry points to: what the patient holds and would give up."""
    found = (reference_of(each) for each in tree.get("supportingInformation", ()))
    return tuple(ref.id for ref in found if ref is not None and ref.type == "Appointment")


def _held_start(booked: Stored) -> datetime | None:
    """When an Appointment that is held begins; None for any other."""
    tree = booked.resource()
    held = tree.get("status") in HOLDING and tree.get("start")
    return parse_instant(tree["start"]) if held else None


def wishes(tree: Resource, zone: ZoneInfo, joined: datetime = _LONG_AGO) -> WaitlistEntry:
    """What an entry itself says.

    Args:
        tree: A waitlist Appointment.
        zone: Of the clinic.
        joined: When the patient joined, where it does not say.
    """
    stated = extension(tree, EXT_WAITLIST)
    preferred = part(stated, "preferredDate")
    at = part(stated, "preferredTime")
    return WaitlistEntry(
        id=tree["id"],
        patient=_patient(tree) or "",
        service_types=codes_of(tree.get("serviceType", ())),
        created=_created(tree, zone) or joined,
        practitioners=frozenset(str(each) for each in participants(tree, "Practitioner")),
        wanted=tuple(_wanted(each, zone) for each in tree.get("requestedPeriod", ())),
        preferred_date=date.fromisoformat(preferred) if preferred else None,
        preferred_hour=int(at[:2]) if at else None,
        flexibility=part(stated, "flexibility"),
        priority=tree.get("priority"),
        duration_minutes=tree.get("minutesDuration"),
    )


def _created(tree: Resource, zone: ZoneInfo) -> datetime | None:
    text = str(tree.get("created") or "")
    if "T" in text:
        return parse_instant(text)
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), zone)
    return None


def _wanted(period: Resource, zone: ZoneInfo) -> WantedPeriod:
    return WantedPeriod(_day(period.get("start"), zone), _day(period.get("end"), zone, last=True))


def _day(text: str | None, zone: ZoneInfo, *, last: bool = False) -> date | None:
    """The clinic's day of a date or dateTime; of a month or year its first or last day."""
    if not text:
        return None
    if "T" in text:
        return local_day(parse_instant(text), zone)
    if len(text) == 10:
        return date.fromisoformat(text)
    year, month = int(text[:4]), int(text[5:7]) if len(text) == 7 else (12 if last else 1)
    if not last:
        return date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)
