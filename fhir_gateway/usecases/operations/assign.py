"""Which time for each of many who wait, so that it is best for all? `Appointment/$assign`.

engines.md section 1.3 (batch mode); the answer is that of `$find-optimal-slots`, one for a patient.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.engines.assignment import apart, assign
from fhir_gateway.engines.clinic_time import Minutes, day_number, days
from fhir_gateway.engines.clinical_class import class_of, priority_rank
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.slot_ranking import Worth, worth
from fhir_gateway.engines.slot_search import NONE, Candidates, Flags, clear, search, wall_of
from fhir_gateway.engines.waitlist_facts import WaitlistEntry
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import resources, waitlist_facts
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.operations.find_optimal_slots import SPEC as FIND
from fhir_gateway.usecases.operations.slot_bundle import Found, bundle_of, unweighable
from fhir_gateway.usecases.operations.slot_request import SlotRequest, read_request
from fhir_gateway.usecases.operations.slot_scene import (
    Scene,
    patient_facts,
    ranking_request,
    read_scene,
)
from fhir_gateway.usecases.waiting import codes_of, entries

#: Patients served at once; the neediest of more.
MOST_ENTRIES = 200
_AS_THERE = frozenset({
    "start", "end", "preferred-date", "practitioner", "location", "healthcare-service",
    "service-type", "specialty", "duration", "policy", "weight", "explain",
})  # fmt: skip

SPEC = OperationSpec(
    code="assign",
    resource="Appointment",
    levels=frozenset({"type"}),
    affects_state=False,
    title="Assign times to many who wait",
    doc="One time at most for each patient on the waitlist. As many as can be get one, and nobody"
    " is left out for somebody less urgent or who came later; of all such ways it is one with the"
    " highest sum of scores. Nothing is booked: each answer is a proposed Appointment that"
    " points to its entry, as of $find-optimal-slots. Who gets none is named in an"
    " OperationOutcome.",
    source="engines.md section 1.3; decisions 17, 25 and 30",
    parameters=(
        OperationParameter("entry", "in", 0, MOST_ENTRIES, "Reference",
                           "Appointments with status waitlist; else all that want one of the"
                           f" services, at most {MOST_ENTRIES}", target_types=("Appointment",)),
        *(each for each in FIND.inputs if each.name in _AS_THERE),
        OperationParameter("return", "out", 1, 1, "Bundle",
                           "A searchset of proposed Appointments and the Slots that they take"),
    ),
    get_allowed=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One who waits, as a request."""

    entry: WaitlistEntry
    request: SlotRequest


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with a searchset, the neediest first.

    Raises:
        GatewayError: invalid, for neither entries nor services; not-found, for an entry that is
            not there or does not wait.
    """

    async def look(tx: Transaction) -> bytes:
        request = await read_request(tx, deps, call.values)
        scene = await read_scene(tx, deps, request)
        everything = search(scene.facts.slots, scene.facts.schedules, scene.search)
        times = everything.only(apart(everything, scene.facts.schedules))
        queue = await _queue(tx, deps, call, request)
        judged = [await _judge(tx, deps, scene, times, each.request) for each in queue]
        found = await _give(scene, times, queue, judged)
        served = {each.entry for each in found}
        left = [each.entry.id for each in queue if f"Appointment/{each.entry.id}" not in served]
        notes = [f"There is no time for Appointment/{each}" for each in left]
        return await bundle_of(tx, deps, call, found, len(found), notes)

    return await deps.database.run(tenant, look)


async def _queue(tx: Transaction, deps: Deps, call: Call, request: SlotRequest) -> list[_Waiting]:
    """Who waits, the neediest first, each patient once."""
    zone = deps.tenants[tx.tenant].zone
    stored = await _stored(tx, call, request)
    facts = await entries(tx, stored, request.window, zone)
    facts.sort(key=lambda e: (class_of(e.priority), priority_rank(e.priority), e.created, e.id))
    first = {each.patient: each for each in reversed(facts)}
    ordered = [each for each in facts if first[each.patient] is each][:MOST_ENTRIES]
    return [
        _Waiting(
            each,
            replace(
                request,
                patient=each.patient,
                priority=each.priority,
                waiting_since=each.created,
                service_types=tuple(stored[each.id].resource().get("serviceType", ())),
            ),
        )
        for each in ordered
    ]


async def _stored(tx: Transaction, call: Call, request: SlotRequest) -> dict[str, Stored]:
    named = [relative(str(each)) for each in call.values.all("entry")]
    ids = [each.id for each in named if each is not None and each.type == "Appointment"]
    if not named:
        if not request.service_types:
            raise fail(
                Category.INVALID, "Name entries of the waitlist, or the service-type", "entry",
                "service-type", code="required",
            )  # fmt: skip
        ids = await waitlist_facts.waiting(tx, codes_of(request.service_types))
    found = await resources.read_many(tx, "Appointment", ids)
    waiting = {key: each for key, each in found.items() if _waits(each)}
    missing = [each for each in named if each is None or each.id not in waiting]
    if missing:
        issues = [_not_there(each) for each in missing]
        raise GatewayError(Category.NOT_FOUND, *issues)
    return waiting


def _waits(stored: Stored) -> bool:
    return bool(stored.resource()["status"] == "waitlist")


def _not_there(ref: Ref | None) -> Issue:
    what = f"{ref} is not on the waitlist" if ref else "entry is a reference like Appointment/7"
    return Issue(what, ("entry",), "not-found")


async def _judge(
    tx: Transaction, deps: Deps, scene: Scene, times: Candidates, request: SlotRequest
) -> Worth:
    facts = replace(scene.facts, patient=await patient_facts(tx, deps, request))
    found = worth(request.policy, times, facts, ranking_request(deps, request), request.weights)
    if isinstance(found, Refusal):
        raise unweighable(found)
    return found


async def _give(
    scene: Scene, times: Candidates, queue: list[_Waiting], judged: list[Worth]
) -> list[Found]:
    if not queue or not len(times):
        return []
    wall = wall_of(times.schedule, times.start, scene.facts.schedules)
    allowed = np.array(
        [
            one.within & _suits(scene, times, days(wall), each.entry)
            for each, one in zip(queue, judged, strict=True)
        ]
    )
    values = np.array([each.points for each in judged])
    chosen = await asyncio.to_thread(assign, values, allowed)
    given = [(who, int(time)) for who, time in enumerate(chosen) if time != NONE]
    return [
        Found.of(
            scene,
            times,
            judged[who].ranked(time, place),
            queue[who].request,
            f"Appointment/{queue[who].entry.id}",
        )
        for place, (who, time) in enumerate(given, start=1)
    ]


def _suits(scene: Scene, times: Candidates, day: Minutes, entry: WaitlistEntry) -> Flags:
    """Which times are of the days, with the people and as long as somebody waits for."""
    fits = clear(times.start, times.end, entry.busy)
    if entry.wanted:
        fits &= np.any([_on(day, each.first, each.last) for each in entry.wanted], axis=0)
    if entry.practitioners:
        whose = [each.practitioner in entry.practitioners for each in scene.facts.schedules]
        fits &= np.array(whose, dtype=np.bool_)[times.schedule]
    if entry.duration_minutes:
        fits &= times.end - times.start >= entry.duration_minutes
    return fits


def _on(day: Minutes, first: date | None, last: date | None) -> Flags:
    fits: Flags = np.ones(len(day), dtype=np.bool_)
    if first is not None:
        fits &= day >= day_number(first)
    if last is not None:
        fits &= day <= day_number(last)
    return fits
