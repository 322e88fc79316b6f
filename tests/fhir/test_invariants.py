"""Are R4's rules between elements, and our own on times, kept?"""

from decimal import Decimal
from typing import Any

import pytest

from fhir_gateway.core.codes import APPOINTMENT_STATUSES, TIMELESS
from fhir_gateway.fhir.invariants import INVARIANTS
from fhir_gateway.fhir.node import not_after
from fhir_gateway.fhir.spec import structure
from tests.fhir.builders import END, START, a_patient, a_slot, an_appointment, issues

_X: dict[str, Any] = {"text": "x"}
_UCUM = "http://unitsofmeasure.org"
_ENDED = {"coding": [{
    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "remission",
}]}  # fmt: skip
_WRONG = {"coding": [{
    "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
    "code": "entered-in-error",
}]}  # fmt: skip
_URL = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"

#: (structure, key) -> objects that keep the rule, objects that break it.
CASES: dict[tuple[str, str], tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    ("Extension", "ext-1"): (
        [{"valueString": "x"}, {"_valueCode": {}}, {"extension": []}],
        [{}, {"url": "x"}, {"valueString": "x", "extension": []}, {"values": 1}],
    ),
    ("Period", "per-1"): (
        [{}, {"start": "2026"}, {"start": "2026-03-05", "end": "2026-03"},
         {"start": START, "end": START}],
        [{"start": END, "end": START}, {"start": "2026-03-06", "end": "2026-03-05"}],
    ),
    ("Quantity", "qty-3"): ([{"value": 1}, {"code": "h", "system": _UCUM}], [{"code": "h"}]),
    ("Age", "qty-3"): ([{}], [{"code": "a"}]),
    ("Count", "qty-3"): ([{}], [{"code": "1"}]),
    ("Distance", "qty-3"): ([{}], [{"code": "km"}]),
    ("Duration", "qty-3"): ([{}], [{"code": "h"}]),
    ("Age", "age-1"): (
        [{"value": 1, "code": "a", "system": _UCUM}, {}],
        [{"value": 0, "code": "a", "system": _UCUM}, {"value": 1}, {"system": "urn:x"}],
    ),
    ("Count", "cnt-3"): (
        [{"value": 2, "code": "1", "system": _UCUM}, {"value": Decimal(2), "code": "1"}],
        [{"value": Decimal("1.5"), "code": "1"}, {"value": 2}, {"value": 2, "code": "x"}],
    ),
    ("Distance", "dis-1"): ([{"value": 2, "code": "km"}], [{"value": 2}, {"system": "urn:x"}]),
    ("Duration", "drt-1"): (
        [{"value": 1}, {"value": 1, "code": "h", "system": _UCUM}],
        [{"value": 1, "code": "h"}, {"code": "h", "system": _UCUM}],
    ),
    ("Range", "rng-2"): (
        [{}, {"low": {"value": 1}}, {"low": {"value": 1}, "high": {"value": Decimal("1.0")}},
         {"low": {"value": 90, "code": "min"}, "high": {"value": 2, "code": "h"}}],
        [{"low": {"value": 2}, "high": {"value": 1}}],
    ),
    ("Ratio", "rat-1"): (
        [{"numerator": {}, "denominator": {}}, {"extension": []}],
        [{"numerator": {}}, {"denominator": {}}, {"id": "x"}],
    ),
    ("Attachment", "att-1"): ([{"data": "AAAA", "contentType": "a/b"}, {}], [{"data": "AAAA"}]),
    ("ContactPoint", "cpt-2"): ([{"value": "1", "system": "phone"}, {}], [{"value": "1"}]),
    ("Timing.repeat", "tim-1"): ([{"duration": 1, "durationUnit": "h"}], [{"duration": 1}]),
    ("Timing.repeat", "tim-2"): ([{"period": 1, "periodUnit": "h"}], [{"period": 1}]),
    ("Timing.repeat", "tim-4"): (
        [{"duration": 0}, {"duration": "x"}], [{"duration": Decimal("-.5")}],
    ),
    ("Timing.repeat", "tim-5"): ([{"period": 0}], [{"period": -1}]),
    ("Timing.repeat", "tim-6"): ([{"periodMax": 2, "period": 1}], [{"periodMax": 2}]),
    ("Timing.repeat", "tim-7"): ([{"durationMax": 2, "duration": 1}], [{"durationMax": 2}]),
    ("Timing.repeat", "tim-8"): ([{"countMax": 2, "count": 1}], [{"countMax": 2}]),
    ("Timing.repeat", "tim-9"): (
        [{"offset": 5, "when": ["MORN"]}, {"when": ["C"]}],
        [{"offset": 5}, {"offset": 5, "when": ["MORN", "CD"]}],
    ),
    ("Timing.repeat", "tim-10"): (
        [{"timeOfDay": []}, {"when": []}], [{"timeOfDay": [], "when": []}],
    ),
    ("DataRequirement.codeFilter", "drq-1"): (
        [{"path": "x"}, {"searchParam": "x"}], [{}, {"path": "x", "searchParam": "x"}],
    ),
    ("DataRequirement.dateFilter", "drq-2"): (
        [{"path": "x"}, {"searchParam": "x"}], [{}, {"path": "x", "searchParam": "x"}],
    ),
    ("Expression", "exp-1"): ([{"expression": "x"}, {"reference": "x"}], [{"language": "x"}]),
    ("TriggerDefinition", "trd-1"): (
        [{"data": []}, {"timingDate": "2026"}], [{"data": [], "timingDate": "2026"}],
    ),
    ("TriggerDefinition", "trd-2"): ([{"condition": {}, "data": []}], [{"condition": {}}]),
    ("TriggerDefinition", "trd-3"): (
        [{"type": "named-event", "name": "x"}, {"type": "periodic", "timingDate": "2026"},
         {"type": "data-added", "data": []}],
        [{"type": "named-event"}, {"type": "periodic"}, {"type": "data-added"}],
    ),
    ("Bundle", "bdl-1"): (
        [{"type": "searchset", "total": 0}, {"type": "batch"}], [{"type": "batch", "total": 0}],
    ),
    ("Bundle", "bdl-2"): (
        [{"type": "searchset", "entry": [{"search": {}}]}],
        [{"type": "collection", "entry": [{"search": {}}]}],
    ),
    ("Bundle", "bdl-3"): (
        [{"type": "transaction", "entry": [{"request": {}}]}, {"type": "batch"}],
        [{"type": "batch", "entry": [{}]}, {"type": "collection", "entry": [{"request": {}}]}],
    ),
    ("Bundle", "bdl-4"): (
        [{"type": "batch-response", "entry": [{"response": {}}]}],
        [{"type": "batch", "entry": [{"response": {}}]}, {"type": "history", "entry": [{}]}],
    ),
    ("Bundle", "bdl-7"): (
        [{"entry": [{"fullUrl": "a"}, {"fullUrl": "b"}, {}, {}]},
         {"type": "history", "entry": [{"fullUrl": "a"}, {"fullUrl": "a"}]},
         {"entry": [{"fullUrl": "a", "resource": {"meta": {"versionId": v}}} for v in "12"]}],
        [{"entry": [{"fullUrl": "a"}, {"fullUrl": "a"}]}],
    ),
    ("Bundle.entry", "bdl-5"): (
        [{"resource": {}}, {"request": {}}, {"response": {}}], [{"fullUrl": "a"}],
    ),
    ("Bundle.entry", "bdl-8"): (
        [{"fullUrl": _URL}, {}], [{"fullUrl": "http://x/Patient/1/_history/2"}],
    ),
    ("Organization", "org-1"): ([{"name": "x"}, {"identifier": []}], [{"active": True}]),
    ("Organization", "org-2"): ([{"telecom": [{"use": "work"}]}], [{"telecom": [{"use": "home"}]}]),
    ("Organization", "org-3"): ([{"address": [{}]}], [{"address": [{}, {"use": "home"}]}]),
    ("Patient.contact", "pat-1"): (
        [{"name": {}}, {"telecom": []}, {"address": {}}, {"organization": {}}],
        [{"gender": "male"}],
    ),
    ("Slot", "start-before-end"): (
        [{"start": START, "end": END}], [{"start": END, "end": START}, {"start": END, "end": END}],
    ),
    ("AppointmentResponse", "start-before-end"): (
        [{"start": START, "end": END}, {"start": START}], [{"start": END, "end": START}],
    ),
    ("Appointment", "start-before-end"): (
        [{"start": START, "end": END}, {}], [{"start": END, "end": START}],
    ),
    ("Appointment", "app-2"): ([{}, {"start": START, "_end": {}}], [{"start": 1}, {"end": 1}]),
    ("Appointment", "app-3"): (
        [{"status": "waitlist"}, {"status": "booked", "start": START, "end": END}],
        [{"status": "booked"}, {"status": "noshow", "start": START}],
    ),
    ("Appointment", "app-4"): (
        [{"status": "cancelled", "cancelationReason": _X}, {"status": "booked"}],
        [{"status": "booked", "cancelationReason": _X}],
    ),
    ("Appointment.participant", "app-1"): ([{"type": []}, {"actor": {}}], [{"status": "accepted"}]),
    ("AppointmentResponse", "apr-1"): (
        [{"participantType": []}, {"actor": {}}], [{"participantStatus": "accepted"}],
    ),
    ("ServiceRequest", "prr-1"): ([{"orderDetail": [], "code": _X}], [{"orderDetail": []}]),
    ("Task", "inv-1"): (
        [{"authoredOn": START, "lastModified": START}, {"lastModified": START}],
        [{"authoredOn": END, "lastModified": START}],
    ),
    ("RiskAssessment.prediction", "ras-2"): (
        [{"probabilityDecimal": 100}, {}], [{"probabilityDecimal": Decimal("100.1")}],
    ),
    ("Measure.group.stratifier", "mea-1"): (
        [{"criteria": {}}, {"component": []}], [{}, {"code": _X, "component": []}],
    ),
    ("MeasureReport", "mrp-1"): (
        [{"type": "summary", "group": []}, {"type": "data-collection"}],
        [{"type": "data-collection", "group": []}],
    ),
    ("MeasureReport.group.stratifier.stratum", "mrp-2"): (
        [{"value": _X}, {"component": []}], [{}, {"value": _X, "component": []}],
    ),
    ("Condition", "con-4"): (
        [{"abatementString": "x", "clinicalStatus": _ENDED}, {"clinicalStatus": _X}],
        [{"abatementString": "x"}, {"abatementAge": {}, "clinicalStatus": _X}],
    ),
    ("Condition", "con-5"): (
        [{"verificationStatus": _WRONG}, {"clinicalStatus": _ENDED}],
        [{"verificationStatus": _WRONG, "clinicalStatus": _ENDED}],
    ),
    ("Condition.stage", "con-1"): ([{"summary": _X}, {"assessment": []}], [{"type": _X}]),
    ("Condition.evidence", "con-2"): ([{"code": []}, {"detail": []}], [{"id": "x"}]),
    ("Group", "grp-1"): (
        [{"actual": True, "member": []}, {"actual": False}], [{"actual": False, "member": []}],
    ),
    ("List", "lst-1"): ([{"entry": []}, {"emptyReason": _X}], [{"entry": [], "emptyReason": _X}]),
    ("List", "lst-2"): (
        [{"mode": "changes", "entry": [{"deleted": True}]}],
        [{"mode": "working", "entry": [{}, {"deleted": False}]}],
    ),
    ("List", "lst-3"): (
        [{"mode": "working", "entry": [{"date": "2026"}]}],
        [{"mode": "changes", "entry": [{"date": "2026"}]}],
    ),
    ("CoverageEligibilityResponse.insurance.item", "ces-1"): (
        [{"category": _X}, {"productOrService": _X}],
        [{}, {"category": _X, "productOrService": _X}],
    ),
    ("AuditEvent.entity", "sev-1"): (
        [{"name": "x"}, {"query": "AAAA"}], [{"name": "x", "query": "AAAA"}],
    ),
    ("Parameters.parameter", "inv-1"): (
        [{"valueString": "x"}, {"resource": {}}, {"part": []}],
        [{}, {"valueString": "x", "part": []}, {"resource": {}, "part": []}],
    ),
}  # fmt: skip


