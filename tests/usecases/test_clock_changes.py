"""Days and hours are the clinic's, also in the night in which its clocks change. Decision 21."""

import pytest

from tests.usecases.builders import Resource, a_schedule, a_slot, availability
from tests.usecases.clinic import Clinic
from tests.usecases.finding import CODE, found

BERLIN = "Europe/Berlin"
#: Half an hour each, in UTC: the evening before, the night, and the morning of both changes.
SPRING = ("2027-03-27T22:30:00Z", "2027-03-27T23:00:00Z", "2027-03-28T00:30:00Z",
          "2027-03-28T01:00:00Z", "2027-03-28T07:00:00Z", "2027-03-28T22:00:00Z")  # fmt: skip
AUTUMN = ("2027-10-30T21:30:00Z", "2027-10-30T22:00:00Z", "2027-10-31T00:30:00Z",
          "2027-10-31T01:30:00Z", "2027-10-31T08:00:00Z", "2027-10-31T23:00:00Z")  # fmt: skip


def slot_at(start: str) -> Resource:
    ends = {"00": "30:00Z", "30": "59:00Z"}
    slot = a_slot() | {"id": start.replace(":", "."), "start": start}
    return slot | {"end": start[:14] + ends[start[14:16]]}


@pytest.fixture
async def berlin(clinic: Clinic) -> Clinic:
    """A clinic in Berlin in March 2027, with Slots around both clock changes of that year."""
    there = clinic.seen("2027-03-20T09:00:00Z", BERLIN)
    await there.put(*(slot_at(each) for each in SPRING + AUTUMN))
    return there


async def starts(clinic: Clinic, *pairs: tuple[str, str]) -> list[str]:
    bundle = await clinic.call(CODE, ("duration", "25"), *pairs)
    return sorted(each["start"] for each in found(bundle))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2027-03-27", ["2027-03-27T23:30:00+01:00"]),
        ("2027-03-28", ["2027-03-28T00:00:00+01:00", "2027-03-28T01:30:00+01:00",
                        "2027-03-28T03:00:00+02:00", "2027-03-28T09:00:00+02:00"]),
        ("2027-03-29", ["2027-03-29T00:00:00+02:00"]),
        ("2027-10-30", ["2027-10-30T23:30:00+02:00"]),
        ("2027-10-31", ["2027-10-31T00:00:00+02:00", "2027-10-31T02:30:00+01:00",
                        "2027-10-31T02:30:00+02:00", "2027-10-31T09:00:00+01:00"]),
        ("2027-11-01", ["2027-11-01T00:00:00+01:00"]),
    ],
)  # fmt: skip
async def test_a_day_is_the_clinics_day(berlin: Clinic, day: str, expected: list[str]) -> None:
    assert await starts(berlin, ("preferred-date", day)) == expected


async def test_the_zone_of_the_schedule_comes_first(berlin: Clinic) -> None:
    await berlin.put(a_schedule(extension=availability(zone="America/New_York")))
    assert await starts(berlin, ("preferred-date", "2027-03-29")) == []
    assert await starts(berlin, ("preferred-date", "2027-03-28")) == [
        "2027-03-28T03:00:00-04:00", "2027-03-28T18:00:00-04:00",
    ]  # fmt: skip


async def test_a_visit_in_the_repeated_hour_is_the_one_that_was_found(berlin: Clinic) -> None:
    bundle = await berlin.call(CODE, ("preferred-date", "2027-10-31"), ("duration", "25"),
                               ("patient", "Patient/ann"))  # fmt: skip
    twice = [each for each in found(bundle) if "T02:30" in each["start"]]
    (first,) = [each for each in twice if each["start"].endswith("+02:00")]
    await berlin.post(first | {"status": "booked"})
    taken = ["Slot/2027-10-31T00.30.00Z", "Slot/2027-10-31T01.30.00Z"]
    assert await berlin.status(*taken) == ["busy", "free"]


async def test_a_proposal_is_read_in_the_clinics_offset(berlin: Clinic) -> None:
    for day, start in (("2027-03-28", "T09:00:00+02:00"), ("2027-10-31", "T09:00:00+01:00")):
        bundle = await berlin.call(CODE, ("preferred-date", day), ("duration", "25"))
        (nine,) = [each for each in found(bundle) if "T09:00" in each["start"]]
        again = await berlin.get(f"Appointment/{nine['id']}")
        assert (again["start"], again["minutesDuration"]) == (f"{day}{start}", 25)


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [
        ("2027-03-28T00:30:00", ["2027-03-28T03:00:00+02:00", "2027-03-28T00:00:00+01:00"]),
        ("2027-10-31T00:30:00", ["2027-10-31T02:30:00+01:00", "2027-10-31T00:00:00+02:00"]),
    ],
)
async def test_other_times_are_near_by_the_clock_that_runs_through(
    berlin: Clinic, wanted: str, nearest: list[str]
) -> None:
    slot = await berlin.get(f"Slot/{wanted.replace(':', '.')}Z")
    span = (("start", slot["start"]), ("end", slot["start"].replace("30:00Z", "55:00Z")))
    await berlin.change(f"Slot/{slot['id']}", status="busy-unavailable")
    answer = await berlin.call(
        "check-conflicts", ("actor", "Practitioner/p1"), *span, ("count", "2")
    )
    told = [each["valuePeriod"]["start"] for each in answer["parameter"][1:]]
    assert told == nearest
