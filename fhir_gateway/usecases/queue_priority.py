"""How many points does somebody have who joins a queue?

Those that are given, else those of the priority rule that matches, else none.

Source: owner's plan, phase 11 (priority score); engines.md section 3; decision 22.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.engines.priority_rules import PriorityRule, apply_rules
from fhir_gateway.engines.slot_facts import RankingRequest
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import priority_plans
from fhir_gateway.usecases.waiting import codes_of

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Points:
    """What somebody is worth from the beginning.

    Args:
        value: 0..100.
        rule: Id of the PlanDefinition that says so; None for what was given, or for none.
    """

    value: Decimal = Decimal(0)
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules of a clinic are asked about somebody.

    Args:
        rules: Of the clinic.
        request: What there is to match.
        given: Points that come before any rule.
    """

    rules: Sequence[PriorityRule]
    request: RankingRequest
    given: Decimal | None = None

    def points(self, policy: str) -> Points:
        """By the rule that scores: the oldest in `plan`, the highest in `best`."""
        if self.given is not None:
            return Points(self.given)
        rule = apply_rules(self.rules, self.request, policy).scoring
        return Points(rule.score, rule.id) if rule else Points()


async def judged(
    tx: Transaction,
    queue: str,
    given: Decimal | None,
    appointment: Mapping[str, Any] | None,
    now: datetime,
) -> Judged:
    """What the rules see: the Appointment, and the specialties of the service queued at.

    Args:
        tx: Open transaction.
        queue: Reference.
        given: Points that come before any rule.
        appointment: For which the person is here; None for a walk-in.
        now: Aware.
    """
    found = await priority_plans.rules(tx) if given is None else []
    if not found:
        return Judged((), RankingRequest(now), given)
    visit = appointment or {}
    kind = [visit["appointmentType"]] if "appointmentType" in visit else []
    specialties = [*visit.get("specialty", ()), *await _of_service(tx, queue)]
    request = RankingRequest(
        now,
        appointment_types=codes_of(kind),
        specialties=codes_of(specialties),
        diagnoses=codes_of(visit.get("reasonCode", ())),
    )
    return Judged(found, request)


async def _of_service(tx: Transaction, queue: str) -> list[Resource]:
    place = relative(queue)
    if place is None or place.type != "HealthcareService":
        return []
    stored = await resources.read(tx, Ref(place.type, place.id))
    return list(stored.resource().get("specialty", ())) if stored else []
