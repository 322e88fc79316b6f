"""What is said about a parent goes for its children that have not begun. S15, S16, S17 and S21."""

import pytest

from tests.usecases.builders import Resource, at
from tests.usecases.ehr import DOE, ROE, Ehr, siu, ts

NEXT = "20260301090100+0000"
HOURS = {"C-1": "09:00", "C-2": "10:00", "C-3": "11:00"}


@pytest.fixture
async def series(ehr: Ehr) -> Ehr:
    """Three appointments of a parent P that nobody has booked itself."""
    for id_, start in HOURS.items():
        await ehr.sends("S12", id_=id_, start=start, sch={24: "P"}, people=(DOE, ROE))
    return ehr


async def statuses(ehr: Ehr) -> list[str]:
    return [(await ehr.appointment(each))["status"] for each in HOURS]


async def held(ehr: Ehr) -> int:
    """How many rows hold time."""
    ((count,),) = await ehr.clinic.sql("SELECT count(*) FROM busy WHERE exclusive")
    return int(count)


@pytest.mark.parametrize(
    ("event", "status"), [("S15", "cancelled"), ("S16", "cancelled"), ("S17", "entered-in-error")]
)
async def test_a_parent_that_is_stopped_stops_its_children(
    series: Ehr, event: str, status: str
) -> None:
    await series.send(siu(event, id_="P", start="", people=(), sent=NEXT))
    assert await statuses(series) == [status] * 3
    assert await held(series) == 0
    assert {each["status"] for each in await series.clinic.all("Slot")} == {"free"}
    assert (await series.last()).details == ["series"]


async def test_the_reason_is_the_childrens_too(series: Ehr) -> None:
    await series.send(siu("S16", id_="P", start="", sch={6: "ILL^Ill"}, sent=NEXT))
    reason = (await series.appointment("C-1"))["cancelationReason"]
    assert (reason["text"], reason["coding"][0]["code"]) == ("discontinued", "ILL")


async def test_children_that_have_begun_or_ended_stay(series: Ehr) -> None:
    await series.sends("S26", id_="C-2", start="10:00", sent=NEXT)
    await series.send(siu("S16", id_="P", start="", sent=ts(at("09:30"))))
    assert await statuses(series) == ["booked", "noshow", "cancelled"]


async def test_a_parent_that_is_booked_itself_ends_as_well(series: Ehr) -> None:
    parent = await series.sends("S12", id_="P", start="08:00")
    assert parent["status"] == "booked"
    await series.sends("S15", id_="P", start="08:00", sent=NEXT)
    assert (await series.appointment("P"))["status"] == "cancelled"
    assert await statuses(series) == ["cancelled"] * 3


async def test_a_child_that_has_heard_something_newer_stays(series: Ehr) -> None:
    newer = "20260301090200+0000"
    await series.sends("S13", id_="C-1", start="12:00", sent=newer, sch={24: "P"})
    await series.send(siu("S15", id_="P", start="", sent=NEXT))
    assert await statuses(series) == ["booked", "cancelled", "cancelled"]


async def test_a_resource_given_up_for_what_remains_is_free(series: Ehr) -> None:
    await series.send(siu("S21", id_="P", start="", people=(ROE,), sent=ts(at("09:30"))))
    declined = [_declined(await series.appointment(each)) for each in HOURS]
    assert declined == [0, 1, 1]
    assert await statuses(series) == ["booked"] * 3
    assert await held(series) == 4


def _declined(appointment: Resource) -> int:
    return [each["status"] for each in appointment["participant"]].count("declined")


@pytest.mark.parametrize("sch", [{24: "P"}, {23: "P"}])
async def test_a_child_that_comes_after_the_end_of_its_parent_is_not_booked(
    ehr: Ehr, sch: dict[int, str]
) -> None:
    (number,) = sch
    own = {1: "", 2: ""} | {25 - number: ""}
    await ehr.send(siu("S15", id_="", start="", sent=NEXT, sch=own | {number - 22: "P"}))
    await ehr.send(siu("S12", id_="C-1", sch=sch))
    assert await ehr.clinic.all("Appointment") == []
    assert (await ehr.last()).details == ["superseded"]


async def test_a_child_without_id_is_known_by_its_number(ehr: Ehr) -> None:
    for number in ("1", "2"):
        await ehr.send(siu("S12", id_="", start=f"1{number}:00", sch={24: "P", 3: number}))
    await ehr.send(siu("S15", id_="", start="", sch={24: "P", 3: "2"}, sent=NEXT))
    first, second = await ehr.clinic.all("Appointment")
    assert (first["status"], second["status"]) == ("booked", "cancelled")
    assert second["identifier"][0]["value"] == "P#2"
