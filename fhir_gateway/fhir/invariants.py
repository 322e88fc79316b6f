"""What must hold between the elements of a resource?

The invariants of R4 with severity error, by type, and our own rules on times, which R4 lacks:
an Appointment, a Slot or an AppointmentResponse ends after it starts. app-4 is read with the code
that R4 means, `noshow`; its text has `no-show`.

Source: FHIR R4 4.0.1 StructureDefinitions (constraint), decision 26.
"""

from decimal import Decimal

from fhir_gateway.core.codes import APPOINTMENT_STATUSES, TIMELESS
from fhir_gateway.fhir.invariants_bundles import BUNDLE_INVARIANTS
from fhir_gateway.fhir.invariants_datatypes import DATATYPE_INVARIANTS
from fhir_gateway.fhir.node import (
    Invariant,
    Node,
    Rule,
    exactly_one,
    exists,
    has_coding,
    implies,
    not_after,
    number,
    objects,
)

__all__ = ["INVARIANTS", "Invariant", "invariants_of"]

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_NO_LONGER = ("inactive", "resolved", "remission")
_WITH_REASON = ("cancelled", "noshow")


def _app_2(node: Node) -> bool:
    return exists(node, "start") == exists(node, "end")


def _app_3(node: Node) -> bool:
    timed = exists(node, "start") and exists(node, "end")
    status = node.get("status")
    # A status that is none is reported as that.
    return timed or status not in APPOINTMENT_STATUSES or status in TIMELESS


def _app_4(node: Node) -> bool:
    status = node.get("status")
    named = status in _WITH_REASON or status not in APPOINTMENT_STATUSES
    return not exists(node, "cancelationReason") or named


def _ends_after_start(node: Node) -> bool:
    return not_after(node.get("start"), node.get("end"), equal=False)


def _con_4(node: Node) -> bool:
    return not exists(node, "abatement") or has_coding(
        node.get("clinicalStatus"), _CLINICAL, _NO_LONGER
    )


def _con_5(node: Node) -> bool:
    wrong = has_coding(node.get("verificationStatus"), _VERIFICATION, ("entered-in-error",))
    return not wrong or not exists(node, "clinicalStatus")


def _inv_1(node: Node) -> bool:
    return not_after(node.get("authoredOn"), node.get("lastModified"))


def _not_at_home(name: str) -> Rule:
    def holds(node: Node) -> bool:
        return all(each.get("use") != "home" for each in objects(node, name))

    return holds


def _ras_2(node: Node) -> bool:
    probability = number(node.get("probabilityDecimal"))
    return probability is None or probability <= Decimal(100)


def _only_in_mode(mode: str, name: str) -> Rule:
    def holds(node: Node) -> bool:
        used = any(exists(each, name) for each in objects(node, "entry"))
        return node.get("mode") == mode or not used

    return holds


def _parameter(node: Node) -> bool:
    return exactly_one(node, "value", "resource", "part")


_ORGANIZATION = (
    Invariant(
        "org-1",
        lambda node: exists(node, "identifier") or exists(node, "name"),
        "An Organization has a name or an identifier",
    ),
    Invariant(
        "org-2", _not_at_home("telecom"), "An organization's telecom is not 'home'", "telecom"
    ),
    Invariant(
        "org-3", _not_at_home("address"), "An organization's address is not 'home'", "address"
    ),
)
_APPOINTMENT = (
    Invariant("app-2", _app_2, "start and end come together or not at all", "start"),
    Invariant(
        "app-3",
        _app_3,
        "Only a proposed, cancelled or waitlist Appointment may lack start and end",
        "start",
    ),
    Invariant(
        "app-4",
        _app_4,
        "cancelationReason belongs to a cancelled or noshow Appointment only",
        "cancelationReason",
    ),
    Invariant("start-before-end", _ends_after_start, "The end must be later than the start", "end"),
)
_CONDITION = (
    Invariant(
        "con-4",
        _con_4,
        "An abated Condition has clinicalStatus inactive, resolved or remission",
        "clinicalStatus",
    ),
    Invariant(
        "con-5",
        _con_5,
        "clinicalStatus is absent where verificationStatus is entered-in-error",
        "clinicalStatus",
    ),
)
_LIST = (
    Invariant(
        "lst-1",
        lambda node: not (exists(node, "emptyReason") and exists(node, "entry")),
        "A List with entries has no emptyReason",
        "emptyReason",
    ),
    Invariant(
        "lst-2",
        _only_in_mode("changes", "deleted"),
        "entry.deleted needs the mode 'changes'",
        "entry",
    ),
    Invariant(
        "lst-3", _only_in_mode("working", "date"), "entry.date needs the mode 'working'", "entry"
    ),
)

