"""Patients are brought up to date and visits begin and end by ADT. Decisions 5, 20 and 23; 0016."""

import pytest

from tests.usecases.builders import Resource, at, later
from tests.usecases.ehr import ANN, CEM, DOE, ROE, Ehr, adt, siu, ts

VISIT = {2: "O", 19: "V-1"}
NEXT = "20260301090100+0000"


def on_the_day(clock: str) -> str:
    """A time of sending."""
    return ts(at(clock))


@pytest.fixture
async def booked(ehr: Ehr) -> Ehr:
    """Ann has Doe at nine; the visit has the number V-1."""
    await ehr.sends("S12", more=("PV1|1|O|||||||||||||||||V-1",))
    return ehr


async def the_patient(ehr: Ehr) -> Resource:
    (found,) = await ehr.clinic.all("Patient")
    return found


@pytest.mark.parametrize("event", ["A01", "A04", "A05", "A08", "A10", "A28", "A31"])
async def test_a_patient_is_made_and_no_appointment(ehr: Ehr, event: str) -> None:
    assert (await ehr.send(adt(event))).code == "AA"
    assert (await the_patient(ehr))["name"][0]["family"] == "Ash"
    assert await ehr.clinic.all("Appointment") == []


@pytest.mark.parametrize("event", ["A08", "A31"])
async def test_a_patient_is_brought_up_to_date(ehr: Ehr, event: str) -> None:
    await ehr.send(adt("A28"), adt(event, patient=ANN | {5: "Oak^Ann", 8: "F"}, sent=NEXT))
    patient = await the_patient(ehr)
    assert (patient["name"][0]["family"], patient["gender"]) == ("Oak", "female")


async def test_older_data_do_not_take_the_place_of_newer_ones(ehr: Ehr) -> None:
    await ehr.send(adt("A08", sent=NEXT), adt("A31", patient=ANN | {5: "Oak^Ann"}))
    assert (await the_patient(ehr))["name"][0]["family"] == "Ash"
    assert (await ehr.last()).details == ["superseded"]


@pytest.mark.parametrize("pid", [{5: "Ash^Ann"}, {3: "4711^^^^AN"}, None])
async def test_a_patient_that_nothing_identifies_is_a_fault(
    ehr: Ehr, pid: dict[int, str] | None
) -> None:
    assert (await ehr.send(adt("A08", patient=pid))).code == "AA"
    assert (await ehr.last()).state == "error"
    assert await ehr.counts() == {}


@pytest.mark.parametrize("event", ["A01", "A04", "A10"])
async def test_who_arrives_is_found_by_the_number_of_the_visit(booked: Ehr, event: str) -> None:
    await booked.send(adt(event, sent=on_the_day("15:00"), pv1=VISIT))
    assert (await booked.appointment())["status"] == "arrived"
    assert (await booked.last()).appointment == (await booked.appointment())["id"]


@pytest.mark.parametrize(
    ("clock", "status"),
    [("04:59", "booked"), ("05:00", "arrived"), ("08:55", "arrived"), ("11:00", "arrived"),
     ("11:01", "booked")],
)  # fmt: skip
async def test_who_arrives_is_found_by_the_time(booked: Ehr, clock: str, status: str) -> None:
    await booked.send(adt("A04", sent=on_the_day(clock), pv1={2: "O"}))
    assert (await booked.appointment())["status"] == status


async def test_the_time_of_the_event_counts_not_that_of_sending(booked: Ehr) -> None:
    evn = {2: on_the_day("20:00"), 6: on_the_day("08:50")}
    await booked.send(adt("A04", sent=on_the_day("20:01"), evn=evn))
    assert (await booked.appointment())["status"] == "arrived"


@pytest.mark.parametrize("kind", ["I", "P"])
async def test_an_admission_is_no_arrival_unless_its_number_says_so(booked: Ehr, kind: str) -> None:
    await booked.send(adt("A01", sent=on_the_day("08:55"), pv1={2: kind, 19: "V-9"}))
    assert (await booked.appointment())["status"] == "booked"
    assert (await booked.last()).details == ["no-appointment"]
    await booked.send(adt("A01", sent=on_the_day("08:56"), pv1={2: kind, 19: "V-1"}))
    assert (await booked.appointment())["status"] == "arrived"


async def test_of_two_appointments_nobody_guesses(booked: Ehr) -> None:
    other = await booked.sends("S12", id_="F-2", start="09:30", people=(ROE,))
    await booked.send(adt("A04", sent=on_the_day("08:55")))
    assert (await booked.appointment())["status"] == "booked"
    assert (await booked.last()).details == ["ambiguous-visit"]
    await booked.send(adt("A04", sent=on_the_day("08:56"), pv1={2: "O", 7: ROE[3]}))
    assert await booked.clinic.status(f"Appointment/{other['id']}") == ["arrived"]
    assert (await booked.appointment())["status"] == "booked"


