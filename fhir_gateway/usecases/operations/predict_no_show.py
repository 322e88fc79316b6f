"""How likely is it that the patient does not come to this Appointment?

Decision 22 (RiskAssessment); owner's plan, phase 10 (predict_no_show_probability).
"""

import math
from datetime import datetime
from decimal import Decimal
from typing import Any

from fhir_gateway.core.codes import EXT_PREDICTION, SYSTEM_NO_SHOW, TERMINAL
from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import format_instant, parse_instant
from fhir_gateway.engines.clinic_time import day_number
from fhir_gateway.engines.decision import plain
from fhir_gateway.engines.no_show import POLICIES, predict
from fhir_gateway.engines.no_show_facts import Planned, Prediction
from fhir_gateway.engines.no_show_model import NoShowModel
from fhir_gateway.fhir import json
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import resources, visits
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import read, storing
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import participants, slot_ids
from fhir_gateway.usecases.no_show_facts import facts_of, model_of
from fhir_gateway.usecases.no_show_records import booking_of
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.zones import zone_of

Resource = dict[str, Any]

#: A change of the odds that is told as one.
_NOTICEABLE = 0.005
_STATUS = "http://hl7.org/fhir/appointmentstatus"
#: What the number is for: engines.md, guardrails of section 2.
GUARDRAIL = (
    "To help the patient: a reminder, a call, an earlier time. Never a reason to deny, delay or"
    " double-book."
)

