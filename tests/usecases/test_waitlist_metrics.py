"""What became of freed times is counted, and learnt from."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.engines.waitlist_wave import Acceptance, notice_bucket
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage import offer_log
from fhir_gateway.usecases.operations import Call, Document
from fhir_gateway.usecases.operations.waitlist_metrics import MEASURE, SPEC, run
from tests.usecases.builders import Resource, a_patient, a_response
from tests.usecases.clinic import BASE, TENANT, Clinic, refused_with
from tests.usecases.measuring import in_short
from tests.usecases.waiting_room import free_up, offers, waiting

#: When it was, which no test says.
UNSURE = ("minutes-to-fill", "start", "end")
FIVE = tuple(f"w{number}" for number in range(1, 6))


@pytest.fixture
async def told(clinic: Clinic) -> Clinic:
    """Of five who were asked one declined, one let the time run out, one accepted."""
    plan = clinic.under(waitlist="plan")
    mail = [{"system": "email", "value": "a@x.example"}]
    await plan.put(*(a_patient(each) for each in FIVE[:4]), a_patient("w5", telecom=mail))
    await waiting(plan, *FIVE)
    await free_up(plan)
    made = {each["participant"][0]["actor"]["reference"]: each for each in await offers(plan)}
    await answer(plan, made["Patient/w1"], "declined")
    await plan.time_is_up(made["Patient/w2"])
    await plan.work()
    await answer(plan, made["Patient/w5"], "accepted")
    return plan


async def answer(clinic: Clinic, offer: Resource, said: str) -> None:
    who = offer["participant"][0]["actor"]["reference"]
    await clinic.post(a_response(f"Appointment/{offer['id']}", said, who))
    await clinic.work()


async def measured(clinic: Clinic, *pairs: tuple[str, str]) -> bytes | Document:
    call = Call(None, parameters.read(SPEC, None, pairs), BASE)
    return await run(clinic.deps, TENANT, call)


async def rows(clinic: Clinic, *pairs: tuple[str, str]) -> list[Resource]:
    document = await measured(clinic, ("output", "json"), *pairs)
    assert isinstance(document, Document)
    found: list[Resource] = json.parse(document.content)["row"]
    return found


async def test_all_offers_of_the_last_days_are_counted(told: Clinic) -> None:
    found = {(each["service"], each["channel"]): each for each in await rows(told)}
    assert set(found) == {
        ("", ""), ("", "email"), ("", "sms"), ("checkup", ""), ("checkup", "email"),
        ("checkup", "sms"),
    }  # fmt: skip
    whole = found["", ""]
    assert {name: whole[name] for name in whole if name not in UNSURE} == {
        "service": "", "channel": "", "freed": 1, "offered": 5, "messages": 5, "accepted": 1,
        "declined": 1, "expired": 1, "filled": 1, "offers-per-fill": 5.0,
    }  # fmt: skip
    assert 0 <= whole["minutes-to-fill"] < 10
    assert (found["", "sms"]["offered"], found["", "email"]["accepted"]) == (4, 1)
    assert found["checkup", ""] == whole | {"service": "checkup"}


async def test_the_report_is_a_measure_report(told: Clinic) -> None:
    content = await measured(told)
    assert isinstance(content, bytes)
    report = json.parse(content)
    validate(report | {"id": "r"}, type_name="MeasureReport")
    assert report["measure"] == MEASURE.url
    short = in_short(report)
    assert (short["waitlist-offered"], short["waitlist-filled"]) == ("5", "1")
    assert short["waitlist-offers-per-fill"] == "5.00"
    of_service, of_channel = report["group"][1]["stratifier"]
    assert [each["value"]["text"] for each in of_service["stratum"]] == ["checkup"]
    assert [each["value"]["text"] for each in of_channel["stratum"]] == ["email", "sms"]


async def test_each_day_has_a_report_of_its_own(told: Clinic) -> None:
    today = datetime.now(UTC).date()
    pairs = (("start", str(today - timedelta(days=2))), ("end", str(today)))
    content = await measured(told, *pairs, ("granularity", "day"))
    assert isinstance(content, bytes)
    reports = [each["resource"] for each in json.parse(content)["entry"]]
    assert [each["period"]["start"] for each in reports] == [
        str(today - timedelta(days=each)) for each in (2, 1, 0)
    ]
    assert [in_short(each)["waitlist-freed"] for each in reports] == ["0", "0", "1"]


@pytest.mark.parametrize(
    ("subject", "freed"),
    [
        (("practitioner", "Practitioner/p1"), "1"),
        (("practitioner", "Practitioner/p"), "0"),
        (("location", "Location/room"), "0"),
    ],
)
async def test_only_times_of_one_are_counted(
    told: Clinic, subject: tuple[str, str], freed: str
) -> None:
    content = await measured(told, subject)
    assert isinstance(content, bytes)
    report = json.parse(content)
    assert report["subject"] == {"reference": subject[1]}
    assert in_short(report)["waitlist-freed"] == freed


async def test_the_table_for_spreadsheets_says_the_same(told: Clinic) -> None:
    document = await measured(told, ("output", "csv"))
    assert isinstance(document, Document)
    assert document.media == "text/csv; charset=utf-8"
    table = list(csv.DictReader(io.StringIO(document.content.decode())))
    assert [each["offered"] for each in table] == [
        str(each["offered"]) for each in await rows(told)
    ]


async def test_a_period_counts_the_times_that_came_free_in_it(told: Clinic) -> None:
    today = datetime.now(UTC).date()
    before = str(today - timedelta(days=1))
    (row,) = await rows(told, ("start", before), ("end", before))
    assert [{name: value for name, value in row.items() if name not in ("start", "end")}] == [
        {"service": "", "channel": "", "freed": 0, "offered": 0, "messages": 0, "accepted": 0,
         "declined": 0, "expired": 0, "filled": 0, "offers-per-fill": None,
         "minutes-to-fill": None},
    ]  # fmt: skip
    assert (await rows(told, ("start", before), ("end", str(today))))[0]["freed"] == 1


@pytest.mark.parametrize(
    "pairs",
    [
        [("start", "2026-06-02"), ("end", "2026-06-01")],
        [("start", "2026")],
        [("output", "pdf")],
        [("granularity", "hour")],
        [("granularity", "day"), ("start", "2026-01-01"), ("end", "2029-01-01")],
        [("granularity", "day"), ("end", "2026-06-01T09:00:00Z")],
        [("practitioner", "Practitioner/p1"), ("location", "Location/room")],
        [("location", "Practitioner/p1")],
    ],
)
async def test_what_cannot_be_measured_is_refused(
    clinic: Clinic, pairs: list[tuple[str, str]]
) -> None:
    assert (await refused_with(measured(clinic, *pairs)))[0] is Category.INVALID


async def test_answers_are_learnt_by_channel_and_notice(told: Clinic) -> None:
    far = notice_bucket(14 * 24 * 60)
    async with told.deps.database.transaction(TENANT) as tx:
        assert await offer_log.acceptances(tx, far, ("sms", "email", "push")) == {
            "sms": Acceptance(0, 2), "email": Acceptance(1, 0), "push": Acceptance(),
        }  # fmt: skip
        assert await offer_log.acceptances(tx, 0, ("sms",)) == {"sms": Acceptance()}