async def test_the_number_of_somebody_elses_visit_is_not_enough(booked: Ehr) -> None:
    await booked.send(adt("A04", sent=on_the_day("08:55"), patient=CEM, pv1=VISIT))
    assert (await booked.appointment())["status"] == "booked"


@pytest.mark.parametrize("pv1", [VISIT, {2: "O"}])
async def test_a_visit_begins_and_ends(booked: Ehr, pv1: dict[int, str]) -> None:
    await booked.send(adt("A04", sent=on_the_day("08:55"), pv1=pv1))
    await booked.send(adt("A03", sent=on_the_day("10:00"), pv1=pv1))
    assert (await booked.appointment())["status"] == "fulfilled"


@pytest.mark.parametrize("pv1", [VISIT, {2: "O"}])
async def test_an_arrival_can_be_taken_back(booked: Ehr, pv1: dict[int, str]) -> None:
    await booked.send(adt("A04", sent=on_the_day("08:55"), pv1=pv1))
    await booked.send(adt("A11", sent=on_the_day("08:57"), pv1=pv1))
    assert (await booked.appointment())["status"] == "booked"


async def test_an_arrival_that_somebody_told_as_such_can_be_taken_back(booked: Ehr) -> None:
    await booked.send(adt("A10", sent=on_the_day("08:55"), pv1=VISIT))
    await booked.send(adt("A32", sent=on_the_day("08:57"), pv1=VISIT))
    assert (await booked.appointment())["status"] == "booked"


@pytest.mark.parametrize(("ends", "taken_back"), [("A03", "A13"), ("A09", "A33")])
@pytest.mark.parametrize("pv1", [VISIT, {2: "O"}])
async def test_the_end_of_a_visit_can_be_taken_back(
    booked: Ehr, ends: str, taken_back: str, pv1: dict[int, str]
) -> None:
    await booked.send(adt("A04", sent=on_the_day("08:55"), pv1=pv1))
    await booked.send(adt(ends, sent=on_the_day("09:20"), pv1=pv1))
    assert (await booked.appointment())["status"] == "fulfilled"
    await booked.send(adt(taken_back, sent=on_the_day("09:25"), pv1=pv1))
    assert (await booked.appointment())["status"] == "arrived"


async def test_a_pre_admission_taken_back_frees_the_time(booked: Ehr) -> None:
    await booked.send(adt("A38", sent=NEXT, pv1={2: "O"}))
    assert (await booked.appointment())["status"] == "booked"
    await booked.send(adt("A38", sent=NEXT, pv1=VISIT))
    assert (await booked.appointment())["status"] == "cancelled"
    assert [each["status"] for each in await booked.clinic.all("Slot")] == ["free"]
    assert len(await booked.clinic.all("Task")) == 1
    assert await booked.clinic.wrong_slots() == []


async def test_what_has_ended_is_not_begun_again(booked: Ehr) -> None:
    await booked.sends("S15", sent=NEXT)
    await booked.send(adt("A04", sent=on_the_day("08:55"), pv1=VISIT))
    assert (await booked.appointment())["status"] == "cancelled"
    assert (await booked.last()).details == ["no-appointment"]


async def test_an_arrival_older_than_what_is_known_changes_nothing(booked: Ehr) -> None:
    await booked.sends("S14", sent=on_the_day("08:58"), more=("PV1|1|O|||||||||||||||||V-1",))
    await booked.send(adt("A04", sent=on_the_day("08:55"), pv1=VISIT))
    assert (await booked.appointment())["status"] == "booked"
    assert (await booked.last()).details == ["superseded"]


async def test_an_arrival_told_again_is_answered_the_same(booked: Ehr) -> None:
    raw = adt("A04", sent=on_the_day("08:55"), pv1=VISIT)
    assert await booked.deliver(raw) == await booked.deliver(raw)
    assert (await booked.appointment())["meta"]["versionId"] == "2"


async def test_other_events_are_refused_and_kept(ehr: Ehr) -> None:
    view = await ehr.send(adt("A99"))
    assert (view.code, [each.condition for each in view.errors]) == ("AR", ["201"])
    assert (await ehr.last()).state == "filtered"


async def test_a_later_move_after_an_arrival_wins(booked: Ehr) -> None:
    await booked.send(adt("A04", sent=on_the_day("08:55"), pv1=VISIT))
    await booked.send(siu("S13", start="10:00", sent=on_the_day("08:59"), people=(DOE,)))
    moved = await booked.appointment()
    assert (moved["start"], moved["end"]) == (at("10:00"), later(at("10:00"), 30))
