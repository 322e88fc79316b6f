"""How is a Task of the gateway written and read?

R4 Task: intent order, code from our code system, inputs by code. Decisions 14 and 15.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from fhir_gateway.core.codes import SYSTEM_REASON, SYSTEM_TASK
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval, format_instant, parse_instant

Resource = dict[str, Any]


def concept(code: str) -> Resource:
    """A code of our Task code system."""
    return {"coding": [{"system": SYSTEM_TASK, "code": code}]}


def entry(code: str, **value: Any) -> Resource:
    """One input or output: `entry("slot", valueReference={…})`."""
    return {"type": concept(code), **value}


def reference(ref: Ref | str) -> Resource:
    """A Reference."""
    return {"reference": str(ref)}


def period(span: Interval, zone: tzinfo = UTC) -> dict[str, str]:
    """A Period with the offset of a zone."""
    return {
        "start": format_instant(span.start.astimezone(zone)),
        "end": format_instant(span.end.astimezone(zone)),
    }


def new_task(task_id: str, code: str, now: datetime, description: str) -> Resource:
    """A Task that has been asked for and not begun."""
    return {
        "resourceType": "Task",
        "id": task_id,
        "status": "requested",
        "intent": "order",
        "code": concept(code),
        "description": description,
        "authoredOn": format_instant(now.replace(microsecond=0)),
        "lastModified": format_instant(now.replace(microsecond=0)),
    }


def moved(
    task: Resource, status: str, now: datetime, why: str | None = None, code: str | None = None
) -> Resource:
    """The same Task in another state, changed in place.

    Args:
        task: Changed in place.
        status: Of R4 task-status.
        now: Aware.
        why: A sentence for people.
        code: Of our reasons, where one of them says it.
    """
    task["status"] = status
    task["lastModified"] = format_instant(now.replace(microsecond=0))
    if why is None:
        task.pop("statusReason", None)
    else:
        told = {"coding": [{"system": SYSTEM_REASON, "code": code}]} if code else {}
        task["statusReason"] = {**told, "text": why}
    return task


def counted(task: Resource, counts: Mapping[str, int]) -> Resource:
    """The same Task with other counts among its outputs, changed in place."""
    others = [
        each
        for each in task.get("output", ())
        if not any(one.get("code") in counts for one in each["type"].get("coding", ()))
    ]
    task["output"] = others + [entry(name, valueInteger=count) for name, count in counts.items()]
    return task


def values(task: Resource, code: str, *, of: str = "input") -> list[Resource]:
    """All inputs (or outputs) with that code."""
    found = []
    for each in task.get(of, ()):
        codings = (each.get("type") or {}).get("coding", ())
        if any(one.get("system") == SYSTEM_TASK and one.get("code") == code for one in codings):
            found.append(each)
    return found


def references(task: Resource, code: str, *, of: str = "input") -> list[Ref]:
    """References among them."""
    found = (reference_of(each.get("valueReference")) for each in values(task, code, of=of))
    return [ref for ref in found if ref is not None]


def time_of(task: Resource) -> Interval:
    """The freed time that a fill-slot Task is about.

    Raises:
        ValueError: it has none; somebody has edited it.
    """
    for each in values(task, "freed-time"):
        span = each.get("valuePeriod") or {}
        return Interval(parse_instant(span["start"]), parse_instant(span["end"]))
    raise ValueError("the Task has no freed-time")


def holds(task: Resource, code: str) -> bool:
    """Whether it is one of our Tasks with that code."""
    codings = (task.get("code") or {}).get("coding", ())
    return any(each.get("system") == SYSTEM_TASK and each.get("code") == code for each in codings)
