"""How is somebody in a queue written down?

As an Encounter with the extension `queue`; where the person is in the order is worked out when it
is asked for, and never stored. Decision 23; R4 Encounter.
"""

from datetime import datetime
from typing import Any

from fhir_gateway.core.codes import EXT_QUEUE, EXT_QUEUE_PLACE, EXT_STATUS_REASON, SYSTEM_REASON
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.time import format_instant
from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.decision import plain
from fhir_gateway.engines.queue import Place, waited
from fhir_gateway.engines.queue_best import deadline
from fhir_gateway.engines.queue_facts import LIVE, QueueConfiguration, QueueEntry, State, label
from fhir_gateway.engines.queue_transitions import ENCOUNTER_STATUS
from fhir_gateway.storage.queues import EntryRow
from fhir_gateway.usecases.scores import score_extension
from fhir_gateway.usecases.zones import extension, part

Resource = dict[str, Any]

_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_AMBULATORY = {"system": _ACT_CODE, "code": "AMB", "display": "ambulatory"}
_EMERGENCY = {"system": _ACT_CODE, "code": "EMER", "display": "emergency"}
_REASONS = {
    State.LEFT: "The person has left without being seen",
    State.NO_SHOW: "The person did not answer the call",
}
#: Everybody in a queue is read at each command, and an enum's own way costs as much as the rest.
_STATES = {each.value: each for each in State}
_CLASSES = {each.value: each for each in ClinicalClass}


def facts_of(row: EntryRow) -> QueueEntry:
    """What the engines know of somebody."""
    return QueueEntry(
        id=row.id,
        ticket=row.ticket,
        state=_STATES[row.state],
        joined=row.joined,
        since=row.since,
        clinical_class=_CLASSES[row.clinical_class],
        priority=row.priority,
        appointment_start=row.appointment_start,
        called=row.called,
        started=row.started,
    )


def encounter(
    row: EntryRow, rules: QueueConfiguration, patient: str | None, rule: str | None = None
) -> Resource:
    """The Encounter of somebody who joins.

    Args:
        row: The place.
        rules: Of the queue.
        patient: Reference.
        rule: Id of the PlanDefinition that the points come from.
    """
    found: Resource = {
        "resourceType": "Encounter",
        "id": row.id,
        "status": ENCOUNTER_STATUS[State(row.state)],
        "class": _EMERGENCY if row.clinical_class == ClinicalClass.EMERGENCY else _AMBULATORY,
        "period": {"start": format_instant(row.joined)},
    }
    if patient is not None:
        found["subject"] = {"reference": patient}
    said = {"reference": f"PlanDefinition/{rule}"} if rule is not None else None
    if row.appointment is not None:
        found["appointment"] = [{"reference": f"Appointment/{row.appointment}"}]
    return _located(found | {"extension": [_entry(row, rules, row.joined, said)]}, row.queue)


def moved_on(old: Resource, row: EntryRow, rules: QueueConfiguration, now: datetime) -> Resource:
    """The Encounter after a command."""
    state, said = State(row.state), part(extension(old, EXT_QUEUE), "priorityRule")
    others = [
        each
        for each in old.get("extension", ())
        if each["url"] not in (EXT_QUEUE, EXT_STATUS_REASON)
    ]
    changed = old | {"extension": [*others, _entry(row, rules, now, said), *_reason(state)]}
    status = ENCOUNTER_STATUS[state]
    if status != old["status"]:
        past = old.get("statusHistory", [])
        since = past[-1]["period"].get("end") if past else old["period"]["start"]
        period = {"start": since, "end": format_instant(now)}
        changed["statusHistory"] = [*past, {"status": old["status"], "period": period}]
        changed["status"] = status
    if state not in LIVE:
        changed["period"] = old["period"] | {"end": format_instant(now)}
    return _located(changed, row.queue)


def _located(encounter: Resource, queue: str) -> Resource:
    if not queue.startswith("Location/"):
        return encounter
    return encounter | {"location": [{"location": {"reference": queue}}]}


