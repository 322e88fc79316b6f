"""Two records of one patient become one. A40; decision 5."""

import asyncio

import pytest

from fhir_gateway.core.refs import reference_of
from tests.usecases.builders import Resource, a_waitlist_entry, ref
from tests.usecases.ehr import ANN, CEM, Ehr, adt, siu

NEXT = "20260301090100+0000"


def a40(stays: dict[int, str], goes: str, **options: str) -> bytes:
    return adt("A40", patient=stays, mrg={1: goes}, **options)  # type: ignore[arg-type]


async def by_number(ehr: Ehr, number: str) -> list[str]:
    """Ids of the patients that are known by a number now."""
    rows = await ehr.clinic.sql(
        "SELECT id FROM identity WHERE type = 'Patient' AND value = %s", (number,)
    )
    return [str(row[0]) for row in rows]


async def record(ehr: Ehr, family: str) -> Resource:
    """The record with that name."""
    (found,) = [
        each for each in await ehr.clinic.all("Patient") if each["name"][0]["family"] == family
    ]
    return found


@pytest.fixture
async def two(ehr: Ehr) -> Ehr:
    """Ann is booked twice: as A1 at nine, as C1 at ten."""
    await ehr.sends("S12")
    await ehr.sends("S12", id_="F-2", start="10:00", patient=CEM)
    return ehr


async def patients_of(ehr: Ehr, id_: str) -> list[str]:
    found = await ehr.appointment(id_)
    return [
        str(one)
        for each in found["participant"]
        if (one := reference_of(each["actor"])) and one.type == "Patient"
    ]


async def test_the_record_that_goes_says_who_replaces_it(two: Ehr) -> None:
    assert (await two.send(a40(ANN, "C1"))).code == "AA"
    stays, goes = await record(two, "Ash"), await record(two, "Cem")
    assert (stays["active"], goes["active"]) == (True, False)
    assert stays["link"] == [{"other": ref(f"Patient/{goes['id']}"), "type": "replaces"}]
    assert goes["link"] == [{"other": ref(f"Patient/{stays['id']}"), "type": "replaced-by"}]
    assert [each["value"] for each in stays["identifier"]] == ["A1", "C1"]
    assert [each["use"] for each in goes["identifier"]] == ["old"]


async def test_what_was_the_others_is_the_survivors(two: Ehr) -> None:
    stays, goes = await record(two, "Ash"), await record(two, "Cem")
    old = f"Patient/{goes['id']}"
    await two.clinic.put(
        a_waitlist_entry("bob", participant=[{"actor": ref(old), "status": "accepted"}]),
        {"resourceType": "RelatedPerson", "id": "son", "patient": ref(old)},
        {"resourceType": "Coverage", "id": "cover", "status": "active", "beneficiary": ref(old),
         "payor": [ref(old)]},
    )  # fmt: skip
    await two.send(a40(ANN, "C1"))
    new = f"Patient/{stays['id']}"
    assert await patients_of(two, "F-2") == [new]
    waiting = await two.clinic.get("Appointment/wait-bob")
    assert (waiting["status"], waiting["participant"][0]["actor"]["reference"]) == (
        "waitlist", new,
    )  # fmt: skip
    assert (await two.clinic.get("RelatedPerson/son"))["patient"] == ref(new)
    cover = await two.clinic.get("Coverage/cover")
    assert (cover["beneficiary"], cover["payor"]) == (ref(new), [ref(new)])
    held = {row.actor_key for row in await two.clinic.held((await two.appointment("F-2"))["id"])}
    ((key,),) = await two.clinic.sql("SELECT key FROM actor WHERE reference = %s", (new,))
    assert key in held
    assert await two.clinic.wrong_slots() == []
    assert await two.clinic.all("Task") == []


async def test_later_messages_with_the_old_number_reach_the_survivor(two: Ehr) -> None:
    stays = await record(two, "Ash")
    await two.send(a40(ANN, "C1"))
    await two.sends("S12", id_="F-3", start="11:00", patient=CEM)
    assert await patients_of(two, "F-3") == [f"Patient/{stays['id']}"]
    assert len(await two.clinic.all("Patient")) == 2


async def test_a_merge_told_again_changes_nothing(two: Ehr) -> None:
    await two.send(a40(ANN, "C1"))
    before = await two.counts()
    await two.send(a40(ANN, "C1", control="AGAIN"))
    assert await two.counts() == before


async def test_merges_in_a_chain_lead_to_the_last(two: Ehr) -> None:
    await two.send(a40(CEM, "A1"), a40({3: "D1", 5: "Day^Di"}, "C1", sent=NEXT))
    last = await record(two, "Day")
    for number in ("A1", "C1", "D1"):
        assert await by_number(two, number) == [last["id"]]
    for id_ in ("F-1", "F-2"):
        assert await patients_of(two, id_) == [f"Patient/{last['id']}"]


async def test_merges_in_a_circle_leave_one_record(two: Ehr) -> None:
    await two.send(a40(ANN, "C1"), a40(CEM, "A1", sent=NEXT))
    active = [each for each in await two.clinic.all("Patient") if each.get("active") is not False]
    assert len(active) == 1
    for id_ in ("F-1", "F-2"):
        assert await patients_of(two, id_) == [f"Patient/{active[0]['id']}"]


