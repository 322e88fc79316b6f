"""Is somebody already engaged at that time, and when else would it go? Decision 18."""

from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.core.time import Interval
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.parameters import Values
from fhir_gateway.storage import actors, engagements, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.alternatives import alternatives
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call

_ACTORS = ("Device", "HealthcareService", "Location", "Patient", "Practitioner",
           "PractitionerRole", "RelatedPerson")  # fmt: skip
_MOST_ALTERNATIVES = 50

SPEC = OperationSpec(
    code="check-conflicts",
    resource="Appointment",
    levels=frozenset({"type"}),
    affects_state=False,
    title="Check for conflicts",
    doc="Who of these actors is engaged between start and end, and at which other times nearby"
    " all of them are free. Times are half open: what ends at start is no conflict.",
    source="Decision 18; owner's plan, phase 10 (ConflictDetector)",
    parameters=(
        OperationParameter(
            "actor", "in", 1, "*", "Reference", "Who has to be free", target_types=_ACTORS
        ),
        OperationParameter("start", "in", 1, 1, "dateTime", "Start of the time, with offset"),
        OperationParameter("end", "in", 1, 1, "dateTime", "End of the time, with offset"),
        OperationParameter(
            "ignore-appointment", "in", 0, 1, "Reference", "An Appointment that is to be moved",
            target_types=("Appointment",),
        ),
        OperationParameter("count", "in", 0, 1, "integer", "Most alternatives, 0 to 50; 5"),
        OperationParameter(
            "conflict", "out", 0, "*", "Reference",
            "An Appointment, or the Task or Slot that holds the time",
        ),
        OperationParameter(
            "alternative", "out", 0, "*", "Period",
            "Where there is a conflict: another time at which all are free, nearest first",
        ),
    ),
    get_allowed=True,
)  # fmt: skip


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with Parameters: conflict*, alternative*."""
    span = interval(call.values)
    count = call.values.first("count", 5)
    if not 0 <= count <= _MOST_ALTERNATIVES:
        raise fail(Category.INVALID, f"count is 0 to {_MOST_ALTERNATIVES}", "count", code="value")
    ignored = relative(str(call.values.first("ignore-appointment", "")))

    async def look(tx: Transaction) -> list[tuple[str, Any]]:
        names = await known_actors(tx, call.values.all("actor"), "actor")
        ignore = ignored.id if ignored else None
        keys = await actors.keys_of(tx, names)
        rows = await engagements.overlapping(tx, keys.values(), span, without=ignore)
        times = (
            await alternatives(tx, deps, names, span, ignore=ignore, count=count) if rows else []
        )
        pairs: list[tuple[str, Any]] = [
            ("conflict", each) for each in dict.fromkeys(_holder(row) for row in rows)
        ]
        return pairs + [("alternative", each) for each in times]

    pairs = await deps.database.run(tenant, look)
    return json.dump(parameters.write(SPEC, pairs))


def _holder(row: engagements.Engagement) -> str:
    if row.appointment:
        return f"Appointment/{row.appointment}"
    return f"Task/{row.task}" if row.task else f"Slot/{row.slots[0]}"


def interval(values: Values) -> Interval:
    """The time between `start` and `end`.

    Raises:
        GatewayError: invalid, without offset or in the wrong order.
    """
    start, end = values.moment("start"), values.moment("end")
    if start is None or end is None:
        name = "start" if start is None else "end"
        raise fail(
            Category.INVALID, f"{name} needs a time of day with an offset", name, code="value"
        )
    if end <= start:
        raise fail(Category.INVALID, "end must be after start", "end", code="value")
    return Interval(start, end)


async def known_actors(tx: Transaction, references: list[Any], name: str) -> list[str]:
    """References of people, places and things that are there; roles become their practitioners.

    Raises:
        GatewayError: not-found, naming what is not there; invalid for another form.
    """
    refs: list[Ref] = []
    for each in references:
        ref = relative(each) if isinstance(each, str) else None
        if ref is None:
            raise fail(Category.INVALID, f"{name} is a reference like Practitioner/7", name)
        refs.append(ref)
    there = await resources.existing(tx, refs)
    missing = [each for each in refs if each not in there]
    if missing:
        issues = [Issue(f"There is no {each}", (name,), "not-found") for each in missing]
        raise GatewayError(Category.NOT_FOUND, *issues)
    roles = await actors.practitioners_of_roles(
        tx, [each.id for each in refs if each.type == "PractitionerRole"]
    )
    return [
        roles.get(each.id, str(each)) if each.type == "PractitionerRole" else str(each)
        for each in refs
    ]