SPEC = OperationSpec(
    code="predict-no-show",
    resource="Appointment",
    levels=frozenset({"instance"}),
    affects_state=False,
    title="Predict a no-show",
    doc="The probability, in percent, that the patient does not come, from what is known now, and"
    " the parts that made it (extension prediction). The Appointment may be one that was found and"
    f" not yet booked. {GUARDRAIL} With store=true (POST only) the RiskAssessment is kept.",
    source="Decision 22; owner's plan, phase 10 (predict_no_show_probability)",
    parameters=(
        OperationParameter("policy", "in", 0, 1, "code", "plan or best"),
        OperationParameter(
            "reminded", "in", 0, 1, "boolean",
            "Whether the patient has been or will be reminded; absent if unknown",
        ),
        OperationParameter("store", "in", 0, 1, "boolean", "Whether it is kept; false"),
        OperationParameter("return", "out", 1, 1, "RiskAssessment", "The prediction"),
    ),
    get_allowed=True,
)  # fmt: skip


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with a RiskAssessment.

    Raises:
        GatewayError: not-found or gone, where there is no such Appointment; unprocessable, where
            it has no time or no patient or is over; invalid, for an unknown policy, or to store by
            GET.
    """
    policy = call.values.first("policy", deps.policy.no_show)
    if policy not in POLICIES:
        raise fail(Category.INVALID, f"policy is {' or '.join(POLICIES)}", "policy", code="value")
    kept = bool(call.values.first("store", False))
    if kept and call.safe:
        raise fail(Category.INVALID, "To store a prediction takes a POST", "store", code="value")
    ref = call.ref or Ref("Appointment", "")

    async def work(tx: Transaction) -> bytes:
        appointment = await read.read_within(tx, deps, ref)
        assessment = await _assess(tx, deps, appointment, policy, call.values.first("reminded"))
        if not kept:
            return json.dump(assessment)
        if await resources.read(tx, ref) is None:
            text = "A prediction for a time that is not booked cannot be kept"
            raise fail(Category.UNPROCESSABLE, text, "store", code="business-rule")
        return (await storing.add(tx, deps, assessment | {"id": deps.ids.new()})).content

    return await deps.database.run(tenant, work)


async def _assess(
    tx: Transaction, deps: Deps, stored: Stored, policy: str, reminded: bool | None
) -> Resource:
    tree = stored.resource()
    patient = _check(tree)
    now = deps.clock.now()
    zone = await zone_of(
        tx, deps, await _schedule(tx, tree), [each.id for each in participants(tree, "Location")]
    )
    known = await visits.known_of(tx, patient.id)
    facts = facts_of(known, now, zone, without=stored.id)
    start = parse_instant(tree["start"])
    booking = booking_of(tree.get("created"), await _first_written(tx, stored), start, zone)
    day = day_number(start.astimezone(zone).date())
    planned = Planned(
        start,
        booking.at or start,
        booked_hour=booking.has_hour,
        reminded=reminded,
        beside=facts.booked_days.get(day, 0),
    )
    model = model_of(known.model)
    prediction = predict(policy, facts, planned, zone, model)
    return assessment(stored.ref, patient, now, policy, prediction, model)


def _check(appointment: Resource) -> Ref:
    """The patient of an Appointment that may be missed."""
    patient = next(iter(participants(appointment, "Patient")), None)
    if patient is None:
        raise _impossible("It has no patient of this server", "Appointment.participant")
    if "start" not in appointment:
        raise _impossible("It has no time", "Appointment.start")
    if appointment["status"] in TERMINAL:
        raise _impossible(f"It is {appointment['status']}: nothing is to be predicted any more",
                          "Appointment.status")  # fmt: skip
    return patient


def _impossible(text: str, expression: str) -> GatewayError:
    return GatewayError(Category.UNPROCESSABLE, Issue(text, (expression,), "business-rule"))


async def _schedule(tx: Transaction, appointment: Resource) -> Resource | None:
    found = await resources.read_many(tx, "Slot", slot_ids(appointment)[:1])
    for slot in found.values():
        reference = str(slot.resource()["schedule"].get("reference", ""))
        schedule = await resources.read(tx, Ref("Schedule", reference.rpartition("/")[2]))
        return schedule.resource() if schedule else None
    return None


async def _first_written(tx: Transaction, stored: Stored) -> datetime:
    """When it was first heard of; now, for one that is not booked yet."""
    first = await resources.read_version(tx, stored.ref, 1)
    return first.last_updated if first else stored.last_updated


def assessment(
    appointment: Ref,
    patient: Ref,
    now: datetime,
    policy: str,
    prediction: Prediction,
    model: NoShowModel,
) -> Resource:
    """The RiskAssessment, without id.

    Source: decision 22 (probabilityDecimal is a percentage in R4).
    """
    named = [{"url": "model", "valueString": model.version}] if policy == "best" else []
    parts = [
        {
            "url": "part",
            "extension": [
                {"url": "code", "valueCode": each.code},
                {"url": "effect", "valueDecimal": Decimal(str(round(each.effect, 6)))},
                {"url": "text", "valueString": _told(policy, each.code, each.effect)},
            ],
        }
        for each in prediction.parts
    ]
    explained = [{"url": "policy", "valueCode": policy}, *named, *parts]
    return {
        "resourceType": "RiskAssessment",
        "status": "final",
        "method": {"coding": [{"system": SYSTEM_NO_SHOW, "code": policy}]},
        "subject": {"reference": str(patient)},
        "occurrenceDateTime": format_instant(now.replace(microsecond=0)),
        "basis": [{"reference": str(appointment)}],
        "prediction": [
            {
                "extension": [{"url": EXT_PREDICTION, "extension": explained}],
                "outcome": {"coding": [{"system": _STATUS, "code": "noshow"}], "text": "No-show"},
                "probabilityDecimal": plain(prediction.probability * 100),
            }
        ],
        "note": [{"text": GUARDRAIL}],
    }


def _told(policy: str, code: str, effect: float) -> str:
    """What a part did, for a person."""
    if policy == "plan":
        first = code in ("new-patient", "history")
        return f"{100 * effect:.1f} % to begin with" if first else f"probability × {effect:g}"
    odds = math.exp(effect)
    if code == "base-rate":
        return f"{100 * odds / (1 + odds):.1f} % to begin with"
    return "no effect" if abs(odds - 1) < _NOTICEABLE else f"odds × {odds:.2f}"
