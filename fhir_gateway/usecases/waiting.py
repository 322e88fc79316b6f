"""What does an entry of the waitlist say to the engine?

A waitlist Appointment as facts: wishes from the extension `waitlist`, the wanted days from
requestedPeriod, the appointment that would be given up from supportingInformation. Decisions 1, 16.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_WAITLIST, HOLDING
from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import Interval, local_day, parse_instant
from fhir_gateway.engines.waitlist_facts import WaitlistEntry, WantedPeriod
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
    trees = {key: each.resource() for key, each in found.items()}
    patients = {key: _patient(tree) for key, tree in trees.items()}
    named = sorted({each for each in patients.values() if each})
    given = {each for tree in trees.values() for each in given_up(tree)}
    known = await waitlist_facts.elsewhere(tx, named, span, given)
    held = _held(trees, known.held)
    facts = []
    for key, tree in trees.items():
        patient = patients[key]
        if patient is None:
            continue
        leaves, start = held.get(key, (None, None))
        elsewhere = tuple(
            time for appointment, time in known.busy.get(patient, ()) if appointment != leaves
        )
        facts.append(_entry(tree, found[key], known.offers, elsewhere, start, zone))
    return facts


def _patient(tree: Resource) -> str | None:
    return next((str(each) for each in participants(tree, "Patient")), None)


def given_up(tree: Resource) -> tuple[str, ...]:
    """Ids of Appointments that an entry points to: what the patient holds and would give up."""
    found = (reference_of(each) for each in tree.get("supportingInformation", ()))
    return tuple(ref.id for ref in found if ref is not None and ref.type == "Appointment")


def _held(
    trees: Mapping[str, Resource], booked: Mapping[str, Stored]
) -> dict[str, tuple[str, datetime]]:
    held: dict[str, tuple[str, datetime]] = {}
    for key, entry in trees.items():
        for each in given_up(entry):
            tree = booked[each].resource() if each in booked else {}
            if tree.get("status") in HOLDING and tree.get("start"):
                held[key] = (each, parse_instant(tree["start"]))
    return held


def _entry(
    tree: Resource,
    stored: Stored,
    offers: Mapping[str, int],
    busy: tuple[Interval, ...],
    held_start: datetime | None,
    zone: ZoneInfo,
) -> WaitlistEntry:
    return replace(
        wishes(tree, zone, stored.last_updated),
        live_offers=offers.get(_patient(tree) or "", 0),
        busy=busy,
        held_start=held_start,
    )


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
