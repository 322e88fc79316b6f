"""`Appointment/$find-optimal-slots`: what is found. Decisions 18 and 22."""

from decimal import Decimal
from typing import Any

import pytest

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.core.errors import Category
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases.zones import extension, part
from tests.usecases.builders import (
    SURGERY,
    a_location,
    a_practitioner,
    a_role,
    a_schedule,
    a_slot,
    an_appointment,
    at,
    availability,
    ref,
)
from tests.usecases.clinic import BASE, Clinic, only_issue, refusal
from tests.usecases.finding import CODE, entries, find, found, minutes, starts


@pytest.fixture
async def clinic(clinic: Clinic) -> Clinic:
    """p1 is free at 09:00, 09:30 and 13:00; p2, a surgeon, at 09:00 and 15:00 in the theatre."""
    await clinic.put(a_slot("13:00"), a_practitioner("p2"), a_location("theatre"))
    actors = ("Practitioner/p2", "Location/theatre")
    await clinic.put(a_schedule("s2", *actors, serviceType=[SURGERY]))
    await clinic.put(a_slot("09:00", schedule="s2"), a_slot("15:00", 60, schedule="s2"))
    return clinic


def factors(appointment: dict[str, object]) -> list[dict[str, object]]:
    score = extension(appointment, EXT_SCORE) or {}
    return [each for each in score["extension"] if each["url"] == "factor"]


@pytest.mark.parametrize("policy", ["plan", "best"])
async def test_every_answer_says_what_it_is_worth_and_why(clinic: Clinic, policy: str) -> None:
    bundle = await find(clinic, ("policy", policy), ("patient", "Patient/ann"))
    validate(bundle, type_name="Bundle")
    assert bundle["total"] == len(found(bundle)) == 5
    for rank, entry in enumerate(entries(bundle), start=1):
        score = extension(entry["resource"], EXT_SCORE)
        assert (part(score, "policy"), part(score, "rank")) == (policy, rank)
        assert entry["search"]["score"] * 100 == part(score, "total")
        parts = [part(each, "contribution") for each in factors(entry["resource"])]
        assert abs(sum(parts) - part(score, "total")) <= 0.005
        assert all(part(each, "text") for each in factors(entry["resource"]))


async def test_the_best_comes_first(clinic: Clinic) -> None:
    scores = [each["search"]["score"] for each in entries(await find(clinic))]
    assert scores == sorted(scores, reverse=True)


async def test_an_answer_is_an_appointment_that_is_proposed(clinic: Clinic) -> None:
    bundle = await find(clinic, ("patient", "Patient/ann"), ("location", "Location/theatre"))
    for entry in entries(bundle):
        resource = entry["resource"]
        validate(resource, type_name="Appointment")
        assert entry["fullUrl"] == f"{BASE}/Appointment/{resource['id']}"
        assert resource["status"] == "proposed"
        people = [each["actor"]["reference"] for each in resource["participant"]]
        assert people == ["Patient/ann", "Practitioner/p2", "Location/theatre"]


async def test_the_slots_are_in_the_answer(clinic: Clinic) -> None:
    bundle = await find(clinic, ("duration", "60"))
    named = {slot["reference"] for each in found(bundle) for slot in each["slot"]}
    included = {f"Slot/{each['resource']['id']}" for each in entries(bundle, "include")}
    assert named == included == {"Slot/s1-0900", "Slot/s1-0930", "Slot/s2-1500"}


async def test_a_long_visit_goes_on_through_slots_that_follow_each_other(clinic: Clinic) -> None:
    bundle = await find(clinic, ("duration", "60"), ("practitioner", "Practitioner/p1"))
    (only,) = found(bundle)
    assert (only["start"], only["end"], only["minutesDuration"]) == (at("09:00"), at("10:00"), 60)
    assert only["slot"] == [ref("Slot/s1-0900"), ref("Slot/s1-0930")]


async def test_an_answer_can_be_booked_as_it_is(clinic: Clinic) -> None:
    (first, *_) = found(await find(clinic, ("patient", "Patient/ann"), ("duration", "60")))
    booked = await clinic.post(first | {"status": "booked"})
    assert booked["status"] == "booked"
    slots = [each["reference"] for each in first["slot"]]
    assert set(await clinic.status(*slots)) == {"busy"}


async def test_what_is_taken_is_not_found(clinic: Clinic) -> None:
    await clinic.book("09:00")
    await clinic.book("13:00", patient="bob", status="pending")
    bundle = await find(clinic, ("practitioner", "Practitioner/p1"))
    assert starts(bundle) == [at("09:30")]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ((("practitioner", "Practitioner/p1"),), ["09:00", "09:30", "13:00"]),
        ((("practitioner", "PractitionerRole/role"),), ["09:00", "09:30", "13:00"]),
        ((("practitioner", "Practitioner/p1"), ("practitioner", "Practitioner/p2")),
         ["09:00", "09:00", "09:30", "13:00", "15:00"]),
        ((("location", "Location/theatre"),), ["09:00", "15:00"]),
        ((("location", "Location/hospital"),), ["09:00", "15:00"]),
        ((("service-type", "surgery"),), ["09:00", "15:00"]),
        ((("service-type", "http://clinic.example/services|checkup"),),
         ["09:00", "09:30", "13:00"]),
        ((("service-type", "http://other.example|checkup"),), []),
        ((("practitioner", "Practitioner/p1"), ("location", "Location/theatre")), []),
        ((("duration", "45"), ("practitioner", "Practitioner/p2")), ["15:00"]),
        ((("required-actor", "Patient/cem"), ("practitioner", "Practitioner/p1")),
         ["09:30", "13:00"]),
        ((("patient", "Patient/cem"), ("practitioner", "Practitioner/p1")), ["09:30", "13:00"]),
    ],
)  # fmt: skip
async def test_only_what_was_asked_for_is_found(
    clinic: Clinic, pairs: tuple[tuple[str, str], ...], expected: list[str]
) -> None:
    await clinic.put(a_role(), a_location("hospital"))
    await clinic.put(a_location("theatre", partOf=ref("Location/hospital")))
    await clinic.post(an_appointment("08:50", 20, schedule=None, patient="cem", others=()))
    assert minutes(await find(clinic, *pairs)) == expected