def _reason(state: State) -> list[Resource]:
    if state not in _REASONS:
        return []
    code = {"system": SYSTEM_REASON, "code": state.value, "display": _REASONS[state]}
    return [{"url": EXT_STATUS_REASON, "valueCodeableConcept": {"coding": [code]}}]


def _entry(
    row: EntryRow, rules: QueueConfiguration, now: datetime, rule: Resource | None
) -> Resource:
    due = deadline(facts_of(row), rules)
    name = ClinicalClass(row.clinical_class).name.lower()
    parts = [
        {"url": "queue", "valueReference": {"reference": row.queue}},
        {"url": "ticket", "valueString": label(row.ticket)},
        {"url": "joined", "valueInstant": format_instant(row.joined)},
        {"url": "changed", "valueInstant": format_instant(now)},
        {"url": "class", "valueCode": name},
        {"url": "deadline", "valueInstant": format_instant(due)},
        {"url": "state", "valueCode": row.state},
        {"url": "priorityScore", "valueDecimal": plain(row.priority)},
    ]
    if rule is not None:
        parts.append({"url": "priorityRule", "valueReference": rule})
    return {"url": EXT_QUEUE, "extension": parts}


def place_extension(entry: QueueEntry, place: Place | None, now: datetime) -> Resource:
    """Where somebody is now: the extension `queue-place`."""
    parts: list[Resource] = [
        {"url": "ticket", "valueString": label(entry.ticket)},
        {"url": "state", "valueCode": entry.state.value},
    ]
    if place is not None:
        parts.append({"url": "position", "valuePositiveInt": place.position})
    parts.append({"url": "waited", "valueUnsignedInt": waited(entry, now)})
    if place is not None:
        parts += [
            {"url": "estimatedWaitLow", "valueUnsignedInt": place.estimate.low},
            {"url": "estimatedWaitHigh", "valueUnsignedInt": place.estimate.high},
        ]
    return {"url": EXT_QUEUE_PLACE, "extension": parts}


def explained(
    stored: Resource,
    entry: QueueEntry,
    place: Place | None,
    policy: str,
    now: datetime,
    called_from: Place | None = None,
) -> Resource:
    """The Encounter as an answer shows it: with the place, and why it is that one.

    Args:
        stored: The Encounter.
        entry: The same for the engines.
        place: In the order; None for who does not wait.
        policy: By which it is ordered.
        now: Aware.
        called_from: The place of somebody who has been called just now.
    """
    added = [place_extension(entry, place, now)]
    why = place or called_from
    if why is not None:
        added.append(
            score_extension(policy, why.position, total=why.total, factors=why.factors,
                            keys=why.keys)
        )  # fmt: skip
    return stored | {"extension": [*stored.get("extension", ()), *added]}


def check_written(old: Resource | None, new: Resource) -> None:
    """Make sure that a client leaves to the queue what is the queue's.

    Args:
        old: As stored; None for a new one.
        new: As the client wants it.

    Raises:
        GatewayError: conflict, where it touches the entry of a queue.
    """
    before = extension(old or {}, EXT_QUEUE)
    is_live = part(before, "state") in {each.value for each in LIVE}
    if extension(new, EXT_QUEUE) != before or (
        is_live and old is not None and new["status"] != old["status"]
    ):
        raise entry_refusal("Encounter.extension")


def check_removal(old: Resource) -> None:
    """Make sure that nobody is deleted who is in a queue.

    Raises:
        GatewayError: conflict.
    """
    if part(extension(old, EXT_QUEUE), "state") in {each.value for each in LIVE}:
        raise entry_refusal("Encounter")


def entry_refusal(expression: str) -> GatewayError:
    """What a client is told who touches the entry of a queue."""
    text = "An entry of a queue changes by the operations of the queue, $check-in to $leave"
    return GatewayError(
        Category.CONFLICT, Issue(text, (expression,), "business-rule", "queue-entry")
    )
