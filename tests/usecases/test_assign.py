"""`Appointment/$assign`: one time for each of many who wait."""

import pytest

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.core.errors import Category
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases.zones import extension, part
from tests.usecases.builders import (
    SURGERY,
    Resource,
    a_practitioner,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
    at,
    later,
)
from tests.usecases.clinic import Clinic, refusal
from tests.usecases.finding import entries, found

CODE = "assign"
WHOLE = (("start", at("08:00")), ("end", at("20:00")))
CHECK_UP = ("service-type", "checkup")


async def assign(clinic: Clinic, *pairs: tuple[str, str]) -> Resource:
    return await clinic.call(CODE, *WHOLE, *pairs)


def given(bundle: Resource) -> dict[str, str]:
    """The clock time that each patient gets."""
    return {
        each["participant"][0]["actor"]["reference"].removeprefix("Patient/"): each["start"][11:16]
        for each in found(bundle)
    }


def left_out(bundle: Resource) -> list[str]:
    return [
        issue["diagnostics"].rpartition("/")[2]
        for each in entries(bundle, "outcome")
        for issue in each["resource"]["issue"]
    ]


async def test_each_gets_one_time_and_no_time_is_given_twice(clinic: Clinic) -> None:
    await clinic.put(*(a_waitlist_entry(each) for each in ("ann", "bob")))
    bundle = await assign(clinic, CHECK_UP)
    validate(bundle, type_name="Bundle")
    assert sorted(given(bundle).values()) == ["09:00", "09:30"]
    assert (bundle["total"], left_out(bundle)) == (2, [])
    for each in found(bundle):
        patient = each["participant"][0]["actor"]["reference"].removeprefix("Patient/")
        assert each["supportingInformation"] == [{"reference": f"Appointment/wait-{patient}"}]
        score = extension(each, EXT_SCORE)
        parts = [part(e, "contribution") for e in score["extension"] if e["url"] == "factor"]
        assert abs(sum(parts) - part(score, "total")) <= 0.005


async def test_what_is_given_can_be_booked(clinic: Clinic) -> None:
    await clinic.put(*(a_waitlist_entry(each) for each in ("ann", "bob")))
    for each in found(await assign(clinic, CHECK_UP)):
        assert (await clinic.post(each | {"status": "booked"}))["status"] == "booked"


async def test_the_less_urgent_and_the_later_are_left_out(clinic: Clinic) -> None:
    await clinic.put(
        a_waitlist_entry("ann", priority=5),
        a_waitlist_entry("bob", priority=2),
        a_waitlist_entry("cem", priority=5, created="2025-12-01T09:00:00Z"),
    )
    bundle = await assign(clinic, CHECK_UP)
    assert set(given(bundle)) == {"bob", "cem"}
    assert left_out(bundle) == ["wait-ann"]


async def test_whoever_can_come_at_one_time_only_gets_it(clinic: Clinic) -> None:
    await clinic.put(*(a_waitlist_entry(each) for each in ("ann", "bob")))
    await clinic.post(an_appointment("09:35", 10, schedule=None, patient="bob", others=()))
    assert given(await assign(clinic, CHECK_UP)) == {"bob": "09:00", "ann": "09:30"}


@pytest.mark.parametrize(
    "elements",
    [
        {"requestedPeriod": [{"start": at("00:00", 1)[:10]}]},
        {"participant": [{"actor": {"reference": "Patient/bob"}, "status": "accepted"},
                         {"actor": {"reference": "Practitioner/p2"}, "status": "accepted"}]},
        {"minutesDuration": 45},
    ],
)  # fmt: skip
async def test_wishes_that_no_time_meets_leave_somebody_out(
    clinic: Clinic, elements: Resource
) -> None:
    await clinic.put(a_practitioner("p2"), a_waitlist_entry("bob", **elements))
    assert left_out(await assign(clinic, CHECK_UP)) == ["wait-bob"]


async def test_entries_may_be_named_and_others_wait_on(clinic: Clinic) -> None:
    await clinic.put(*(a_waitlist_entry(each) for each in ("ann", "bob")))
    bundle = await assign(clinic, ("entry", "Appointment/wait-bob"), CHECK_UP)
    assert set(given(bundle)) == {"bob"}


async def test_a_patient_who_waits_twice_gets_one_time(clinic: Clinic) -> None:
    await clinic.put(a_waitlist_entry("ann"), a_waitlist_entry("ann") | {"id": "again"})
    bundle = await assign(clinic, CHECK_UP)
    assert (len(found(bundle)), left_out(bundle)) == (1, [])


async def test_long_visits_do_not_overlap(clinic: Clinic) -> None:
    await clinic.put(*(a_slot(each) for each in ("10:00", "10:30")))
    await clinic.put(*(a_waitlist_entry(each) for each in ("ann", "bob", "cem")))
    bundle = await assign(clinic, CHECK_UP, ("duration", "60"))
    assert sorted(given(bundle).values()) == ["09:00", "10:00"]
    assert [each["end"] for each in found(bundle)] == [
        later(each["start"], 60) for each in found(bundle)
    ]


async def test_where_nobody_waits_or_nothing_is_free_the_answer_is_empty(clinic: Clinic) -> None:
    assert found(await assign(clinic, CHECK_UP)) == []
    await clinic.put(a_schedule("s2", serviceType=[SURGERY]))
    await clinic.put(a_waitlist_entry("bob", serviceType=[SURGERY]))
    bundle = await assign(clinic, ("service-type", "surgery"))
    assert (found(bundle), left_out(bundle)) == ([], ["wait-bob"])


async def test_what_does_not_wait_and_no_question_at_all_are_refused(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    error = await refusal(assign(clinic, ("entry", f"Appointment/{booked['id']}")))
    assert (error.category, error.issues[0].expression) == (Category.NOT_FOUND, ("entry",))
    assert (await refusal(assign(clinic))).category is Category.INVALID
