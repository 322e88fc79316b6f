"""Which priority rules has a clinic? PlanDefinitions, as facts of the engine.

useContext says whom a rule is for: `appointment-type`, `specialty` and `diagnosis`, repeats OR and
different ones AND; the extension `priority-rule` says what it demands. Decision 22; owner's plan,
phase 10 (AppointmentPriorityRule).
"""

from decimal import Decimal
from typing import Any

from fhir_gateway.core.codes import EXT_PRIORITY_RULE
from fhir_gateway.engines.priority_rules import PriorityRule
from fhir_gateway.fhir import json
from fhir_gateway.storage import wishes
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.wishes import StoredRule
from fhir_gateway.usecases.waiting import codes_of
from fhir_gateway.usecases.zones import extension, part

Resource = dict[str, Any]


async def rules(tx: Transaction) -> list[PriorityRule]:
    """The rules of active PlanDefinitions, by id."""
    return [_rule(each) for each in await wishes.priority_rules(tx)]


def _rule(stored: StoredRule) -> PriorityRule:
    plan = json.parse(stored.content)
    says = extension(plan, EXT_PRIORITY_RULE)
    multiplier, wait = part(says, "urgencyMultiplier"), part(says, "maxWaitDays")
    return PriorityRule(
        id=plan["id"],
        created=stored.created,
        appointment_types=_codes(plan, "appointment-type"),
        specialties=_codes(plan, "specialty"),
        diagnoses=_codes(plan, "diagnosis"),
        base_score=int(part(says, "baseScore") or 0),
        multiplier=Decimal(1) if multiplier is None else Decimal(multiplier),
        max_wait_days=None if wait is None else int(wait),
        same_day=part(says, "sameDay") is True,
    )


def _codes(plan: Resource, name: str) -> frozenset[str]:
    return codes_of(
        each["valueCodeableConcept"]
        for each in plan.get("useContext", ())
        if each.get("code", {}).get("code") == name and "valueCodeableConcept" in each
    )
