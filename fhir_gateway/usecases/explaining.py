"""Why could a time not be had, and when else would it go?

Made in a transaction of its own, after the one that lost has been rolled back; where one
transaction books several times, before that, because they may be in each other's way.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from fhir_gateway.core.codes import EXT_ALTERNATIVE
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import reference_of
from fhir_gateway.storage import actors, engagements
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.alternatives import alternatives
from fhir_gateway.usecases.appointments import TimeTakenError
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Needs, Resource

T = TypeVar("T")

_TEXTS = {
    "offered": "The time is on offer to a patient of the waitlist",
    "held": "The time is held for somebody else",
    "blocked": "The time is blocked",
    "slot-taken": "The Slot has been taken",
    "actor-busy": "Somebody who is needed is engaged at that time",
    "patient-busy": "The patient has another appointment at that time",
}
_REASONS = {
    engagements.OFFER: "offered",
    engagements.HOLD: "held",
    engagements.BLOCK: "blocked",
}


async def run_explained(deps: Deps, tenant: int, work: Callable[[Transaction], Awaitable[T]]) -> T:
    """Do something in a transaction; where a time is not to be had, say why.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        work: See `Database.run`.

    Raises:
        GatewayError: whatever work raises; conflict in the place of TimeTakenError.
    """
    try:
        return await deps.database.run(tenant, work)
    except TimeTakenError as error:
        raise await explained(deps, tenant, error) from error


async def explained(deps: Deps, tenant: int, error: TimeTakenError) -> GatewayError:
    """The conflict as the failure of a request, with other times as extensions of its issue."""

    async def look(tx: Transaction) -> GatewayError:
        return await explained_within(tx, deps, error)

    return await deps.database.run(tenant, look)


async def explained_within(tx: Transaction, deps: Deps, error: TimeTakenError) -> GatewayError:
    """As `explained`, inside a transaction."""
    wanted, mine = error.needs, error.appointment
    names = await actors.references_of(tx, [each.actor_key for each in wanted.all])
    others = await _others(tx, wanted, mine)
    code = "patient-busy" if error.patient_only else _reason(wanted, others)
    busy = {names.get(each.actor_key, "") for each in others}
    assert wanted.span is not None  # noqa: S101 - nothing without a time can collide
    times = await alternatives(tx, deps, names.values(), wanted.span, ignore=mine["id"])
    issue = Issue(
        _TEXTS[code],
        _expressions(mine, busy, code),
        "conflict",
        code,
        tuple({"url": EXT_ALTERNATIVE, "valuePeriod": each} for each in times),
    )
    return GatewayError(Category.CONFLICT, issue)


def in_words(error: GatewayError) -> Issue:
    """A conflict for somebody who reads text only: the other times are in the sentence."""
    issue = error.issues[0]
    starts = [
        str(each["valuePeriod"]["start"]) for each in issue.extension if "valuePeriod" in each
    ]
    instead = f"; free instead: {', '.join(starts[:3])}" if starts else ""
    return replace(issue, diagnostics=issue.diagnostics + instead, extension=())


async def _others(tx: Transaction, wanted: Needs, mine: Resource) -> list[Engagement]:
    found: list[Engagement] = []
    for each in wanted.all:
        found += await engagements.overlapping(
            tx, [each.actor_key], each.during, without=mine["id"]
        )
    return [each for each in found if each.active]


def _reason(wanted: Needs, others: list[Engagement]) -> str:
    blocking = [each for each in others if each.exclusive]
    for each in blocking:
        if each.kind in _REASONS:
            return _REASONS[each.kind]
    slots = {slot for each in wanted.exclusive for slot in each.slots}
    if any(slots.intersection(each.slots) for each in blocking):
        return "slot-taken"
    return "actor-busy"


def _expressions(mine: Resource, busy: set[str], code: str) -> tuple[str, ...]:
    if code != "patient-busy" and mine.get("slot"):
        return ("Appointment.slot",)
    places = [
        f"Appointment.participant[{place}].actor"
        for place, each in enumerate(mine.get("participant", ()))
        if str(reference_of(each.get("actor"))) in busy
    ]
    return tuple(places) or ("Appointment.start",)
