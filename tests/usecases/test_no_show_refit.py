"""A clinic's model learns from its own appointments once a day, and says how good it is."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from fhir_gateway.core.clock import FixedClock
from fhir_gateway.core.time import format_instant, parse_instant
from fhir_gateway.engines.no_show_trial import Booked, cases
from fhir_gateway.storage import no_show_models
from fhir_gateway.storage.no_show_models import KEPT, ModelRow
from fhir_gateway.usecases import seed
from fhir_gateway.usecases.no_show_facts import model_of
from fhir_gateway.usecases.no_show_records import booking_of, own_appointments
from fhir_gateway.usecases.no_show_refit import learn, refit, refit_due
from fhir_gateway.workers.refitting import refit_daily
from tests.engines.visits import a_clinic
from tests.usecases.builders import a_location, a_patient, an_appointment, participant
from tests.usecases.clinic import TENANT, Clinic

EPOCH = parse_instant("1970-01-01T00:00:00Z")


def test_a_clinic_with_many_visits_has_a_model_of_its_own() -> None:
    model, card = learn(a_clinic(6000), "7")
    assert (model.version, card["source"]) == ("7", "own-history")
    assert (card["visits"], card["learnt"]["visits"] + card["judged"]["visits"]) == (6000, 6000)
    figures = card["figures"]["all"]
    assert figures["best"]["skill"] > figures["cold-start"]["skill"]
    assert {"lead >= 1 day", "all"} == card["figures"].keys()
    assert card["coefficients"]["same-day"] < 0
    assert card["groups"]


@pytest.mark.parametrize(
    ("count", "days", "reason"),
    [
        (0, 60, "no appointment has been missed or kept yet"),
        (50, 1, "all appointments were on one day"),
        (500, 60, "too few visits to learn from"),
    ],
)
def test_with_too_little_the_cold_start_stays_and_this_is_said(
    count: int, days: int, reason: str
) -> None:
    model, card = learn(a_clinic(count, days), "7")
    assert (model.version, card["source"]) == ("cold-start", "cold-start")
    assert card["reason"].startswith(reason)
    assert model.base_rate == pytest.approx(card["base_rate"], abs=1e-4)


def test_what_is_learnt_but_worse_than_the_cold_start_does_not_count() -> None:
    clinic = a_clinic(3000)
    turned = np.where(clinic.day < 20_042, 1 - clinic.missed, clinic.missed)
    model, card = learn(replace(clinic, missed=turned), "7")
    assert model.cold
    assert "worse on the later visits" in card["reason"]


async def many(clinic: Clinic, count: int) -> None:
    """A clinic that has been written at once, with appointments of the past."""
    past = a_clinic(count)
    resources: list[dict[str, Any]] = [a_patient(f"p{number}") for number in range(count // 4)]
    for row in range(count):
        start = EPOCH + timedelta(days=int(past.day[row]), hours=9, minutes=row % 60)
        booked = EPOCH + timedelta(days=float(past.booked[row]))
        resources.append(
            an_appointment(
                schedule=None,
                id=f"a{row}",
                status="noshow" if past.missed[row] else "fulfilled",
            )
            | {
                "start": format_instant(start),
                "end": format_instant(start + timedelta(minutes=30)),
                "created": format_instant(booked.replace(microsecond=0)),
                "participant": [participant(f"Patient/p{past.patient[row]}")],
            }
        )
    await seed.fill(clinic.deps, TENANT, resources)


async def newest(clinic: Clinic) -> ModelRow | None:
    async with clinic.deps.database.transaction(TENANT) as tx:
        return await no_show_models.newest(tx)


async def test_what_is_learnt_from_is_what_was_booked(bare: Clinic) -> None:
    told = a_clinic(120)
    await many(bare, 120)
    made = await refit(bare.deps, bare.deps.tenants[TENANT])
    assert await newest(bare) == made
    assert (made.card["visits"], made.card["missed"]) == (120, told.missed.sum())
    async with bare.deps.database.transaction(TENANT) as tx:
        read = await own_appointments(tx, ZoneInfo("UTC"), bare.deps.clock.now())

    def rows(booked: Booked) -> list[tuple[float, ...]]:
        return sorted(zip(booked.day, booked.booked.round(3), booked.missed, strict=True))

    assert rows(read) == rows(told)


async def test_a_small_clinic_keeps_the_cold_start_around_its_own_rate(clinic: Clinic) -> None:
    for hour in (9, 10, 11):
        start = {"start": f"2026-01-05T{hour:02}:00:00Z", "end": f"2026-01-05T{hour:02}:30:00Z"}
        await clinic.post(an_appointment(schedule=None, status="noshow") | start)
    made = await refit(clinic.deps, clinic.deps.tenants[TENANT])
    model = model_of(made)
    assert model.cold
    assert model.base_rate > 0.15
    assert made.card["reason"]


async def test_a_refit_is_due_once_a_day_after_the_quiet_hour(clinic: Clinic) -> None:
    done = [
        await refit_due(clinic.seen(moment, "Asia/Riyadh").deps)
        for moment in (
            "2026-06-01T10:00:00Z",  # the first
            "2026-06-01T20:59:00Z",  # still the same day at the clinic
            "2026-06-01T21:01:00Z",  # just after midnight
            "2026-06-01T23:01:00Z",  # 02:01
            "2026-06-02T10:00:00Z",
        )
    ]
    assert done == [1, 0, 0, 1, 0]
    row = await newest(clinic)
    assert row is not None
    assert row.version == 2


async def test_old_versions_are_forgotten(clinic: Clinic) -> None:
    clock = FixedClock(parse_instant("2026-06-01T10:00:00Z"))
    async with clinic.deps.database.transaction(TENANT) as tx:
        for version in range(1, KEPT + 3):
            await no_show_models.add(tx, ModelRow(version, clock.now(), {}, {}))
    rows = await clinic.sql("SELECT min(version), max(version) FROM no_show_model")
    assert rows == [(3, KEPT + 2)]


async def test_days_and_hours_are_those_of_the_place(clinic: Clinic) -> None:
    zone = {"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": "Asia/Tokyo"}
    await clinic.put(a_location(extension=[zone]))
    people = [participant("Patient/ann"), participant("Location/room")]
    late = {"start": "2026-01-05T20:00:00Z", "end": "2026-01-05T20:30:00Z", "participant": people}
    await clinic.post(
        an_appointment(schedule=None, status="noshow", created="2026-01-05T10:00:00Z") | late
    )
    async with clinic.deps.database.transaction(TENANT) as tx:
        found = await own_appointments(tx, ZoneInfo("UTC"), clinic.deps.clock.now())
    assert (found.hour.tolist(), found.booking_hour.tolist()) == ([5.0], pytest.approx([19.0]))
    assert cases(found).visits.lead.tolist() == [1]


async def test_the_refitting_ends_when_it_is_told_to(clinic: Clinic) -> None:
    stop = asyncio.Event()
    stop.set()
    await refit_daily(clinic.deps, stop)
    assert await newest(clinic) is None


@pytest.mark.parametrize(
    ("created", "known_since", "expected"),
    [
        ("2026-01-03T10:00:00Z", "2026-01-04T00:00:00Z", ("2026-01-03T10:00:00Z", True)),
        ("2026-01-03", "2026-01-04T00:00:00Z", ("2026-01-03T00:00:00Z", False)),
        (None, "2026-01-04T00:00:00Z", ("2026-01-04T00:00:00Z", True)),
        ("2026", "2026-01-04T00:00:00Z", ("2026-01-04T00:00:00Z", True)),
        (None, "2026-01-06T00:00:00Z", (None, False)),
    ],
)
def test_when_it_was_booked_is_what_it_says_or_when_it_was_first_heard_of(
    created: str | None, known_since: str, expected: tuple[str | None, bool]
) -> None:
    start = parse_instant("2026-01-05T09:00:00Z")
    found = booking_of(created, parse_instant(known_since), start, ZoneInfo("UTC"))
    assert (found.at and format_instant(found.at), found.has_hour) == expected
