"""A found Appointment that nobody has saved can be read for a quarter of an hour. Decision 17."""

import pytest

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.core.errors import Category
from fhir_gateway.core.refs import ID, Ref
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases import proposals, read
from fhir_gateway.usecases.proposals import decode
from tests.usecases.builders import Resource, at
from tests.usecases.clinic import TENANT, Clinic, refusal
from tests.usecases.finding import find, found

NOW = "08:00"


@pytest.fixture
async def morning(clinic: Clinic) -> Clinic:
    return clinic.seen(at(NOW))


async def the_proposal(clinic: Clinic, *pairs: tuple[str, str]) -> Resource:
    (first, *_) = found(await find(clinic, ("patient", "Patient/ann"), *pairs))
    return first


async def test_what_was_found_can_be_read(morning: Clinic) -> None:
    proposal = await the_proposal(morning)
    again = await morning.get(f"Appointment/{proposal['id']}")
    validate(again, type_name="Appointment")
    assert again == {name: value for name, value in proposal.items() if name != "extension"}
    assert proposal["extension"][0]["url"] == EXT_SCORE


async def test_its_id_is_an_id(morning: Clinic) -> None:
    proposal = await the_proposal(morning)
    assert ID.fullmatch(proposal["id"])


async def test_the_service_that_was_asked_for_is_kept(morning: Clinic) -> None:
    proposal = await the_proposal(morning, ("service-type", "checkup"))
    again = await morning.get(f"Appointment/{proposal['id']}")
    assert again["serviceType"] == proposal["serviceType"]


@pytest.mark.parametrize(
    ("clock", "there"), [("08:00", True), ("08:14", True), ("08:15", False), ("09:00", False)]
)
async def test_it_is_there_for_a_quarter_of_an_hour(
    morning: Clinic, clock: str, there: bool
) -> None:
    proposal = await the_proposal(morning)
    later = morning.seen(at(clock))
    async with later.deps.database.transaction(TENANT) as tx:
        found_again = await proposals.read(tx, later.deps, proposal["id"])
    assert (found_again is not None) is there


async def test_afterwards_there_is_no_such_appointment(morning: Clinic) -> None:
    proposal = await the_proposal(morning)
    attempt = morning.seen(at("08:20")).get(f"Appointment/{proposal['id']}")
    assert (await refusal(attempt)).category is Category.NOT_FOUND


async def test_a_changed_id_is_unknown(morning: Clinic) -> None:
    genuine = (await the_proposal(morning))["id"]
    changed = [
        genuine[:place] + ("A" if genuine[place] != "A" else "B") + genuine[place + 1 :]
        for place in range(len(genuine) - 1)
    ]
    key = morning.deps.signing_key
    assert decode(genuine, key, TENANT) is not None
    assert {decode(each, key, TENANT) for each in changed} == {None}
    error = await refusal(morning.get(f"Appointment/{changed[5]}"))
    assert error.category is Category.NOT_FOUND


async def test_the_proposal_of_another_tenant_is_unknown(morning: Clinic) -> None:
    genuine = (await the_proposal(morning))["id"]
    assert decode(genuine, morning.deps.signing_key, TENANT + 1) is None
    assert decode(genuine, b"another key", TENANT) is None


@pytest.mark.parametrize("text", ["", "a", "1", "-", "..", "visit-1", "A" * 64, "AAAA" * 10])
async def test_other_ids_are_no_proposals(morning: Clinic, text: str) -> None:
    assert decode(text, morning.deps.signing_key, TENANT) is None


async def test_nothing_is_stored(morning: Clinic) -> None:
    proposal = await the_proposal(morning)
    await morning.get(f"Appointment/{proposal['id']}")
    assert await morning.all("Appointment") == []
    attempt = read.history(
        morning.deps, TENANT, Ref("Appointment", proposal["id"]), before=None, after=None, limit=1
    )
    assert (await refusal(attempt)).category is Category.NOT_FOUND


async def test_it_can_be_booked_under_its_own_id(morning: Clinic) -> None:
    proposal = await the_proposal(morning)
    await morning.put(proposal | {"status": "booked"})
    assert await morning.status(f"Appointment/{proposal['id']}") == ["booked"]
