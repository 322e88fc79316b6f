"""`Appointment/$find-optimal-slots`: for whom, with whom and under which rules.

Priority rules and wishes as stored, required actors, time kept for the urgent. Rows S4 to S16.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fhir_gateway.core.codes import (
    EXT_ORIGIN,
    EXT_PREFERENCE,
    EXT_PRIORITY_RULE,
    EXT_SCORE,
    SYSTEM_BASIC,
)
from fhir_gateway.core.errors import Category
from fhir_gateway.core.refs import Ref
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.usecases import write
from fhir_gateway.usecases.zones import extension, part
from tests.conftest import Server
from tests.usecases.builders import (
    DAY,
    Resource,
    a_device,
    a_location,
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
    at,
    ref,
)
from tests.usecases.clinic import TENANT, Clinic, refusal
from tests.usecases.finding import CODE, entries, find, found, minutes, starts

KINDS = "http://terminology.hl7.org/CodeSystem/v2-0276"
ANN = ("patient", "Patient/ann")


def values(appointment: Resource) -> dict[str, Decimal]:
    score = extension(appointment, EXT_SCORE) or {}
    factors = [each for each in score["extension"] if each["url"] == "factor"]
    return {part(each, "code"): part(each, "value") for each in factors}


def texts(appointment: Resource) -> str:
    score = extension(appointment, EXT_SCORE) or {}
    return " ".join(str(part(each, "text")) for each in score["extension"])


def a_rule(id_: str = "rule", kind: str = "URGENT", **parts: Any) -> Resource:
    types = {"baseScore": "Integer", "urgencyMultiplier": "Decimal", "maxWaitDays": "UnsignedInt",
             "sameDay": "Boolean"}  # fmt: skip
    inner = [{"url": name, f"value{types[name]}": value} for name, value in parts.items()]
    concept = {"coding": [{"system": KINDS, "code": kind}]}
    code = {
        "system": "http://terminology.hl7.org/CodeSystem/usage-context-type",
        "code": "appointment-type",
    }
    return {
        "resourceType": "PlanDefinition", "id": id_, "status": "active", "title": "Soon",
        "extension": [{"url": EXT_PRIORITY_RULE, "extension": inner}],
        "useContext": [{"code": code, "valueCodeableConcept": concept}],
    }  # fmt: skip


def a_preference(*inner: Resource, patient: str = "ann") -> Resource:
    return {
        "resourceType": "Basic", "id": f"wishes-{patient}",
        "code": {"coding": [{"system": SYSTEM_BASIC, "code": "scheduling-preference"}]},
        "subject": ref(f"Patient/{patient}"),
        "extension": [{"url": EXT_PREFERENCE, "extension": list(inner)}],
    }  # fmt: skip


def an_order(**elements: Any) -> Resource:
    return {
        "resourceType": "ServiceRequest", "id": "order", "status": "active", "intent": "order",
        "subject": ref("Patient/ann"),
    } | elements  # fmt: skip


@pytest.mark.parametrize("policy", ["plan", "best"])
async def test_row_s6_a_stored_rule_routes_before_the_cut(clinic: Clinic, policy: str) -> None:
    await clinic.put(a_rule(baseScore=90))
    bundle = await find(
        clinic, ANN, ("policy", policy), ("appointment-type", f"{KINDS}|URGENT"), ("_count", "1")
    )
    assert starts(bundle) == [at("09:00")]
    assert "rule rule" in texts(found(bundle)[0])
    (outcome,) = entries(bundle, "outcome")
    assert "earliest first" in outcome["resource"]["issue"][0]["diagnostics"]


async def test_a_rule_of_another_type_or_a_retired_one_says_nothing(clinic: Clinic) -> None:
    await clinic.put(a_rule(baseScore=90), a_rule("old", baseScore=90) | {"status": "retired"})
    (first, *_) = found(await find(clinic, ANN, ("appointment-type", f"{KINDS}|ROUTINE")))
    assert "no priority rule matches" in texts(first)
    await clinic.change("PlanDefinition/rule", status="retired")
    (first, *_) = found(await find(clinic, ANN, ("appointment-type", f"{KINDS}|URGENT")))
    assert "no priority rule matches" in texts(first)


async def test_row_s5_the_oldest_rule_scores_in_plan_and_the_highest_in_best(
    clinic: Clinic,
) -> None:
    await clinic.put(a_rule("z-first", baseScore=10), a_rule("a-later", baseScore=60))
    wanted = (ANN, ("appointment-type", f"{KINDS}|URGENT"))
    (plan, *_) = found(await find(clinic, *wanted, ("policy", "plan")))
    (best, *_) = found(await find(clinic, *wanted, ("policy", "best")))
    assert values(plan)["patient-priority"] == 10
    assert "rule a-later" in texts(best)


@pytest.mark.parametrize(("authored", "outside"), [(-3, True), (-2, False)])
async def test_row_s7_the_wait_begins_with_the_order(
    clinic: Clinic, authored: int, outside: bool
) -> None:
    await clinic.put(a_rule(baseScore=50, maxWaitDays=2))
    await clinic.put(an_order(authoredOn=at("10:00", authored)))
    bundle = await find(
        clinic.seen(at("07:00")), ANN, ("service-request", "ServiceRequest/order"),
        ("appointment-type", f"{KINDS}|URGENT"),
    )  # fmt: skip
    told = [each["resource"]["issue"][0]["diagnostics"] for each in entries(bundle, "outcome")]
    assert any("outside" in each for each in told) is outside
    assert len(found(bundle)) == (1 if outside else 2)


async def test_row_s7_else_with_the_entry_on_the_waitlist(clinic: Clinic) -> None:
    await clinic.put(a_rule(baseScore=50, maxWaitDays=2))
    await clinic.put(a_waitlist_entry("ann", created=at("10:00", -3)))
    bundle = await find(
        clinic.seen(at("07:00")), ANN, ("appointment-type", f"{KINDS}|URGENT"),
        ("service-type", "checkup"),
    )  # fmt: skip
    assert len(entries(bundle, "outcome")) == 1


async def test_a_rule_that_cannot_be_read_is_refused(clinic: Clinic) -> None:
    error = await refusal(clinic.put(a_rule(maxWaitDays=2)))
    assert error.category is Category.UNPROCESSABLE
    assert error.issues[0].expression == ("PlanDefinition.extension[0]",)


async def test_row_s16_stated_wishes_win_over_learnt_ones(clinic: Clinic) -> None:
    await clinic.put(
        a_practitioner("p2"), a_schedule("s2", "Practitioner/p2"), a_slot(schedule="s2")
    )
    for n in range(3):
        day = {"start": at("13:00", -30 - n), "end": at("13:30", -30 - n)}
        await clinic.post(an_appointment(schedule=None, status="fulfilled") | day)
    learnt = found(await find(clinic, ANN, ("policy", "best"), ("practitioner", "Practitioner/p1")))
    assert "preferred" in texts(learnt[0])
    await clinic.put(
        a_preference(
            {
                "url": "dayOfWeek",
                "valueCode": ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[DAY.weekday()],
            },
            {"url": "partOfDay", "valueCode": "morning"},
            {"url": "practitioner", "valueReference": ref("Practitioner/p2")},
        )
    )
    (first, *rest) = found(await find(clinic, ANN, ("policy", "plan")))
    assert values(first)["patient-preference"] == 100
    assert first["participant"][1]["actor"]["reference"] == "Practitioner/p2"
    assert {values(each)["patient-preference"] for each in rest} == {90}
    asked = found(
        await find(clinic, ANN, ("policy", "plan"), ("preferred-actor", "Practitioner/p1"))
    )
    assert asked[0]["participant"][1]["actor"]["reference"] == "Practitioner/p1"


async def test_row_s9_travel_time_is_that_of_the_location(clinic: Clinic) -> None:
    await clinic.put(a_location("near"), a_location("far"))
    for name in ("near", "far"):
        await clinic.put(a_practitioner(f"p-{name}"))
        await clinic.put(a_schedule(f"s-{name}", f"Practitioner/p-{name}", f"Location/{name}"))
        await clinic.put(a_slot("09:00", schedule=f"s-{name}"))
    travel = [
        {"url": "travel", "extension": [
            {"url": "location", "valueReference": ref(f"Location/{name}")},
            {"url": "minutes", "valueUnsignedInt": value},
        ]}
        for name, value in (("near", 0), ("far", 60))
    ]  # fmt: skip
    await clinic.put(a_preference(*travel))
    bundle = await find(clinic, ANN, ("policy", "plan"))
    near = {each["participant"][1]["actor"]["reference"][-3:]: values(each)["geographic-proximity"]
            for each in found(bundle)}  # fmt: skip
    assert (near["ear"], near["far"], near["/p1"]) == (100, 70, 50)


async def test_row_s11_nothing_is_found_within_the_notice(clinic: Clinic) -> None:
    late = clinic.under(slot_notice=30).seen(at("08:40"))
    assert minutes(await find(late)) == ["09:30"]


async def test_practitioner_room_and_device_are_free_together(clinic: Clinic) -> None:
    await clinic.put(a_device(), a_schedule("sd", "Device/scanner"), a_location("room"))
    await clinic.put(
        a_slot("09:30", schedule="sd"), a_slot("13:00"), a_slot("13:00", schedule="sd")
    )
    await clinic.post(
        an_appointment("13:00", schedule=None, patient="bob", others=("Device/scanner",))
    )
    wanted = (ANN, ("required-actor", "Device/scanner"), ("practitioner", "Practitioner/p1"))
    (only,) = found(await find(clinic, *wanted, ("required-actor", "Location/room")))
    assert only["start"] == at("09:30")
    people = [each["actor"]["reference"] for each in only["participant"]]
    assert people == ["Patient/ann", "Practitioner/p1", "Device/scanner", "Location/room"]
    assert [each["actor"]["reference"] for each in
            (await clinic.get(f"Appointment/{only['id']}"))["participant"]] == people  # fmt: skip
    await clinic.post(only | {"status": "booked"})
    assert await clinic.status("Slot/s1-0930", "Slot/sd-0930") == ["busy", "busy-unavailable"]


async def test_what_the_feed_has_booked_with_a_device_does_not_say_when_it_is_there(
    clinic: Clinic,
) -> None:
    made = [{"url": EXT_ORIGIN, "valueCode": "feed"}]
    await clinic.put(a_device(), a_schedule("sd", "Device/scanner", extension=made))
    await clinic.put(a_slot("09:30", schedule="sd", extension=made))
    wanted = (("required-actor", "Device/scanner"), ("practitioner", "Practitioner/p1"))
    assert minutes(await find(clinic, *wanted)) == ["09:00", "09:30"]


async def test_more_actors_than_an_id_can_say_are_refused(clinic: Clinic) -> None:
    names = [f"scanner-{n}" for n in range(30)]
    await clinic.put(*(a_device(each) for each in names))
    error = await refusal(find(clinic, *(("required-actor", f"Device/{each}") for each in names)))
    assert error.category is Category.TOO_COSTLY


EMERGENCY = {"coding": [{"system": KINDS, "code": "EMERGENCY"}]}


@pytest.mark.parametrize(
    ("seen", "pairs", "expected"),
    [
        (-3, (), ["09:00", "09:30"]),
        (-2, (), ["09:00", "09:30", "11:00"]),
        (-1, (("appointment-type", f"{KINDS}|ROUTINE"),), ["09:00", "09:30", "11:00"]),
        (-3, (("priority", "3"),), ["09:00", "09:30", "11:00"]),
        (-3, (("priority", "4"),), ["09:00", "09:30"]),
        (-3, (("appointment-type", f"{KINDS}|EMERGENCY"),), ["09:00", "09:30", "11:00"]),
        (-3, (("service-request", "ServiceRequest/order"),), ["09:00", "09:30", "11:00"]),
    ],
)
async def test_time_for_the_urgent_is_everybodys_two_days_before(
    clinic: Clinic, seen: int, pairs: tuple[tuple[str, str], ...], expected: list[str]
) -> None:
    await clinic.put(a_slot("11:00", appointmentType=EMERGENCY), an_order(priority="asap"))
    assert minutes(await find(clinic.seen(at("11:00", seen)), *pairs)) == expected


async def test_a_clinic_has_weights_of_its_own_and_a_call_may_change_them(clinic: Clinic) -> None:
    weights = {"plan": {"patient-priority": Decimal(0), "provider-availability": Decimal("0.55")}}
    tenant = replace(clinic.deps.tenants[TENANT], slot_weights=weights)
    own = Clinic(replace(clinic.deps, tenants={TENANT: tenant}))
    (first, *_) = found(await find(own, ("policy", "plan")))
    score = extension(first, EXT_SCORE) or {}
    told = {part(each, "code"): part(each, "weight") for each in score["extension"]}
    assert (told["patient-priority"], told["provider-availability"]) == (0, Decimal("0.55"))


async def test_the_same_question_has_the_same_answer(clinic: Clinic) -> None:
    await clinic.put(*(a_slot(f"1{n}:00") for n in range(8)))
    first, second = [await find(clinic.seen(at("07:00")), ANN) for _ in range(2)]
    scores = [[(e["resource"]["start"], e["search"]["score"]) for e in entries(each)]
              for each in (first, second)]  # fmt: skip
    assert scores[0] == scores[1]


async def test_row_s14_patients_and_slots_of_another_clinic_are_not_found(
    clinic: Clinic, database_url: str, servers: Server, server_kind: str
) -> None:
    name = str(conninfo_to_dict(database_url)["dbname"])
    url = servers(server_kind).url(name, SUPERUSER)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO tenant (id, slug, name, zone) VALUES (2, 'b', 'B', 'UTC')")
    both = clinic.deps.tenants | {2: replace(clinic.deps.tenants[TENANT], id=2, slug="b")}
    deps = replace(clinic.deps, tenants=both)
    for each in (a_patient("zoe"), a_practitioner("p9"), a_schedule("s9", "Practitioner/p9"),
                 a_slot("11:00", schedule="s9")):  # fmt: skip
        there = Ref(each["resourceType"], each["id"])
        await write.update(deps, 2, there, each, if_match=None)
    error = await refusal(find(clinic, ("patient", "Patient/zoe")))
    assert error.category is Category.NOT_FOUND
    assert minutes(await find(clinic)) == ["09:00", "09:30"]


async def test_row_s15_a_time_without_offset_or_backwards_is_invalid(clinic: Clinic) -> None:
    for start, end in (("2027-01-01", at("10:00")), (at("10:00"), at("09:00"))):
        error = await refusal(clinic.call(CODE, ("start", start), ("end", end)))
        assert error.category is Category.INVALID
