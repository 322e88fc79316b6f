"""Predictions and preferences over HTTP: what GET may do, and what takes a POST."""

import pytest
from starlette.types import ASGIApp

from tests.api.builders import ask
from tests.usecases.builders import an_appointment

PREDICT = "/fhir/Appointment/next/$predict-no-show"


@pytest.fixture
async def booked(clinic: ASGIApp) -> ASGIApp:
    appointment = an_appointment(schedule=None, others=(), id="next")
    answer = await ask(clinic, "/fhir/Appointment/next", "PUT", json=appointment)
    assert answer.status_code == 201, answer.text
    return clinic


async def test_a_prediction_is_read_by_get_and_kept_by_post(booked: ASGIApp) -> None:
    told = await ask(booked, f"{PREDICT}?policy=plan")
    assert (told.status_code, told.json()["resourceType"]) == (200, "RiskAssessment")
    assert told.json()["prediction"][0]["probabilityDecimal"] == 15
    refused = await ask(booked, f"{PREDICT}?store=true")
    assert (refused.status_code, "POST" in refused.text) == (400, True)
    kept = await ask(booked, f"{PREDICT}?store=true", "POST")
    assert kept.status_code == 200
    found = await ask(booked, "/fhir/RiskAssessment?appointment=Appointment/next")
    assert [each["resource"]["id"] for each in found.json()["entry"]] == [kept.json()["id"]]


async def test_preferences_are_read_by_get_and_worked_out_by_post(booked: ASGIApp) -> None:
    told = await ask(booked, "/fhir/Patient/ann/$scheduling-preferences")
    assert told.status_code == 200, told.text
    address = "/fhir/Patient/ann/$update-scheduling-preferences"
    assert (await ask(booked, address)).status_code == 405
    assert (await ask(booked, address, "POST")).json() == told.json()