async def test_the_window_holds_the_whole_visit(clinic: Clinic) -> None:
    window = (("start", at("09:00")), ("end", at("09:59")))
    bundle = await clinic.call(CODE, *window, ("practitioner", "Practitioner/p1"))
    assert minutes(bundle) == ["09:00"]


async def test_days_may_be_asked_for_instead_of_a_window(clinic: Clinic) -> None:
    await clinic.put(a_slot() | {"id": "next", "start": at("09:00", 1), "end": at("09:30", 1)})
    bundle = await clinic.call(CODE, ("preferred-date", at("00:00", 1)[:10]))
    assert starts(bundle) == [at("09:00", 1)]
    days = [("preferred-date", at("00:00", day)[:10]) for day in (0, 1)]
    both = await clinic.call(CODE, *days, ("service-type", "checkup"))
    assert minutes(both) == ["09:00", "09:00", "09:30", "13:00"]


async def test_what_has_begun_is_not_found(clinic: Clinic) -> None:
    late = clinic.seen(at("09:10"))
    assert minutes(await find(late, ("service-type", "checkup"))) == ["09:30", "13:00"]


async def test_at_most_so_many_are_told_and_all_are_counted(clinic: Clinic) -> None:
    bundle = await find(clinic, ("_count", "2"))
    assert (len(found(bundle)), bundle["total"]) == (2, 5)
    counted = await find(clinic, ("_count", "0"))
    assert (found(counted), counted["total"]) == ([], 5)


async def test_factors_are_told_only_where_they_are_wanted(clinic: Clinic) -> None:
    (first, *_) = found(await find(clinic, ("explain", "false")))
    assert factors(first) == []
    assert part(extension(first, EXT_SCORE), "total") is not None


async def test_a_visit_whose_buffer_reaches_into_a_booking_is_not_found(clinic: Clinic) -> None:
    around = availability(bufferAfter=15)
    await clinic.put(a_practitioner("p3"), a_schedule("s3", "Practitioner/p3", extension=around))
    await clinic.put(*(a_slot(each, schedule="s3") for each in ("15:30", "16:00", "16:30")))
    await clinic.post(an_appointment("16:30", schedule="s3", others=("Practitioner/p3",)))
    wanted = ("practitioner", "Practitioner/p3")
    assert minutes(await find(clinic, wanted)) == ["15:30"]
    assert minutes(await find(clinic, wanted, ("duration", "15"))) == ["15:30", "16:00"]


def weight(code: str, value: Any) -> dict[str, Any]:
    parts = [{"name": "code", "valueCode": code}, {"name": "value", "valueDecimal": value}]
    return {"name": "weight", "part": parts}


async def test_weights_may_be_given(clinic: Clinic) -> None:
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "start", "valueDateTime": at("08:00")},
            {"name": "end", "valueDateTime": at("20:00")},
            {"name": "policy", "valueCode": "plan"},
            weight("patient-priority", 0),
            weight("provider-availability", Decimal("0.55")),
        ],
    }
    bundle = await clinic.call_with(CODE, body)
    weights = {part(each, "code"): part(each, "weight") for each in factors(found(bundle)[0])}
    assert weights["provider-availability"] == Decimal("0.55")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patient", "Patient/nobody"),
        ("practitioner", "Practitioner/nobody"),
        ("location", "Location/nowhere"),
        ("healthcare-service", "HealthcareService/none"),
        ("required-actor", "Device/none"),
        ("service-request", "ServiceRequest/none"),
    ],
)
async def test_a_reference_to_nothing_is_not_found(clinic: Clinic, name: str, value: str) -> None:
    error = await refusal(find(clinic, (name, value)))
    assert error.category is Category.NOT_FOUND
    assert only_issue(error).expression == (name,)


WHOLE = (("start", "2027-01-01T08:00:00Z"), ("end", "2027-01-01T18:00:00Z"))


@pytest.mark.parametrize(
    ("pairs", "named"),
    [
        ((), "start"),
        (WHOLE[:1], "start"),
        (WHOLE[1:], "start"),
        ((("start", "2027-01-01"), WHOLE[1]), "start"),
        ((WHOLE[0], ("end", "2027-01-01T07:00:00Z")), "end"),
        ((WHOLE[0], ("end", "2027-05-01T07:00:00Z")), "end"),
        ((("preferred-date", "2027-01"),), "preferred-date"),
        ((*WHOLE, ("policy", "worst")), "policy"),
        ((*WHOLE, ("_count", "101")), "_count"),
        ((*WHOLE, ("duration", "0")), "duration"),
    ],
)
async def test_what_cannot_be_answered_is_invalid(
    clinic: Clinic, pairs: tuple[tuple[str, str], ...], named: str
) -> None:
    error = await refusal(clinic.call(CODE, *pairs))
    assert error.category is Category.INVALID
    assert error.issues[0].expression[0] == named
