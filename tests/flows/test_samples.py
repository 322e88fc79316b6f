"""Every public sample over a socket into the database: answer and state. Decision 31."""

from dataclasses import dataclass, field

import pytest

from fhir_gateway.core.refs import reference_of
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.moments import read_ts
from tests.flows.hub import Hub
from tests.mapping.builders import SAMPLES, sample
from tests.usecases.builders import Resource

_PREFIX = "microsoft_FHIR-Converter__"
NAMES = sorted(path.stem.removeprefix(_PREFIX) for path in SAMPLES.glob("*.hl7"))
SCHEDULING = [each for each in NAMES if each.startswith("SIU-")]
READ = {"A04", "A08", "A28", "A31", "A40", "A47"}
PEOPLE = [
    each
    for each in NAMES
    if each not in SCHEDULING and Message.parse(sample(each)).event[1] in READ
]
OTHERS = [each for each in NAMES if each not in SCHEDULING and each not in PEOPLE]

AUTUMN = ("2021-09-24T09:30:00+02:15", "2021-09-24T10:20:00+02:15", 50)
SUMMER = ("2021-08-18T11:30:00+02:15", "2021-08-18T12:30:00+02:15", 60)
LATER = ("2021-08-20T11:30:00+02:15", "2021-08-20T12:30:00+02:15", 60)
OLD = ("2020-10-04T11:26:00+02:15", "2020-10-08T11:26:00+02:15", 5760)

CONTACT = "Practitioner 9941339109"
COLONOSCOPY = ("Patient PATID1234", "Device 5001", "Location 055^Room01^^GH Clinic",
               "Practitioner 1210", CONTACT)  # fmt: skip
OTHER_ROOM = ("Patient PATID1234", "Device 5001", "Practitioner 1210",
              "Location 055^Room02^^GH Clinic", CONTACT)  # fmt: skip
_IMAGING = ("Device 1001", "Location DiagnosticUnit201^Imaging Room 01^^GHH Hospital",
            "Practitioner 500", "Location OPD12^Room 55^^GHH Hospital",
            "Practitioner 600")  # fmt: skip
_LAB = "Location LabUnit101^Lab Room 01^^GHH Hospital"
CHECKUP = ("Patient PATID1234", "Device 123", _LAB, "Practitioner 400", *_IMAGING, CONTACT)
OTHER_LAB = ("Patient PATID1234", "Device 123", "Practitioner 400", *_IMAGING,
             "Location LabUnit102^Lab Room 01^^GHH Hospital", CONTACT)  # fmt: skip
SCANS = ("Patient PATID1234", "Device 123", "Location 4E^136^B^CommunityHospital",
         "Practitioner 400", "Device 1001", "Device 1010", "Location 11", "Location 22",
         "Practitioner 500", "Location 55", "Practitioner 600", CONTACT)  # fmt: skip

BIOPSY, LAB_AND_XRAY, THREE = ["76164006"], ["58410-2", "42272-5"], ["111", "220", "215"]


@dataclass(frozen=True, slots=True)
class State:
    """What is to be there after a sample.

    Args:
        status: Appointment.status.
        times: Start, end and minutes.
        people: Who takes part: type and first identifier.
        services: Codes of serviceType.
        control_id: MSH-10.
        slots: Status of each Slot by start.
        declined: Whether the rows say that everything booked is given back.
    """

    status: str
    times: tuple[str, str, int]
    people: tuple[str, ...]
    services: list[str]
    control_id: str
    slots: dict[str, str] = field(default_factory=dict)
    declined: bool = False


def booked(times: tuple[str, str, int], people: tuple[str, ...], services: list[str],
           control_id: str) -> State:  # fmt: skip
    return State("booked", times, people, services, control_id, {times[0]: "busy"})


def autumn(status: str, control_id: str) -> State:
    """The colonoscopy does not take place, and each of its rows says so."""
    free = {AUTUMN[0]: "free"}
    return State(status, AUTUMN, COLONOSCOPY, BIOPSY, control_id, free, declined=True)


