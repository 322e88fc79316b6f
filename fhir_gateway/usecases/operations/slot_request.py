"""What does somebody who looks for a time want? The input of `$find-optimal-slots`, checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.clinical_class import ClinicalClass, class_of
from fhir_gateway.engines.slot_ranking import POLICIES
from fhir_gateway.fhir.date_ranges import date_range
from fhir_gateway.fhir.parameters import Values
from fhir_gateway.storage import resources, wishes
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.search_facts import PROTECTED
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.check_conflicts import interval, known_actors
from fhir_gateway.usecases.waiting import codes_of

Resource = dict[str, Any]

MOST_DAYS = 90
MOST_ANSWERS = 100
_DAY = timedelta(days=1)
#: ServiceRequest.priority as Appointment.priority.
_PRIORITIES = {"stat": 1, "asap": 2, "urgent": 3}


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """One request.

    Attributes:
        window: Where Slots are read.
        dates: Clinic-local days of the start; empty for any day of the window.
        patient: `Patient/7`, if given.
        practitioners: In the order asked for, as practitioners.
        locations, services: References.
        service_types, specialties: CodeableConcepts.
        appointment_type: CodeableConcept, if given.
        required: Who else has to be free.
        preferred: Practitioners whom the patient would like to see.
        reasons: CodeableConcepts: why, as the order says.
        priority: As Appointment.priority: 1 highest … 9, then 0 or None.
        duration: Minutes; None for the length of one Slot.
        policy: `plan` or `best`.
        weights: By factor; empty for the policy's own.
        explain: Whether factors are told.
        count: Most answers.
        waiting_since: When the order was written.
    """

    window: Interval
    dates: frozenset[date]
    patient: str | None
    practitioners: tuple[str, ...]
    locations: tuple[str, ...]
    services: tuple[str, ...]
    service_types: tuple[Resource, ...]
    specialties: tuple[Resource, ...]
    appointment_type: Resource | None
    required: tuple[str, ...]
    duration: int | None
    policy: str
    weights: dict[str, Decimal]
    explain: bool
    count: int
    waiting_since: datetime | None
    preferred: tuple[str, ...] = ()
    reasons: tuple[Resource, ...] = ()
    priority: int | None = None

    @property
    def is_urgent(self) -> bool:
        """Whether time that is kept for the urgent is for this request."""
        kinds = codes_of([self.appointment_type] if self.appointment_type else [])
        urgent = class_of(self.priority) <= ClinicalClass.URGENT
        return urgent or not kinds.isdisjoint(PROTECTED)


async def read_request(tx: Transaction, deps: Deps, values: Values) -> SlotRequest:
    """Check the input against what is there.

    Raises:
        GatewayError: invalid, for neither a window nor dates, a window over 90 days, an unknown
            policy or count; not-found, for a reference to nothing.
    """
    window, dates = _when(values)
    policy = values.first("policy", deps.policy.slots)
    if policy not in POLICIES:
        text = f"'{policy[:40]}' is no policy: {' or '.join(POLICIES)}"
        raise fail(Category.INVALID, text, "policy", code="value")
    count = values.first("_count", 10)
    if not 0 <= count <= MOST_ANSWERS:
        raise fail(Category.INVALID, f"_count is 0 to {MOST_ANSWERS}", "_count", code="value")
    patient = await known_actors(tx, values.all("patient"), "patient")
    order = await _order(tx, values)
    weights = {each.first("code"): Decimal(each.first("value")) for each in values.all("weight")}
    return SlotRequest(
        window=window,
        dates=dates,
        patient=patient[0] if patient else None,
        practitioners=tuple(await known_actors(tx, values.all("practitioner"), "practitioner")),
        locations=tuple(await known_actors(tx, values.all("location"), "location")),
        services=tuple(
            await known_actors(tx, values.all("healthcare-service"), "healthcare-service")
        ),
        service_types=tuple(values.all("service-type")),
        specialties=tuple(values.all("specialty")),
        appointment_type=values.first("appointment-type"),
        required=tuple(await known_actors(tx, values.all("required-actor"), "required-actor")),
        duration=values.first("duration"),
        policy=policy,
        weights=dict(deps.tenants[tx.tenant].slot_weights.get(policy, {})) | weights,
        explain=values.first("explain", True),
        count=count,
        waiting_since=await _since(tx, deps, values, patient, order),
        preferred=tuple(await known_actors(tx, values.all("preferred-actor"), "preferred-actor")),
        reasons=tuple(order.get("reasonCode", ())),
        priority=values.first("priority", _PRIORITIES.get(order.get("priority", ""))),
    )


def _when(values: Values) -> tuple[Interval, frozenset[date]]:
    days = frozenset(_day(each) for each in values.all("preferred-date"))
    if values.first("start") or values.first("end"):
        if not (values.first("start") and values.first("end")):
            raise fail(
                Category.INVALID, "start and end belong together", "start", "end", code="required"
            )
        window = interval(values)
    elif days:
        # A clinic's day begins and ends within these, wherever on Earth it is.
        first = datetime.combine(min(days), datetime.min.time(), UTC)
        last = datetime.combine(max(days), datetime.min.time(), UTC)
        window = Interval(first - _DAY, last + 2 * _DAY)
    else:
        raise fail(
            Category.INVALID,
            "Give start and end, or preferred-date",
            "start",
            "preferred-date",
            code="required",
        )
    if window.end - window.start > timedelta(days=MOST_DAYS + 3):
        text = f"At most {MOST_DAYS} days are looked through at once"
        raise fail(Category.INVALID, text, "end", code="too-costly")
    return window, days


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        text = "preferred-date is a day, YYYY-MM-DD"
        raise fail(Category.INVALID, text, "preferred-date", code="value") from error


def entries(name: str, concepts: Iterable[Resource]) -> tuple[str, ...]:
    """Index entries that any coding of these concepts is found by."""
    entries = [
        f"{name}|{each['system']}|{each['code']}"
        if each.get("system")
        else f"{name}|={each['code']}"
        for concept in concepts
        for each in concept.get("coding", ())
        if each.get("code")
    ]
    texts = [
        f"{name}|={each['text']}" for each in concepts if "coding" not in each and "text" in each
    ]
    return tuple(dict.fromkeys(entries + texts))


async def _order(tx: Transaction, values: Values) -> Resource:
    """The ServiceRequest; empty where none is named."""
    text = values.first("service-request")
    if text is None:
        return {}
    ref = relative(str(text))
    stored = await resources.read(tx, Ref("ServiceRequest", ref.id)) if ref else None
    if stored is None:
        issue = Issue(f"There is no {str(text)[:80]}", ("service-request",), "not-found")
        raise GatewayError(Category.NOT_FOUND, issue)
    return stored.resource()


async def _since(
    tx: Transaction, deps: Deps, values: Values, patient: list[str], order: Resource
) -> datetime | None:
    """When the wait began: with the order, else with the entry on the waitlist (row S7)."""
    text = order.get("authoredOn")
    if text is None and patient:
        services = entries("service-type", values.all("service-type"))
        text = await wishes.waiting_since(tx, patient[0], services)
    return date_range(text, deps.tenants[tx.tenant].zone)[0] if text else None
