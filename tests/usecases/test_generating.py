"""`Schedule/[id]/$generate-slots` and the workers that do the same. Decision 9."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fhir_gateway.core.codes import EXT_ORIGIN
from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.core.ids import slot_id
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import parse_instant
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases import horizons, react
from fhir_gateway.usecases.operations import OPERATIONS, Call
from fhir_gateway.workers.horizon import keep_horizons
from tests.usecases.builders import (
    SURGERY,
    Resource,
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
    at,
    availability,
    different,
    later,
    ref,
    weekly,
)
from tests.usecases.clinic import BASE, TENANT, Clinic, refusal

#: Rules that hold on three days from DAY on: six Slots a day.
THREE_DAYS = {"start": at("00:00")[:10], "end": at("00:00", 2)[:10]}


def with_rules(
    *more: Resource, hours: tuple[str, str] = ("09:00", "12:00"), **parts: object
) -> Resource:
    extension = availability(weekly(*hours), *more, **{"validity": THREE_DAYS, **parts})
    return a_schedule(extension=extension)


async def generate(clinic: Clinic, schedule: str = "s1", *pairs: tuple[str, str]) -> dict[str, int]:
    operation = next(each for each in OPERATIONS if each.spec.code == "generate-slots")
    call = Call(Ref("Schedule", schedule), parameters.read(operation.spec, None, pairs), BASE)
    answer = json.parse(await operation.run(clinic.deps, TENANT, call))
    return {each["name"]: each["valueUnsignedInt"] for each in answer["parameter"]}


def counts(**given: int) -> dict[str, int]:
    return {"created": 0, "kept": 0, "changed": 0, "removed": 0, "blocked": 0} | given


@pytest.fixture
async def clinic(bare: Clinic) -> Clinic:
    """p1 from nine to twelve on three days; nothing generated yet."""
    await bare.put(a_practitioner(), a_patient("ann"), a_patient("bob"), with_rules())
    return bare


def slot(start: str = "09:00", day: int = 0) -> str:
    return slot_id("s1", parse_instant(at(start, day)))


async def test_slots_are_made_once_and_then_kept(clinic: Clinic) -> None:
    assert await generate(clinic) == counts(created=18)
    assert await generate(clinic) == counts(kept=18)
    made = await clinic.get(f"Slot/{slot('09:30', 1)}")
    validate(made, type_name="Slot")
    assert (made["start"], made["end"]) == (at("09:30", 1), at("10:00", 1))
    assert made["serviceType"] == a_schedule()["serviceType"]
    assert made["extension"] == [{"url": EXT_ORIGIN, "valueCode": "generated"}]
    assert await clinic.wrong_slots() == []


async def test_a_dry_run_says_the_same_and_does_nothing(clinic: Clinic) -> None:
    assert await generate(clinic, "s1", ("dry-run", "true")) == counts(created=18)
    assert await clinic.all("Slot") == []


async def test_the_workers_do_it_when_the_schedule_is_written(clinic: Clinic) -> None:
    await clinic.work()
    assert len(await clinic.all("Slot")) == 18
    await clinic.put(with_rules(hours=("09:00", "10:00")))
    await clinic.work()
    assert len(await clinic.all("Slot")) == 6


async def test_offers_do_not_wait_for_the_rules_of_many_schedules(clinic: Clinic) -> None:
    await clinic.put(
        a_slot("15:00"), *(a_schedule(f"s-{n}", extension=availability()) for n in "ab")
    )
    booked = await clinic.book("15:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert await react.due(clinic.deps) == 1
    assert await kinds_left(clinic) == ["rules-changed"] * 3
    assert await react.due(clinic.deps) == 1
    assert await kinds_left(clinic) == ["rules-changed"] * 2


async def kinds_left(clinic: Clinic) -> list[str]:
    return [str(kind) for (kind,) in await clinic.sql("SELECT kind FROM outbox ORDER BY id")]


async def test_slots_can_be_found_and_booked(clinic: Clinic) -> None:
    await generate(clinic)
    booked = await clinic.post(an_appointment(schedule=None) | {"slot": [ref(f"Slot/{slot()}")]})
    assert booked["status"] == "booked"
    assert await clinic.status(f"Slot/{slot()}") == ["busy"]


async def test_what_the_rules_no_longer_offer_goes_and_booked_time_stays(clinic: Clinic) -> None:
    await generate(clinic)
    await clinic.post(
        an_appointment("11:30", schedule=None) | {"slot": [ref(f"Slot/{slot('11:30')}")]}
    )
    await clinic.put(with_rules(hours=("09:00", "10:00")))
    assert await generate(clinic) == counts(kept=7, removed=11)
    assert await clinic.status(f"Slot/{slot('11:30')}") == ["busy"]
    assert (await refusal(clinic.get(f"Slot/{slot('11:30', 1)}"))).category is Category.GONE
    assert await clinic.wrong_slots() == []


async def test_slots_come_again_with_the_rules(clinic: Clinic) -> None:
    await generate(clinic)
    await clinic.put(with_rules(different(at("00:00")[:10], at("00:00")[:10], closed=True)))
    assert await generate(clinic) == counts(kept=12, removed=6)
    await clinic.put(with_rules())
    assert await generate(clinic) == counts(kept=12, created=6)
    assert (await clinic.get(f"Slot/{slot()}"))["meta"]["versionId"] == "3"


async def test_a_slot_that_was_booked_once_is_withdrawn_and_comes_again(clinic: Clinic) -> None:
    await generate(clinic)
    booked = await clinic.post(an_appointment(schedule=None) | {"slot": [ref(f"Slot/{slot()}")]})
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.put(with_rules(hours=("10:00", "12:00")))
    assert await generate(clinic) == counts(kept=12, removed=6)
    assert await clinic.status(f"Slot/{slot()}") == ["entered-in-error"]
    await clinic.put(with_rules())
    assert await generate(clinic) == counts(kept=12, created=6)
    assert await clinic.status(f"Slot/{slot()}") == ["free"]


async def test_free_slots_follow_the_length_and_the_services(clinic: Clinic) -> None:
    await generate(clinic)
    await clinic.put(with_rules(slotMinutes=60) | {"serviceType": [SURGERY]})
    assert await generate(clinic) == counts(changed=9, removed=9)
    changed = await clinic.get(f"Slot/{slot()}")
    assert (changed["end"], changed["serviceType"]) == (at("10:00"), [SURGERY])


async def test_no_slot_grows_into_booked_time(clinic: Clinic) -> None:
    await generate(clinic)
    await clinic.post(
        an_appointment("09:30", schedule=None) | {"slot": [ref(f"Slot/{slot('09:30')}")]}
    )
    await clinic.put(with_rules(slotMinutes=60))
    assert await generate(clinic) == counts(kept=1, changed=8, removed=9, blocked=1)
    assert await generate(clinic) == counts(kept=9, blocked=1)


async def test_slots_of_clients_and_feeds_are_left_alone_and_in_the_way(clinic: Clinic) -> None:
    await clinic.put(a_slot("09:10", 30), a_slot("15:00"))
    feed = a_slot("11:00") | {"extension": [{"url": EXT_ORIGIN, "valueCode": "feed"}]}
    await clinic.put(feed)
    assert await generate(clinic) == counts(created=15, blocked=3)
    await clinic.put(with_rules(hours=("20:00", "20:30")))
    assert await generate(clinic) == counts(created=3, removed=15)
    assert await clinic.status("Slot/s1-0910", "Slot/s1-1100", "Slot/s1-1500") == ["free"] * 3


async def test_a_new_slot_says_what_its_people_have_already(clinic: Clinic) -> None:
    await clinic.post(an_appointment("09:00", schedule=None))
    assert await generate(clinic) == counts(created=18)
    assert await clinic.status(f"Slot/{slot()}", f"Slot/{slot('09:30')}") == [
        "busy-unavailable", "free"
    ]  # fmt: skip
    assert await clinic.wrong_slots() == []


async def test_nobody_books_a_slot_that_is_being_taken_away(clinic: Clinic) -> None:
    await generate(clinic)
    await clinic.put(with_rules(hours=("20:00", "20:30")))

    async def book(start: str) -> Resource | None:
        wanted = an_appointment(start, schedule=None) | {"slot": [ref(f"Slot/{slot(start)}")]}
        with suppress(GatewayError):
            return await clinic.post(wanted)
        return None

    times = ("09:00", "09:30", "10:00", "10:30", "11:00", "11:30")
    *booked, _ = await asyncio.gather(*map(book, times), generate(clinic))
    named = [each["slot"][0]["reference"] for each in booked if each]
    assert await clinic.status(*named) == ["busy"] * len(named)
    assert await clinic.wrong_slots() == []


@pytest.mark.parametrize(
    "elements",
    [{"active": False}, {"planningHorizon": {"end": "2020-01-01"}}, {"extension": availability()}],
)
async def test_a_schedule_that_offers_nothing_has_no_slots(
    clinic: Clinic, elements: Resource
) -> None:
    await generate(clinic)
    await clinic.put(with_rules() | elements)
    assert await generate(clinic) == counts(removed=18)


async def test_slots_lie_inside_the_planning_horizon_and_never_in_the_past(clinic: Clinic) -> None:
    await clinic.put(with_rules() | {"planningHorizon": {"end": at("00:00", 1)[:10]}})
    assert await generate(clinic.seen(at("10:10"))) == counts(created=9)


async def test_rules_that_went_take_their_slots_along(clinic: Clinic) -> None:
    await clinic.work()
    await clinic.put(a_schedule())
    await clinic.work()
    assert await clinic.all("Slot") == []


async def test_holidays_offer_nothing(bare: Clinic) -> None:
    rules = availability(
        weekly("09:00", "10:00"), zone="Europe/Berlin", holidays="urn:iso:std:iso:3166:DE",
        validity={"start": "2026-12-24", "end": "2026-12-27"},
    )  # fmt: skip
    await bare.put(a_practitioner(), a_schedule(extension=rules))
    assert await generate(bare.seen("2026-12-01T00:00:00Z")) == counts(created=4)
    found = [each["start"] for each in await bare.all("Slot")]
    assert sorted(found) == [
        f"2026-12-{day}T09:{minute}:00+01:00" for day in (24, 27) for minute in ("00", "30")
    ]


async def test_without_rules_there_is_nothing_to_go_by(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2"))
    error = await refusal(generate(clinic, "s2"))
    assert error.category is Category.UNPROCESSABLE
    assert (await refusal(generate(clinic, "s3"))).category is Category.NOT_FOUND


async def test_the_horizon_moves_on_with_the_clock(bare: Clinic) -> None:
    await bare.put(a_practitioner(), a_schedule(extension=availability(weekly("09:00", "10:00"))))
    first = bare.seen(at("00:00"))
    assert await horizons.extend_all(first.deps, lambda: True) == 0
    assert await horizons.extend_all(first.deps) == 90 * 2
    assert await horizons.extend_all(first.deps) == 0
    assert await horizons.extend_all(bare.seen(at("12:00", 1)).deps) == 2 * 2
    assert await bare.wrong_slots() == []


class _Turning:
    """A clock that is half an hour further each time somebody looks."""

    def __init__(self, start: str, stop: asyncio.Event) -> None:
        self.time, self.stop = parse_instant(start), stop

    def now(self) -> datetime:
        self.time += timedelta(minutes=30)
        if self.time >= parse_instant(later(at("00:00"), 48 * 60)):
            self.stop.set()
        return self.time.astimezone(UTC)


async def test_a_worker_looks_each_hour_and_one_schedule_keeps_no_other_from_its_slots(
    bare: Clinic,
) -> None:
    rules = availability(weekly("09:00", "10:00"), validity=THREE_DAYS)
    await bare.put(a_practitioner(), a_schedule(extension=rules), a_schedule("s2", extension=rules))
    await bare.sql(
        "UPDATE schedule_content SET content = convert_to(replace(convert_from(content, 'UTF8'),"
        " '\"weekly\"', '\"weakly\"'), 'UTF8') WHERE id = 's1' RETURNING 1"
    )
    stop = asyncio.Event()
    deps = replace(bare.deps, clock=_Turning(at("00:00"), stop))
    await keep_horizons(deps, stop, period=0.001)
    assert len(await bare.all("Slot")) == 6