def summer(status: str, control_id: str) -> State:
    """The check-up does not take place."""
    return State(status, SUMMER, CHECKUP, LAB_AND_XRAY, control_id, {SUMMER[0]: "free"})


STATES = {
    "SIU-S12-01": booked(AUTUMN, COLONOSCOPY, BIOPSY, "MSG00012"),
    "SIU-S12-02": booked(SUMMER, CHECKUP, LAB_AND_XRAY, "MSG00012"),
    "SIU-S12_1": booked(OLD, SCANS, THREE, "MSG00001"),
    "SIU-S13-01": booked(AUTUMN, COLONOSCOPY, BIOPSY, "MSG00013"),
    "SIU-S13-02": State("booked", LATER, CHECKUP, LAB_AND_XRAY, "MSG00013",
                        {SUMMER[0]: "free", LATER[0]: "busy"}),
    "SIU-S14-01": booked(AUTUMN, OTHER_ROOM, BIOPSY, "MSG00014"),
    "SIU-S14-02": booked(SUMMER, OTHER_LAB, LAB_AND_XRAY, "MSG00014"),
    "SIU-S15-01": autumn("cancelled", "MSG00015"),
    "SIU-S15-02": summer("cancelled", "MSG00015"),
    "SIU-S16-01": autumn("cancelled", "MSG00016"),
    "SIU-S16-02": summer("cancelled", "MSG00016"),
    "SIU-S17-01": autumn("entered-in-error", "MSG00017"),
    "SIU-S17-02": summer("entered-in-error", "MSG00017"),
    "SIU-S26-01": autumn("noshow", "MSG00026"),
    "SIU-S26-02": summer("noshow", "MSG00026"),
}  # fmt: skip


async def people_of(hub: Hub, appointment: Resource) -> tuple[str, ...]:
    """Type and first identifier of everybody who takes part."""
    refs = [reference_of(each["actor"]) for each in appointment["participant"]]
    stored = [(ref.type, await hub.clinic.get(str(ref))) for ref in refs if ref]
    return tuple(f"{kind} {each['identifier'][0]['value']}" for kind, each in stored)


async def slots_of(hub: Hub) -> dict[str, str]:
    return {each["start"]: each["status"] for each in await hub.clinic.all("Slot")}


def series_of(name: str) -> list[str]:
    """A sample after the booking that it is about."""
    booking = f"SIU-S12-{name[-2:]}"
    return [name] if "S12" in name else [booking, name]


def test_every_scheduling_sample_is_judged() -> None:
    assert list(STATES) == SCHEDULING
    assert (len(SCHEDULING), len(PEOPLE), len(OTHERS)) == (15, 15, 5)


@pytest.mark.parametrize("name", SCHEDULING)
async def test_a_sample_comes_to_what_it_says(hub: Hub, name: str) -> None:
    expected = STATES[name]
    answers = await hub.send(*map(sample, series_of(name)))
    assert f"\rMSA|AA|{expected.control_id}\r".encode() in answers[-1]
    (found,) = await hub.clinic.all("Appointment")
    assert found["status"] == expected.status
    assert (found["start"], found["end"], found["minutesDuration"]) == expected.times
    assert await people_of(hub, found) == expected.people
    codes = [each["coding"][0]["code"] for each in found["serviceType"]]
    assert codes == expected.services
    assert await slots_of(hub) == expected.slots
    attending = found["participant"][1:-1]
    given_back = [each["status"] == "declined" for each in attending]
    assert given_back == [expected.declined] * len(attending)
    assert len(await hub.clinic.all("Patient")) == 1
    assert await hub.clinic.wrong_slots() == []


@pytest.mark.parametrize("name", [each for each in SCHEDULING if "S12" not in each])
async def test_a_sample_without_its_booking_books_or_leaves_a_tombstone(
    hub: Hub, name: str
) -> None:
    (answer,) = await hub.send(sample(name))
    assert f"\rMSA|AA|{STATES[name].control_id}\r".encode() in answer
    ends = name[4:7] in ("S15", "S16", "S17")
    statuses = [each["status"] for each in await hub.clinic.all("Appointment")]
    assert statuses == ([] if ends else [STATES[name].status])
    buried = await hub.clinic.sql("SELECT count(DISTINCT event) FROM tombstone")
    assert buried == [(int(ends),)]