async def test_a_number_that_nobody_has_leads_to_the_survivor(two: Ehr) -> None:
    stays = await record(two, "Ash")
    await two.send(a40(ANN, "Z9"))
    assert (await two.last()).details == ["nothing-to-merge"]
    await two.sends("S12", id_="F-3", start="11:00", patient={3: "Z9"})
    assert await patients_of(two, "F-3") == [f"Patient/{stays['id']}"]


async def test_a_survivor_that_nobody_knows_is_made(two: Ehr) -> None:
    await two.send(a40({3: "N1", 5: "New^Ann"}, "C1"))
    assert await patients_of(two, "F-2") == [f"Patient/{(await record(two, 'New'))['id']}"]


async def test_a_message_may_merge_several(two: Ehr) -> None:
    raw = a40({3: "N1", 5: "New^Ann"}, "C1")
    await two.send(raw + b"PID|||N2||Two^Ann\rMRG|A1\r")
    assert await patients_of(two, "F-1") == [f"Patient/{(await record(two, 'Two'))['id']}"]
    assert await patients_of(two, "F-2") == [f"Patient/{(await record(two, 'New'))['id']}"]


async def test_a_sender_may_repeat_the_number_that_goes(two: Ehr) -> None:
    await two.send(a40({3: "A1~C1", 5: "Ash^Ann"}, "C1"))
    assert (await record(two, "Cem"))["active"] is False


async def test_an_appointment_of_both_has_the_patient_once(ehr: Ehr) -> None:
    await ehr.sends("S12", more=("PID|||C1||Cem^Can",))
    await ehr.send(a40(ANN, "C1"))
    assert len(await patients_of(ehr, "F-1")) == 1


async def test_a_client_can_still_write_the_survivor(two: Ehr) -> None:
    await two.send(a40(ANN, "C1"))
    stays = await record(two, "Ash")
    await two.clinic.put(stays | {"gender": "female"})
    assert await by_number(two, "C1") == [stays["id"]]


async def test_a_merge_that_a_client_has_made_is_followed(two: Ehr) -> None:
    stays, goes = await record(two, "Ash"), await record(two, "Cem")
    link = [{"other": ref(f"Patient/{stays['id']}"), "type": "replaced-by"}]
    await two.clinic.put(goes | {"active": False, "link": link})
    await two.sends("S12", id_="F-3", start="11:00", patient=CEM)
    assert await patients_of(two, "F-3") == [f"Patient/{stays['id']}"]


async def test_a_message_may_name_a_merged_record_and_its_survivor(two: Ehr) -> None:
    stays, goes = await record(two, "Ash"), await record(two, "Cem")
    link = [{"other": ref(f"Patient/{stays['id']}"), "type": "replaced-by"}]
    await two.clinic.put(goes | {"active": False, "link": link})
    both = siu("S12", id_="F-3", start="11:00", patient=CEM | {13: "1"}, more=("PID|2||A1|||||M",))
    assert (await two.send(both)).code == "AA"
    stays = await two.clinic.get(f"Patient/{stays['id']}")
    assert (stays["gender"], stays["telecom"][0]["value"]) == ("male", "1")


async def test_links_in_a_circle_do_not_hang(two: Ehr) -> None:
    stays, goes = await record(two, "Ash"), await record(two, "Cem")
    for one, other in ((stays, goes), (goes, stays)):
        link = [{"other": ref(f"Patient/{other['id']}"), "type": "replaced-by"}]
        await two.clinic.put(one | {"link": link})
    assert (await two.send(siu("S12", id_="F-3", start="11:00", patient=CEM))).code == "AA"


@pytest.mark.parametrize(
    "raw",
    [
        adt("A40"),
        adt("A40", mrg={1: ""}),
        adt("A40", mrg={1: "A1"}),
        adt("A40", patient={5: "Ash"}, mrg={1: "C1"}),
        adt("A40", patient=None, mrg={1: "C1"}),
    ],
)
async def test_a_merge_that_does_not_say_who_is_a_fault(two: Ehr, raw: bytes) -> None:
    before = await two.counts()
    assert (await two.send(raw)).code == "AA"
    assert (await two.last()).state == "error"
    assert await two.counts() == before


async def test_a_survivor_that_may_be_two_people_is_for_people_to_decide(two: Ehr) -> None:
    await two.send(a40({3: "A1~C1", 5: "Ash^Ann"}, "Z9"))
    assert (await two.last()).details == ["ambiguous-identity"]
    assert [each["code"]["coding"][0]["code"] for each in await two.clinic.all("Task")] == [
        "match-identity"
    ]


async def test_messages_that_come_while_patients_are_merged_are_not_lost(two: Ehr) -> None:
    later = [
        siu("S12", id_=f"L-{n}", start=f"1{n}:00", patient=CEM, people=({3: f"D{n}"},))
        for n in range(1, 7)
    ]
    stays = await record(two, "Ash")
    await asyncio.gather(two.send(a40(ANN, "C1")), *(two.send(each) for each in later))
    for n in range(1, 7):
        assert await patients_of(two, f"L-{n}") == [f"Patient/{stays['id']}"]
    assert await by_number(two, "C1") == [stays["id"]]
