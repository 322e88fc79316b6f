"""In which order are messages applied? hl7v2.md section 2.3; decision 20."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.core.clock import FixedClock
from fhir_gateway.mapping.profiles import SenderProfile
from tests.usecases.builders import at
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import Ehr, siu

NINE, TEN, ELEVEN = (f"20260301{hour}0000+0000" for hour in ("09", "10", "11"))
BERLIN = SenderProfile(zone="Europe/Berlin")


async def test_an_older_message_changes_nothing_and_is_kept(ehr: Ehr) -> None:
    moved = await ehr.sends("S13", start="11:00", sent=TEN)
    assert await ehr.sends("S12", start="09:00", sent=NINE) == moved
    entry = await ehr.last()
    assert (entry.state, entry.ack_code, entry.details) == ("sent", "AA", ["superseded"])
    assert entry.appointment == moved["id"]
    assert b"SIU^S12" in entry.raw


async def test_an_older_message_does_not_touch_the_people_in_it(ehr: Ehr) -> None:
    await ehr.sends("S12", sent=TEN, patient={3: "A1", 5: "Ash-Miller^Ann"})
    await ehr.sends("S14", sent=NINE, patient={3: "A1", 5: "Ash^Ann"})
    (patient,) = await ehr.clinic.all("Patient")
    assert patient["name"][0]["family"] == "Ash-Miller"


@pytest.mark.parametrize("sent", [NINE, ""])
async def test_messages_of_one_moment_or_none_count_in_the_order_of_receipt(
    ehr: Ehr, sent: str
) -> None:
    for start in ("09:00", "11:00", "10:00"):
        moved = await ehr.sends("S13", start=start, sent=sent)
    assert moved["start"] == at("10:00")


async def test_a_message_without_a_time_does_not_open_the_door_for_old_ones(ehr: Ehr) -> None:
    await ehr.sends("S12", sent=TEN)
    await ehr.sends("S13", start="11:00", sent="")
    assert (await ehr.sends("S13", start="14:00", sent=NINE))["start"] == at("11:00")


async def test_a_clock_that_was_never_set_is_compared_with_itself_only(ehr: Ehr) -> None:
    await ehr.sends("S12", sent=TEN)
    assert (await ehr.sends("S13", start="11:00", sent="19890818"))["start"] == at("11:00")
    assert (await ehr.sends("S13", start="12:00", sent="198908181126"))["start"] == at("12:00")
    assert (await ehr.sends("S13", start="14:00", sent=NINE))["start"] == at("12:00")


@pytest.mark.parametrize(("sent", "booked"), [("198908181125", 0), ("198908181127", 1), (NINE, 1)])
async def test_a_tombstone_of_such_a_clock_counts_for_such_clocks(
    ehr: Ehr, sent: str, booked: int
) -> None:
    await ehr.send(siu("S15", sent="198908181126"), siu("S12", sent=sent))
    assert len(await ehr.appointments()) == booked


async def test_what_was_entered_in_error_is_so_whenever_that_is_said(ehr: Ehr) -> None:
    await ehr.sends("S12", sent=TEN)
    assert (await ehr.sends("S17", sent=NINE))["status"] == "entered-in-error"
    late = await ehr.sends("S13", sent="20260301093000+0000")
    assert late["status"] == "entered-in-error"


async def test_offsets_are_compared_as_moments(ehr: Ehr) -> None:
    await ehr.sends("S12", start="09:00", sent="20260301100000+0000")
    moved = await ehr.sends("S13", start="11:00", sent="20260301103000+0100")
    assert moved["start"] == at("09:00")


@pytest.mark.parametrize("event", ["S15", "S16", "S17"])
async def test_an_unknown_appointment_that_is_ended_leaves_nothing_but_a_tombstone(
    ehr: Ehr, event: str
) -> None:
    await ehr.send(siu(event))
    assert await ehr.counts() == {}
    entry = await ehr.last()
    assert (entry.state, entry.appointment) == ("sent", None)
    assert entry.details == ["unknown-appointment"]
    assert await ehr.clinic.sql("SELECT value, event FROM tombstone") == [("F-1", event)]


@pytest.mark.parametrize("event", ["S15", "S17"])
@pytest.mark.parametrize("sent", [NINE, TEN])
async def test_a_late_booking_does_not_raise_the_dead(ehr: Ehr, event: str, sent: str) -> None:
    await ehr.send(siu(event, sent=TEN), siu("S12", sent=sent))
    assert await ehr.counts() == {}
    assert (await ehr.last()).details == ["superseded"]


async def test_a_newer_booking_after_a_tombstone_counts(ehr: Ehr) -> None:
    await ehr.send(siu("S15", sent=TEN))
    assert (await ehr.sends("S12", sent=ELEVEN))["status"] == "booked"


async def test_a_tombstone_is_found_by_any_of_its_ids(ehr: Ehr) -> None:
    await ehr.send(siu("S15", sent=TEN, sch={1: "P-1"}))
    await ehr.send(siu("S12", sent=NINE, id_="", sch={1: "P-1"}))
    assert await ehr.counts() == {}


async def test_an_older_end_does_not_bury_deeper(ehr: Ehr) -> None:
    await ehr.send(siu("S15", sent=TEN), siu("S17", sent=NINE))
    await ehr.send(siu("S12", sent="20260301093000+0000"))
    assert await ehr.counts() == {}


async def test_s14_that_cancels_an_unknown_appointment_buries_it(ehr: Ehr) -> None:
    await ehr.send(siu("S14", sch={25: "Cancelled"}, sent=TEN), siu("S12", sent=NINE))
    assert await ehr.counts() == {}


async def test_a_missed_appointment_is_recorded_even_where_it_was_not_known(ehr: Ehr) -> None:
    assert (await ehr.sends("S26"))["status"] == "noshow"


async def test_an_older_booking_does_not_reopen_a_cancelled_one(ehr: Ehr) -> None:
    await ehr.sends("S12", sent=NINE)
    await ehr.sends("S15", sent=ELEVEN)
    assert (await ehr.sends("S13", start="15:00", sent=TEN))["status"] == "cancelled"


def live(clinic: Clinic, moment: datetime) -> Ehr:
    """A sender in Berlin whose messages arrive at that moment."""
    return Ehr(Clinic(replace(clinic.deps, clock=FixedClock(moment)))).called(BERLIN)


@pytest.mark.parametrize(
    ("received", "sent"), [("00:50", "20261025025000"), ("00:58:30", "20261025025900")]
)
async def test_in_the_hour_that_comes_twice_messages_keep_their_order(
    bare: Clinic, received: str, sent: str
) -> None:
    first = datetime.fromisoformat(f"2026-10-25T{received}+00:00")
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    await live(bare, first).sends("S12", sent=sent)
    moved = await live(bare, second).sends("S13", start="11:00", sent="20261025021000")
    assert moved["start"] == at("11:00")
    after = datetime(2026, 10, 25, 2, 10, tzinfo=UTC)
    assert after.astimezone(ZoneInfo("Europe/Berlin")).hour == 3
    moved = await live(bare, after).sends("S13", start="12:00", sent="20261025031000")
    assert moved["start"] == at("12:00")