def _rule(name: str, key: str) -> Any:
    return next(each for each in INVARIANTS[name] if each.key == key)


def test_every_rule_has_cases_here_and_every_rule_is_on_a_structure_of_r4() -> None:
    assert {(name, each.key) for name, rules in INVARIANTS.items() for each in rules} == set(CASES)
    assert [name for name in INVARIANTS if structure(name) is None] == []


@pytest.mark.parametrize(
    ("name", "key", "node"),
    [(name, key, node) for (name, key), (kept, _) in CASES.items() for node in kept],
)
def test_a_rule_is_kept(name: str, key: str, node: dict[str, Any]) -> None:
    assert _rule(name, key).holds(node)


@pytest.mark.parametrize(
    ("name", "key", "node"),
    [(name, key, node) for (name, key), (_, broken) in CASES.items() for node in broken],
)
def test_a_rule_is_broken(name: str, key: str, node: dict[str, Any]) -> None:
    assert not _rule(name, key).holds(node)


_NONSENSE: list[Any] = [None, True, 7, "x", [], {}, [None, 1, {}, []]]


@pytest.mark.parametrize(
    ("name", "key"), [(name, each.key) for name, rules in INVARIANTS.items() for each in rules]
)
def test_a_rule_has_an_answer_for_any_json(name: str, key: str) -> None:
    found = structure(name)
    assert found is not None
    for value in _NONSENSE:
        node = dict.fromkeys([*found.elements, "entry", "coding"], value)
        alone = [{each: value} for each in found.elements]
        assert {_rule(name, key).holds(each) for each in (node, *alone)} <= {True, False}