async def test_the_samples_are_one_story_in_the_order_of_their_clock(hub: Hub) -> None:
    def sent(name: str) -> tuple[str, str]:
        moment = read_ts(Message.parse(sample(name)).time_text)
        assert moment is not None
        return moment.local.isoformat(), name

    for name in sorted(SCHEDULING, key=sent):
        (answer,) = await hub.send(sample(name))
        assert f"\rMSA|AA|{STATES[name].control_id}\r".encode() in answer
    other, main = await hub.clinic.all("Appointment")
    assert (other["status"], other["start"]) == ("booked", OLD[0])
    # The last word but one was that it had been an error; that nobody came changes nothing.
    assert (main["status"], main["start"]) == ("entered-in-error", AUTUMN[0])
    assert (await hub.ehr.last()).details[-2:] == ["superseded", "control-id-reused"]
    history = await hub.clinic.sql(
        "SELECT convert_from(content, 'UTF8')::jsonb ->> 'status' FROM history"
        " WHERE type = 'Appointment' AND id = %s ORDER BY version", (main["id"],),
    )  # fmt: skip
    assert [status for (status,) in history] == [
        "booked", "cancelled", "booked", "cancelled", "booked", "noshow", "booked", "booked",
        "booked", "cancelled", "entered-in-error",
    ]  # fmt: skip
    assert set((await slots_of(hub)).items()) == {
        (SUMMER[0], "free"), (LATER[0], "free"), (AUTUMN[0], "free"), (OLD[0], "busy"),
    }  # fmt: skip
    assert await hub.clinic.wrong_slots() == []


@pytest.mark.parametrize("name", [each for each in PEOPLE if each[4:7] not in ("A40", "A47")])
async def test_a_sample_about_a_patient_makes_one(hub: Hub, name: str) -> None:
    raw = sample(name)
    (answer,) = await hub.send(raw)
    assert b"\rMSA|AA|" in answer
    told = Message.parse(raw).first("PID")
    assert told is not None
    patients = await hub.clinic.all("Patient")
    values = {each["value"] for one in patients for each in one["identifier"]}
    assert told.text(3) in values
    assert len(patients) == 1
    assert await hub.clinic.all("Appointment") == []


@pytest.mark.parametrize("name", ["ADT-A40-01", "ADT-A40-02"])
async def test_a_merge_of_the_samples_leaves_one_record(hub: Hub, name: str) -> None:
    raw = sample(name)
    message = Message.parse(raw)
    pid, mrg = message.first("PID"), message.first("MRG")
    assert pid is not None
    assert mrg is not None
    prior = raw.replace(message.event[1].encode(), b"A28").replace(
        pid.raw_field(3).encode(), mrg.raw_field(1).encode()
    )
    await hub.send(prior, raw)
    gone = await hub.clinic.all("Patient")
    assert [each["active"] for each in gone].count(False) == 1


async def test_samples_of_other_events_are_taken_and_kept_whole(hub: Hub) -> None:
    raws = [sample(name) for name in OTHERS]
    answers = await hub.send(*raws)
    for raw, answer in zip(raws, answers, strict=True):
        control_id = Message.parse(raw).msh.raw_field(10)
        msa = Message.parse(answer).first("MSA")
        assert msa is not None
        assert (msa.raw_field(1), msa.raw_field(2)) == ("AA", control_id)
    rows = await hub.ehr.inbox()
    assert {(each.state, each.ack_code) for each in rows} == {("filtered", "AA")}
    assert {each.raw for each in rows} == set(raws)
    assert await hub.ehr.counts() == {}


async def test_samples_sent_again_are_answered_the_same_and_change_nothing(hub: Hub) -> None:
    raws = [sample(name) for name in ("SIU-S12-02", "SIU-S13-02", "SIU-S15-02", "ADT-A04-01")]
    first = await hub.send(*raws)
    counts = await hub.ehr.counts()
    assert await hub.send(*raws) == first
    assert await hub.ehr.counts() == counts