INVARIANTS: dict[str, tuple[Invariant, ...]] = {
    **DATATYPE_INVARIANTS,
    **BUNDLE_INVARIANTS,
    "Organization": _ORGANIZATION,
    "Patient.contact": (
        Invariant(
            "pat-1",
            lambda node: any(
                exists(node, name) for name in ("name", "telecom", "address", "organization")
            ),
            "A contact has a name, telecom, address or organization",
        ),
    ),
    "Slot": (
        Invariant(
            "start-before-end", _ends_after_start, "The end must be later than the start", "end"
        ),
    ),
    "Appointment": _APPOINTMENT,
    "Appointment.participant": (
        Invariant(
            "app-1",
            lambda node: exists(node, "type") or exists(node, "actor"),
            "A participant has a type or an actor",
        ),
    ),
    "AppointmentResponse": (
        Invariant(
            "apr-1",
            lambda node: exists(node, "participantType") or exists(node, "actor"),
            "An AppointmentResponse has a participantType or an actor",
        ),
        Invariant(
            "start-before-end", _ends_after_start, "The end must be later than the start", "end"
        ),
    ),
    "ServiceRequest": (
        Invariant("prr-1", implies("orderDetail", "code"), "orderDetail needs a code", "code"),
    ),
    "Task": (Invariant("inv-1", _inv_1, "lastModified is not before authoredOn", "lastModified"),),
    "RiskAssessment.prediction": (
        Invariant(
            "ras-2", _ras_2, "A probability is a percentage, at most 100", "probabilityDecimal"
        ),
    ),
    "Measure.group.stratifier": (
        Invariant(
            "mea-1",
            lambda node: (
                any(exists(node, name) for name in ("code", "description", "criteria"))
                != exists(node, "component")
            ),
            "A stratifier is a single criterion or a set of components, not both",
        ),
    ),
    "MeasureReport": (
        Invariant(
            "mrp-1",
            lambda node: node.get("type") != "data-collection" or not exists(node, "group"),
            "A MeasureReport for data-collection has no group",
            "group",
        ),
    ),
    "MeasureReport.group.stratifier.stratum": (
        Invariant(
            "mrp-2",
            lambda node: exists(node, "value") != exists(node, "component"),
            "A stratum has a value or components, not both",
        ),
    ),
    "Condition": _CONDITION,
    "Condition.stage": (
        Invariant(
            "con-1",
            lambda node: exists(node, "summary") or exists(node, "assessment"),
            "A stage has a summary or an assessment",
        ),
    ),
    "Condition.evidence": (
        Invariant(
            "con-2",
            lambda node: exists(node, "code") or exists(node, "detail"),
            "Evidence has a code or a detail",
        ),
    ),
    "Group": (
        Invariant(
            "grp-1",
            lambda node: not exists(node, "member") or node.get("actual") is True,
            "Only an actual Group has members",
            "member",
        ),
    ),
    "List": _LIST,
    "CoverageEligibilityResponse.insurance.item": (
        Invariant(
            "ces-1",
            lambda node: exists(node, "category") != exists(node, "productOrService"),
            "An item has a category or a productOrService, not both",
        ),
    ),
    "AuditEvent.entity": (
        Invariant(
            "sev-1",
            lambda node: not (exists(node, "name") and exists(node, "query")),
            "An entity has a name or a query, not both",
        ),
    ),
    "Parameters.parameter": (
        Invariant("inv-1", _parameter, "A parameter has one of value[x], resource and part"),
    ),
}


def invariants_of(name: str) -> tuple[Invariant, ...]:
    """The invariants of a resource type, datatype or backbone element; none for most.

    Args:
        name: As in `fhir.spec.Structure.name` (`Appointment.participant`).
    """
    return INVARIANTS.get(name, ())
