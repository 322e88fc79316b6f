"""How does a message change the Appointment that is held?

Fields that are told replace, fields told as `""` are deleted, everything else stays. Who takes part
is a matter of `usecases.feed_participants`. hl7v2.md section 2.3.
"""

from typing import Any

from fhir_gateway.core.codes import EXT_STATUS_REASON
from fhir_gateway.core.time import format_instant
from fhir_gateway.mapping.intent import SiuIntent
from fhir_gateway.usecases.engaging import span_of
from fhir_gateway.usecases.feed_participants import Cast, participants
from fhir_gateway.usecases.feed_people import foreign, united

Resource = dict[str, Any]

#: Elements that are joined with what is held instead of replacing it.
_JOINED = frozenset({"identifier", "extension", "serviceType"})
#: app-4.
_WITH_REASON = frozenset({"cancelled", "noshow"})
#: Statuses whose reason goes to our extension, since cancelationReason is not for them.
_WITH_STATUS_REASON = frozenset({"noshow", "entered-in-error"})


def merged(intent: SiuIntent, cast: Cast, old: Resource | None, new_id: str) -> Resource:
    """The Appointment as it shall be, without its Slots.

    Args:
        intent: What the message says.
        cast: Who is meant.
        old: What is held; None for a new one.
        new_id: Id of a new one.
    """
    before = old or {"resourceType": "Appointment", "id": new_id}
    changed = {key: value for key, value in before.items() if key not in intent.removed}
    _drop_other_times(changed, intent)
    told = intent.appointment
    changed |= {key: value for key, value in told.items() if key not in _JOINED}
    changed["status"] = intent.status or before.get("status") or "booked"
    known = united(before.get("identifier", ()), foreign(told.get("identifier", ())))
    _set(changed, "identifier", known)
    _set(changed, "extension", _extensions(before, intent, changed["status"]))
    _set(changed, "serviceType", _services(before, intent))
    _set(changed, "participant", participants(before, intent, cast))
    _keep_duration(changed, before, intent)
    if changed["status"] not in _WITH_REASON:
        changed.pop("cancelationReason", None)
    return changed


def _set(resource: Resource, name: str, value: list[Resource]) -> None:
    if value:
        resource[name] = value
    else:
        resource.pop(name, None)


def _drop_other_times(changed: Resource, intent: SiuIntent) -> None:
    """A day without a time of day takes the place of a time, and the other way round."""
    if "start" in intent.appointment:
        changed.pop("requestedPeriod", None)
    elif "requestedPeriod" in intent.appointment:
        for name in ("start", "end", "minutesDuration"):
            changed.pop(name, None)


def _extensions(before: Resource, intent: SiuIntent, status: str) -> list[Resource]:
    told: list[Resource] = intent.appointment.get("extension", [])
    urls = {each["url"] for each in told}
    if status not in _WITH_STATUS_REASON:
        urls.add(EXT_STATUS_REASON)
    return [each for each in before.get("extension", ()) if each["url"] not in urls] + told


def _services(before: Resource, intent: SiuIntent) -> list[Resource]:
    if "serviceType" in intent.removed:
        return []
    told: list[Resource] = intent.appointment.get("serviceType", [])
    gone = [each.concept for each in intent.services if each.action == "D"]
    if "serviceType" in intent.snapshot:
        return told
    kept = [each for each in before.get("serviceType", ()) if each not in told + gone]
    return kept + told


def _keep_duration(changed: Resource, before: Resource, intent: SiuIntent) -> None:
    """A sender that tells no end means the length that the appointment has already."""
    known = span_of(before)
    if not intent.end_assumed or known is None or intent.start is None:
        return
    length = known.end - known.start
    changed["end"] = format_instant(intent.start + length)
    changed["minutesDuration"] = max(1, -(-int(length.total_seconds()) // 60))
