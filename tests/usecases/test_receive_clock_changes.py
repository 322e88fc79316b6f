"""At which instant is a wall-clock time, on both sides of a clock change? hl7v2.md section 1.8."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.usecases.deps import Deps
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.ehr import Ehr

BERLIN = SenderProfile(zone="Europe/Berlin")
LOCAL = "20270301090000"


def of_berlin(deps: Deps) -> Deps:
    """The same gateway for a clinic in Berlin."""
    tenant = replace(deps.tenants[TENANT], zone=ZoneInfo("Europe/Berlin"))
    return replace(deps, tenants={TENANT: tenant})


@pytest.fixture(params=["the sender's", "the tenant's"])
def berlin(request: pytest.FixtureRequest, bare: Clinic) -> Ehr:
    """A sender in Berlin, known to be there or because the clinic is."""
    known = {
        "the sender's": Ehr(bare).called(BERLIN),
        "the tenant's": Ehr(Clinic(of_berlin(bare.deps))),
    }
    return known[request.param]


@pytest.mark.parametrize(
    ("start", "end", "expected", "ends"),
    [
        ("202703271430", "202703271500", "2027-03-27T14:30:00+01:00", "2027-03-27T15:00:00+01:00"),
        ("202703281430", "202703281500", "2027-03-28T14:30:00+02:00", "2027-03-28T15:00:00+02:00"),
        ("202703280130", "202703280330", "2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"),
        ("202710300900", "202710300930", "2027-10-30T09:00:00+02:00", "2027-10-30T09:30:00+02:00"),
        ("202710310900", "202710310930", "2027-10-31T09:00:00+01:00", "2027-10-31T09:30:00+01:00"),
        ("202710310130", "202710310330", "2027-10-31T01:30:00+02:00", "2027-10-31T03:30:00+01:00"),
    ],
)
@pytest.mark.parametrize("sent", [LOCAL, LOCAL + "+0100"])
async def test_a_time_without_offset_has_that_of_its_own_day(
    berlin: Ehr, sent: str, start: str, end: str, expected: str, ends: str
) -> None:
    booked = await berlin.sends("S12", start="", sent=sent, tq1={7: start, 8: end})
    assert (booked["start"], booked["end"]) == (expected, ends)
    assert (await berlin.last()).details == []
    (slot,) = await berlin.clinic.all("Slot")
    assert slot["status"] == "busy"


async def test_a_time_that_is_skipped_moves_on_by_the_gap_and_is_reported(berlin: Ehr) -> None:
    booked = await berlin.sends("S12", start="", sent=LOCAL, tq1={7: "202703280230", 6: "30^min"})
    assert (booked["start"], booked["end"]) == (
        "2027-03-28T03:30:00+02:00", "2027-03-28T04:00:00+02:00",
    )  # fmt: skip
    assert (await berlin.last()).details == ["clock-change"]


async def test_a_time_that_comes_twice_is_the_first_and_is_reported(berlin: Ehr) -> None:
    booked = await berlin.sends("S12", start="", sent=LOCAL, tq1={7: "202710310230", 6: "30^min"})
    assert (booked["start"], booked["end"]) == (
        "2027-10-31T02:30:00+02:00", "2027-10-31T02:00:00+01:00",
    )  # fmt: skip
    assert (await berlin.last()).details == ["clock-change"]


async def test_the_two_hours_of_one_name_are_two_times(berlin: Ehr) -> None:
    for number, offset in enumerate(("+0200", "+0100")):
        times = {7: f"202710310230{offset}", 8: f"202710310300{offset}"}
        await berlin.sends("S12", id_=f"F-{number}", start="", sent=LOCAL, tq1=times)
    slots = await berlin.clinic.all("Slot")
    assert [each["start"] for each in slots] == [
        "2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00",
    ]  # fmt: skip
    assert [each["status"] for each in slots] == ["busy", "busy"]
    assert await berlin.clinic.all("Task") == []


async def test_a_visit_over_the_change_is_as_long_as_it_is(berlin: Ehr) -> None:
    booked = await berlin.sends(
        "S12", start="", sent=LOCAL, tq1={7: "202710310100", 8: "202710310400"}
    )
    assert booked["minutesDuration"] == 240


async def test_an_offset_of_the_sender_that_is_not_its_zones_counts_for_the_message(
    berlin: Ehr,
) -> None:
    booked = await berlin.sends(
        "S12", start="", sent=LOCAL + "-0500", tq1={7: "202707010900", 8: "202707010930"}
    )
    assert booked["start"] == "2027-07-01T09:00:00-05:00"


async def test_an_offset_of_the_value_itself_is_kept(berlin: Ehr) -> None:
    times = {7: "202707010900+0545", 8: "202707010930+0545"}
    booked = await berlin.sends("S12", start="", sent=LOCAL, tq1=times)
    assert booked["start"] == "2027-07-01T09:00:00+05:45"
    (slot,) = await berlin.clinic.all("Slot")
    assert slot["status"] == "busy"
