"""A RiskAssessment says how likely a no-show is, by which rule, and why."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_gateway.core.codes import CANONICAL, EXT_PREDICTION
from fhir_gateway.core.errors import Category
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage import no_show_models
from fhir_gateway.storage.no_show_models import ModelRow
from fhir_gateway.usecases.operations import Call, predict_no_show
from tests.engines.visits import the_truth
from tests.usecases.builders import Resource, an_appointment, at
from tests.usecases.clinic import BASE, TENANT, Clinic, refused_with

PAST = ("2026-01-05T10:00:00Z", "2026-01-06T10:00:00Z", "2026-01-07T10:00:00Z")


async def predict(
    clinic: Clinic, appointment: Resource, *pairs: tuple[str, str], safe: bool = False
) -> Any:
    values = parameters.read(predict_no_show.SPEC, None, pairs)
    call = Call(Ref("Appointment", appointment["id"]), values, BASE, "", "Appointment", safe)
    return json.parse(await predict_no_show.run(clinic.deps, TENANT, call))


async def was(clinic: Clinic, *statuses: str) -> None:
    """Ann's past appointments ended like this, the oldest first."""
    for status, start in zip(statuses, PAST, strict=False):
        past = an_appointment(schedule=None, status=status)
        await clinic.post(past | {"start": start, "end": start.replace("10:00", "10:30")})


def percent(assessment: Any) -> float:
    return float(assessment["prediction"][0]["probabilityDecimal"])


def parts(assessment: Any) -> dict[str, tuple[float, str]]:
    extension = assessment["prediction"][0]["extension"][0]
    assert extension["url"] == EXT_PREDICTION
    found = {}
    for part in extension["extension"]:
        if part["url"] == "part":
            code, effect, text = part["extension"]
            found[code["valueCode"]] = (float(effect["valueDecimal"]), text["valueString"])
    return found


async def test_a_new_patient_is_told_by_plan_as_fifteen_percent(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    assessment = await predict(clinic, booked, ("policy", "plan"))
    assert percent(assessment) == 15
    assert parts(assessment) == {"new-patient": (0.15, "15.0 % to begin with")}


async def test_row_s2_plan_divides_by_all_past_appointments_and_best_by_those_that_ended(
    clinic: Clinic,
) -> None:
    await was(clinic, "noshow", "fulfilled", "cancelled")
    tuesday = await clinic.seen("2026-06-01T06:00:00Z").post(
        an_appointment(schedule=None)
        | {"start": "2026-06-16T12:00:00Z", "end": "2026-06-16T12:30:00Z"}
    )
    there = clinic.seen("2026-06-01T06:00:00Z")
    assert percent(await predict(there, tuesday, ("policy", "plan"))) == pytest.approx(33.33)
    history = parts(await predict(there, tuesday))["history"][0]
    assert history > 0  # one of two, not one of three


async def test_row_s1_a_patient_who_never_came_is_told_as_a_hundred_percent(
    clinic: Clinic,
) -> None:
    await was(clinic, "noshow", "noshow", "noshow")
    booked = await clinic.book("09:00")
    assert percent(await predict(clinic, booked, ("policy", "plan"))) == 100


async def test_row_s3_future_appointments_are_no_history(clinic: Clinic) -> None:
    await clinic.book("09:00")
    second = await clinic.book("09:30")
    assert parts(await predict(clinic, second, ("policy", "plan"))).keys() == {"new-patient"}
    assert parts(await predict(clinic, second))["history"][0] == 0


async def test_best_is_told_with_its_model_and_all_parts(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    assessment = await predict(clinic, booked)
    assert assessment["method"]["coding"] == [
        {"system": f"{CANONICAL}/CodeSystem/no-show", "code": "best"}
    ]
    assert assessment["basis"] == [{"reference": f"Appointment/{booked['id']}"}]
    assert assessment["subject"] == {"reference": "Patient/ann"}
    extension = assessment["prediction"][0]["extension"][0]["extension"]
    assert extension[1] == {"url": "model", "valueString": "cold-start"}
    told = parts(assessment)
    assert told["base-rate"][1] == "15.0 % to begin with"
    assert told["sex"][1] == "no effect"
    assert 0 < percent(assessment) < 100
    assert "Never a reason to deny" in assessment["note"][0]["text"]


async def test_a_reminder_that_is_told_lowers_the_risk(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    reminded = await predict(clinic, booked, ("reminded", "true"))
    assert percent(reminded) < percent(await predict(clinic, booked))
    assert parts(reminded)["reminder"][1].startswith("odds × 0.")


async def test_a_prediction_is_kept_where_it_is_asked_for_and_not_otherwise(
    clinic: Clinic,
) -> None:
    booked = await clinic.book("09:00")
    await predict(clinic, booked)
    assert await clinic.all("RiskAssessment") == []
    kept = await predict(clinic, booked, ("store", "true"))
    assert await clinic.get(f"RiskAssessment/{kept['id']}") == kept
    validate(kept, type_name="RiskAssessment")


async def test_the_policy_of_the_clinic_counts_where_none_is_named(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    assert percent(await predict(clinic.under(no_show="plan"), booked)) == 15


async def test_a_time_that_was_found_can_be_judged_before_it_is_booked(clinic: Clinic) -> None:
    found = await clinic.call(
        "find-optimal-slots", ("start", at("08:00")), ("end", at("12:00")),
        ("patient", "Patient/ann"),
    )  # fmt: skip
    proposed = found["entry"][0]["resource"]
    assert 0 < percent(await predict(clinic, proposed)) < 100
    assert await refused_with(predict(clinic, proposed, ("store", "true"))) == (
        Category.UNPROCESSABLE,
        None,
    )


@pytest.mark.parametrize(
    ("pairs", "safe"),
    [([("policy", "worst")], False), ([("store", "true")], True)],
)
async def test_an_unknown_policy_and_storing_by_get_are_refused(
    clinic: Clinic, pairs: list[tuple[str, str]], safe: bool
) -> None:
    booked = await clinic.book("09:00")
    category, _ = await refused_with(predict(clinic, booked, *pairs, safe=safe))
    assert category is Category.INVALID


async def test_what_is_over_and_what_has_no_patient_is_not_predicted(clinic: Clinic) -> None:
    over = await clinic.book("09:00", status="noshow")
    nobodys = await clinic.book("09:30", patient=None)
    for each in (over, nobodys):
        category, _ = await refused_with(predict(clinic, each))
        assert category is Category.UNPROCESSABLE


async def test_an_appointment_that_is_not_there_is_not_predicted(clinic: Clinic) -> None:
    category, _ = await refused_with(predict(clinic, {"id": "none"}))
    assert category is Category.NOT_FOUND


async def test_a_model_of_the_clinics_own_is_used_from_then_on(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    before = await predict(clinic, booked)
    await clinic.put({"resourceType": "Patient", "id": "ann", "gender": "male"})
    row = ModelRow(4, datetime(2026, 1, 1, tzinfo=UTC), the_truth().written(), {})
    async with clinic.deps.database.transaction(TENANT) as tx:
        await no_show_models.add(tx, row)
    after = await predict(clinic, booked)
    assert parts(after)["sex"][1] == "odds × 1.22"
    assert percent(after) != percent(before)
    found = await clinic.call(
        "find-optimal-slots", ("start", at("08:00")), ("end", at("12:00")),
        ("patient", "Patient/ann"),
    )  # fmt: skip
    assert "risk of no-show" in str(found["entry"][0]["resource"]["extension"])
