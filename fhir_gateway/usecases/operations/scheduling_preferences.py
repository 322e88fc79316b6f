"""What does a patient wish, what do the visits show, and how did they go?

Decision 22; owner's plan, phase 10 (SchedulingPreference, update_patient_scheduling_preferences).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.decision import decimal_of
from fhir_gateway.engines.no_show import POLICIES
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import patient_counters, visits
from fhir_gateway.storage.patient_counters import Counters
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import read
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.no_show_facts import facts_of
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.preferences import Preferences, preferences_of

Pairs = list[tuple[str, Any]]


def _out(name: str, high: Any, kind: str | None, doc: str, **more: Any) -> OperationParameter:
    return OperationParameter(name, "out", 0, high, kind, doc, **more)


_SHARE = _out("share", 1, "decimal", "Share of the visits, 0 to 1")
_WISHES = (
    _out("day", "*", "code", "mon, tue, wed, thu, fri, sat or sun"),
    _out("part-of-day", "*", "code", "morning, afternoon or evening"),
    _out("practitioner", "*", "Reference", "With whom"),
)
_TRAVEL = _out("travel", "*", None, "How far it is", parts=(
    _out("location", 1, "Reference", "Where to"),
    _out("minutes", 1, "unsignedInt", "Minutes from home"),
))  # fmt: skip
_LEARNT = (
    _out("visits", 1, "unsignedInt", "How many were remembered, 20 at most"),
    _out("day", "*", None, "A weekday", parts=(_out("code", 1, "code", "Which"), _SHARE)),
    _out("part-of-day", "*", None, "A part of the day",
         parts=(_out("code", 1, "code", "Which"), _SHARE)),
    _out("practitioner", "*", None, "Somebody who was seen",
         parts=(_out("reference", 1, "Reference", "Who"), _SHARE)),
)  # fmt: skip
_COUNTERS = (
    _out("total", 1, "unsignedInt", "Appointments that were ever booked"),
    _out("completed", 1, "unsignedInt", "Those that took place"),
    _out("no-shows", 1, "unsignedInt", "Those that were missed"),
    _out("no-show-rate", 1, "decimal", "Percent of past appointments missed; absent for a new"
         " patient"),
    _out("arrivals", 1, "unsignedInt", "Times that the patient was received"),
    _out("late-minutes", 1, "unsignedInt", "Minutes late, summed"),
    _out("average-late-minutes", 1, "decimal", "Minutes late for each arrival"),
)  # fmt: skip
_RETURNED = (
    _out("stated", 1, None, "What the patient has said: the patient's Basic resource",
         parts=(*_WISHES, _TRAVEL)),
    _out("learnt", 1, None, "What the last visits show", parts=_LEARNT),
    _out("effective", 1, None, "What counts: stated, else learnt", parts=_WISHES),
    _out("home-address", 1, "Address", "The patient's address of use home"),
    _out("counters", 1, None, "How the appointments went", parts=_COUNTERS),
)  # fmt: skip
_POLICY = OperationParameter(
    "policy", "in", 0, 1, "code", "plan: what was learnt counts if it occurred once; best: if it is"
    " a habit",
)  # fmt: skip
_SOURCE = "Decision 22; owner's plan, phase 10 (SchedulingPreference)"

SPEC = OperationSpec(
    code="scheduling-preferences",
    resource="Patient",
    levels=frozenset({"instance"}),
    affects_state=False,
    title="Scheduling preferences of a patient",
    doc="What the patient has stated, what was learnt from the visits, which of it counts, and how"
    " the appointments went. Stated preferences are changed by writing the patient's Basic"
    " resource with the code scheduling-preference.",
    source=_SOURCE,
    parameters=(_POLICY, *_RETURNED),
    get_allowed=True,
)
UPDATE = OperationSpec(
    code="update-scheduling-preferences",
    resource="Patient",
    levels=frozenset({"instance"}),
    affects_state=True,
    title="Work out a patient's counters anew",
    doc="Counts the patient's appointments from the appointments and their history, and answers as"
    " scheduling-preferences does. What the patient has stated is left alone.",
    source=_SOURCE,
    parameters=(_POLICY, *_RETURNED),
)


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with Parameters: stated, learnt, effective, home-address, counters.

    Raises:
        GatewayError: not-found or gone, where there is no such Patient; invalid, for a policy.
    """
    return await _answer(deps, tenant, call, anew=False)


async def run_update(deps: Deps, tenant: int, call: Call) -> bytes:
    """The same, counted anew."""
    return await _answer(deps, tenant, call, anew=True)


async def _answer(deps: Deps, tenant: int, call: Call, *, anew: bool) -> bytes:
    policy = call.values.first("policy", deps.policy.slots)
    if policy not in POLICIES:
        raise fail(Category.INVALID, f"policy is {' or '.join(POLICIES)}", "policy", code="value")
    ref = call.ref or Ref("Patient", "")

    async def work(tx: Transaction) -> Pairs:
        patient = (await read.read_within(tx, deps, ref)).resource()
        if anew:
            patient_counters.recount(tx, [ref.id])
        zone = deps.tenants[tx.tenant].zone
        known = await visits.known_of(tx, ref.id)
        found = await preferences_of(tx, known, zone)
        counted = await patient_counters.of_patient(tx, ref.id)
        rate = facts_of(known, deps.clock.now(), zone).rate
        home = (each for each in patient.get("address", ()) if each.get("use") == "home")
        return [
            ("stated", _stated(found)),
            ("learnt", _learnt(found)),
            ("effective", _effective(found, policy)),
            ("home-address", next(home, None)),
            ("counters", _counters(counted, rate)),
        ]

    pairs = await deps.database.run(tenant, work)
    return json.dump(parameters.write(SPEC, [pair for pair in pairs if pair[1] != []]))


def _wishes(days: Iterable[str], parts: Iterable[str], practitioners: Iterable[str]) -> Pairs:
    return [
        *(("day", each) for each in days),
        *(("part-of-day", each) for each in parts),
        *(("practitioner", each) for each in practitioners),
    ]


def _stated(found: Preferences) -> Pairs:
    stated = found.stated
    travel: Pairs = [
        ("travel", [("location", place), ("minutes", minutes)])
        for place, minutes in stated.travel.items()
    ]
    return _wishes(stated.days, stated.parts, stated.practitioners) + travel


def _learnt(found: Preferences) -> Pairs:
    learnt = found.learnt
    people = learnt.practitioner_shares

    def shares(name: str, key: str, of: Mapping[str, float], order: Iterable[str]) -> Pairs:
        return [(name, [(key, each), ("share", _share(of[each]))]) for each in order]

    return [
        ("visits", learnt.visits),
        *shares("day", "code", learnt.day_shares, learnt.days()),
        *shares("part-of-day", "code", learnt.part_shares, learnt.parts()),
        *shares("practitioner", "reference", people, sorted(people)),
    ]


def _effective(found: Preferences, policy: str) -> Pairs:
    return _wishes(found.days(policy), found.parts(policy), found.practitioners(policy))


def _counters(counted: Counters, rate: Decimal | None) -> Pairs:
    late = Fraction(counted.late_minutes, counted.arrivals) if counted.arrivals else None
    return [
        ("total", counted.total),
        ("completed", counted.completed),
        ("no-shows", counted.no_shows),
        ("no-show-rate", rate),
        ("arrivals", counted.arrivals),
        ("late-minutes", counted.late_minutes),
        ("average-late-minutes", None if late is None else decimal_of(late, 1)),
    ]


def _share(value: float) -> Decimal:
    return Decimal(str(round(value, 4)))