@pytest.mark.parametrize("status", APPOINTMENT_STATUSES)
@pytest.mark.parametrize(
    ("times", "keys"),
    [
        ({"start": None, "end": None}, {"app-3"}),
        ({"end": None}, {"app-2", "app-3"}),
        ({}, set()),
    ],
    ids=["no times", "start only", "both"],
)
def test_only_three_statuses_may_lack_their_times(
    status: str, times: dict[str, Any], keys: set[str]
) -> None:
    allowed = {"app-3"} if status in TIMELESS else set()
    found = [code for code, _ in issues(an_appointment(status=status, **times))]
    assert found == ["invariant"] * len(keys - allowed)


@pytest.mark.parametrize("status", APPOINTMENT_STATUSES)
def test_a_reason_for_cancelling_goes_with_cancelled_and_noshow(status: str) -> None:
    found = issues(an_appointment(status=status, cancelationReason=_X))
    broken = status not in {"cancelled", "noshow"}
    assert found == [("invariant", "Appointment.cancelationReason")] * broken


@pytest.mark.parametrize("resource", [an_appointment, a_slot])
@pytest.mark.parametrize("end", [START, "2026-03-02T08:59:59+03:00", "2026-03-02T06:00:00Z"])
def test_an_end_is_later_than_its_start(resource: Any, end: str) -> None:
    assert [code for code, _ in issues(resource(end=end))] == ["invariant"]


def test_a_period_anywhere_does_not_end_before_it_starts() -> None:
    period = {"start": "2026-03-02", "end": "2026-03-01"}
    found = issues(a_patient(name=[{"family": "x", "period": period}]))
    assert found == [("invariant", "Patient.name[0].period.end")]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("2026-03-02T09:00:00+03:00", "2026-03-02T06:00:00Z", True),
        ("2026-03-02T09:00:01+03:00", "2026-03-02T06:00:00Z", False),
        ("2026-03-02T09:00:00.5Z", "2026-03-02T09:00:00Z", False),
        ("2026-03-02", "2026-03-02", True),
        ("2026-03-02", "2026", True),
        ("2027", "2026-12-31", False),
        ("2026-03-02", "2026-03-01T20:00:00-05:00", True),
        ("2026-03-02", "2026-02-28T20:00:00Z", False),
        ("9999-12-31", "9999", True),
        ("0001-01-01", "0001-01-01T00:00:00+14:00", True),
        ("nonsense", "2026", True),
        (None, "2026", True),
        (20260302, "2026", True),
    ],
)
def test_times_of_any_precision_are_compared_as_far_as_they_can_be(
    first: Any, second: Any, expected: bool
) -> None:
    assert not_after(first, second) is expected
