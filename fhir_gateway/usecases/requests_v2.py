"""What does a placer's request do?

S01 looks for a free time as `$find-optimal-slots` does and books it as a client does: nothing is
overbooked, and a no says why and when it would go. S02 to S11 change what is there as the filler's
own messages do, but never against a booking. The answer is an SRR with the appointment as it is
now. hl7v2.md section 1.11; decisions 8, 14 and 18.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fhir_gateway.core.codes import EXT_ALTERNATIVE, HOLDING, SYSTEM_FILLER
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval, format_instant, parse_instant
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.hl7.ack import Reply
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping import srm
from fhir_gateway.mapping.datatypes.ei import type_of
from fhir_gateway.mapping.intent import SiuIntent
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.siu import read_siu
from fhir_gateway.mapping.siu_out import schedule_rows
from fhir_gateway.mapping.srm import Wish
from fhir_gateway.mapping.triggers import REQUESTS, RESPONSES, meant
from fhir_gateway.storage import inbox, resources
from fhir_gateway.storage.postgres import RaceLostError, Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import appointments, feed, feed_people
from fhir_gateway.usecases.appointments import Change, TimeTakenError
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed import Applied
from fhir_gateway.usecases.feed_merge import merged
from fhir_gateway.usecases.free_times import FreeTime, free_times
from fhir_gateway.usecases.zones import zone_of

Resource = dict[str, Any]


async def apply_request(
    tx: Transaction,
    deps: Deps,
    message: Message,
    profile: SenderProfile,
    received_at: datetime,
    *,
    replayed: bool = False,
) -> Applied:
    """Carry out an SRM in the caller's transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        message: SRM with one of `mapping.triggers.REQUESTS`.
        profile: The sender's habits.
        received_at: When it came.
        replayed: See `told_v2.Told`.

    Returns:
        With the SRR as reply.

    Raises:
        GatewayError: it cannot be read or done; places are those of the request.
        AmbiguousError: its identifiers belong to several records.
    """
    twin = REQUESTS[meant(message, profile)[1]]
    try:
        wish = srm.read_wish(message, profile)
        if twin == "S12":
            applied = await _book(tx, deps, message, profile, received_at, wish)
        else:
            span = await _moved_to(tx, deps, wish) if twin == "S13" else None
            intent = read_siu(srm.as_siu(message, twin, span), profile, received_at)
            applied = await feed.apply_siu(tx, deps, intent, profile, asks=True, replayed=replayed)
    except GatewayError as error:
        raise srm.places(error) from error
    odd = [each for each in wish.warnings if each not in applied.issues]
    applied.issues = [*srm.requested([*applied.issues, *odd])]
    kind, structure = RESPONSES["SRM"]
    rows = await _answer(tx, deps, twin, applied.appointment or "")
    applied.reply = Reply(kind, structure, rows)
    return applied


async def _book(
    tx: Transaction,
    deps: Deps,
    message: Message,
    profile: SenderProfile,
    received_at: datetime,
    wish: Wish,
) -> Applied:
    """S01: the first free time that meets the wish."""
    # Read once without a time, so that a request that is nothing fails before anybody looks.
    far = wish.exact or received_at
    draft = read_siu(srm.as_siu(message, "S12", _span(far, wish)), profile, received_at)
    feed.check_identifiers(draft)
    keys = [(each["system"], each["value"]) for each in draft.keys]
    await inbox.lock_keys(tx, keys)
    known = await feed_people.find(tx, "Appointment", keys)
    old = await resources.read(tx, Ref("Appointment", known), lock=True) if known else None
    if old is not None:
        return _again(old, wish, draft)
    patient = await _patient(tx, deps, draft)
    found = await free_times(tx, deps, wish, patient)
    if not found:
        raise await _none_free(tx, deps, wish, patient)
    intent = read_siu(srm.as_siu(message, "S12", found[0].span), profile, received_at)
    stored = await _booked(tx, deps, intent, found[0])
    return Applied(stored.id, list(intent.warnings))


def _span(start: datetime, wish: Wish) -> Interval:
    return Interval(start, start + timedelta(minutes=wish.minutes or 30))


def _again(old: Stored, wish: Wish, draft: SiuIntent) -> Applied:
    """The same request again is answered with what is booked; another one is not the same.

    Raises:
        GatewayError: duplicate.
    """
    appointment = old.resource()
    start = parse_instant(appointment["start"]) if "start" in appointment else None
    same = wish.exact is None or wish.exact == start
    if appointment["status"] in HOLDING and same:
        text = "It is booked already"
        return Applied(old.id, [*draft.warnings, Issue(text, (), "informational", "repeated")])
    text = f"An appointment with this id is there already, {appointment['status']}"
    places = ("SCH^1^1", "SCH^1^2")
    raise GatewayError(Category.CONFLICT, Issue(text, places, "duplicate", "identifier-in-use"))


async def _patient(tx: Transaction, deps: Deps, intent: SiuIntent) -> str | None:
    if intent.patient is None:
        issue = Issue("A request needs the patient", ("PID^1^3",), "required")
        raise GatewayError(Category.UNPROCESSABLE, issue)
    reference = await feed_people.patient(tx, deps, intent.patient, intent.patient_removed)
    return reference.get("reference")


async def _none_free(tx: Transaction, deps: Deps, wish: Wish, patient: str | None) -> GatewayError:
    """No time is free, with those that come next."""
    after = wish.exact or min((low for low, _ in wish.ranges if low), default=deps.clock.now())
    wider = replace(wish, exact=None, ranges=((after, None),))
    others = await free_times(tx, deps, wider, patient)
    text = "No time is free as it is wanted"
    starts = [*dict.fromkeys(each.span.start for each in others)][:3]
    if starts:
        text += f"; free instead: {', '.join(map(format_instant, starts))}"
    told = tuple(
        {"url": EXT_ALTERNATIVE, "valuePeriod": {"start": format_instant(each)}} for each in starts
    )
    issue = Issue(text, ("SCH^1^11",), "conflict", "slot-taken", told)
    return GatewayError(Category.CONFLICT, issue)


async def _booked(tx: Transaction, deps: Deps, intent: SiuIntent, found: FreeTime) -> Stored:
    """Book a time that was free a moment ago.

    Raises:
        RaceLostError: it is not any more; everything is tried again.
    """
    cast = await feed.cast_of(tx, deps, intent)
    resource = merged(intent, cast, None, deps.ids.new())
    resource["identifier"].append(
        {"type": type_of("FILL"), "system": SYSTEM_FILLER, "value": resource["id"]}
    )
    resource["slot"] = [{"reference": f"Slot/{each}"} for each in found.slots]
    named = {str(reference_of(each.get("actor"))) for each in resource["participant"]}
    resource["participant"] += [
        {"actor": {"reference": each}, "required": "required", "status": "accepted"}
        for each in found.schedule.actors
        if each not in named and not each.startswith("Schedule/")
    ]
    feed.check(resource, intent)
    try:
        change = Change(resource, By.OPERATION, method="POST")
        return (await appointments.apply(tx, deps, change)).stored
    except TimeTakenError as error:
        raise RaceLostError from error


async def _moved_to(tx: Transaction, deps: Deps, wish: Wish) -> Interval | None:
    """S02: the first free time of a range; an exact one is taken as it is told."""
    if wish.exact is not None:
        return _span(wish.exact, wish) if wish.minutes else None
    found = await free_times(tx, deps, wish)
    if not found:
        raise await _none_free(tx, deps, wish, None)
    return found[0].span


async def _answer(tx: Transaction, deps: Deps, event: str, appointment: str) -> list[Any]:
    """The appointment as segments of the answer."""
    stored = await resources.read(tx, Ref("Appointment", appointment))
    if stored is None:
        return []
    resource = stored.resource()
    refs = [reference_of(each.get("actor")) for each in resource["participant"]]
    people: list[Resource] = []
    for ref in refs:
        found = await resources.read(tx, ref) if ref else None
        people += [found.resource()] if found else []
    patient = next((each for each in people if each["resourceType"] == "Patient"), None)
    others = [
        each for each in people if each["resourceType"] in ("Practitioner", "Location", "Device")
    ]
    zone = await zone_of(tx, deps, None)
    return schedule_rows(event, resource, patient, others, zone)
