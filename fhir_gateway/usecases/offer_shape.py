"""What does an offer look like?

A proposed Appointment: the patient is asked, everybody else has agreed; supportingInformation names
the waitlist entry and the Task (decision 16).
"""

from datetime import datetime, timedelta
from typing import Any

from fhir_gateway.core.codes import EXT_WAITLIST
from fhir_gateway.core.ids import IdSource
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval, format_instant
from fhir_gateway.engines.waitlist import Placed
from fhir_gateway.usecases import tasks
from fhir_gateway.usecases.cascade import Opening
from fhir_gateway.usecases.engaging import participants, span_of
from fhir_gateway.usecases.scores import score_extension
from fhir_gateway.usecases.waiting import codes_of

Resource = dict[str, Any]


def template(opening: Opening, minutes: int | None = None) -> Resource:
    """The freed time as an Appointment of nobody yet.

    Args:
        opening: The freed time.
        minutes: Length of the visit; None takes all of it.
    """
    zone = opening.zone
    start = opening.span.start
    end = opening.span.end if minutes is None else start + timedelta(minutes=minutes)
    visit = Interval(start, end)
    slots = [each for each in opening.slots if (span := span_of(each)) and span.overlaps(visit)]
    made: Resource = {
        "resourceType": "Appointment",
        "start": format_instant(start.astimezone(zone)),
        "end": format_instant(end.astimezone(zone)),
        "minutesDuration": int(visit.minutes),
    }
    if slots:
        made["slot"] = [tasks.reference(f"Slot/{each['id']}") for each in slots]
    made["participant"] = [
        {"actor": each, "required": "required", "status": "accepted"} for each in opening.people
    ]
    return made


def offer(
    opening: Opening, entry: Resource, placed: Placed, policy: str, ids: IdSource
) -> Resource:
    """The offer of a freed time to one entry of the waitlist, elements in the order of R4."""
    time = template(opening, placed.entry.duration_minutes)
    plan = policy == "plan"
    score = score_extension(
        policy,
        placed.rank,
        total=placed.score.total if plan else None,
        factors=placed.score.factors if plan else (),
        keys=() if plan else placed.keys,
    )
    wanted = opening.freed.service_types & codes_of(entry.get("serviceType", ()))
    services = [each for each in entry.get("serviceType", ()) if codes_of([each]) & wanted]
    asked = [
        {**each, "required": "required", "status": "needs-action"}
        for each in entry["participant"]
        if _is_patient(each)
    ]
    why = [tasks.reference(Ref("Appointment", entry["id"])), tasks.reference(opening.ref)]
    made: Resource = {
        "resourceType": "Appointment",
        "id": ids.new(),
        "extension": [score],
        "status": "proposed",
        **_of(entry, "serviceCategory"),
        "serviceType": services,
        **_of(entry, "specialty", "appointmentType", "reasonCode", "reasonReference", "priority"),
        "supportingInformation": why,
        **{
            name: time[name] for name in ("start", "end", "minutesDuration", "slot") if name in time
        },
        "created": format_instant(opening.now.replace(microsecond=0)),
        **_of(entry, "basedOn"),
        "participant": asked + time["participant"],
    }
    return made


def _of(entry: Resource, *names: str) -> Resource:
    """What an offer takes over from its entry."""
    return {name: entry[name] for name in names if name in entry}


def _is_patient(participant: Resource) -> bool:
    ref = reference_of(participant.get("actor"))
    return ref is not None and ref.type == "Patient"


def links(appointment: Resource) -> tuple[str, str] | None:
    """The waitlist entry and the Task of an offer; None for any other Appointment."""
    found = [reference_of(each) for each in appointment.get("supportingInformation", ())]
    entries = [ref.id for ref in found if ref and ref.type == "Appointment"]
    made = [ref.id for ref in found if ref and ref.type == "Task"]
    return (entries[0], made[0]) if entries and made else None


def counted(entry: Resource, name: str, now: datetime) -> Resource:
    """The entry with one more `offered`, `accepted` or `declined`."""
    extensions = list(entry.get("extension", ()))
    at = next(
        (place for place, each in enumerate(extensions) if each.get("url") == EXT_WAITLIST), None
    )
    wishes: Resource = {"url": EXT_WAITLIST, "extension": []} if at is None else extensions[at]
    parts = [each for each in wishes["extension"] if each.get("url") not in (name, "lastOffered")]
    before: Resource = next((each for each in wishes["extension"] if each.get("url") == name), {})
    last = [each for each in wishes["extension"] if each.get("url") == "lastOffered"]
    parts.append({"url": name, "valueInteger": int(before.get("valueInteger") or 0) + 1})
    if name == "offered":
        stamp = format_instant(now.replace(microsecond=0))
        last = [{"url": "lastOffered", "valueDateTime": stamp}]
    changed = {"url": EXT_WAITLIST, "extension": parts + last}
    if at is None:
        extensions.append(changed)
    else:
        extensions[at] = changed
    return {**entry, "extension": extensions}


def patients_of(appointment: Resource) -> tuple[Ref, ...]:
    """Who is asked."""
    return participants(appointment, "Patient")
