"""A patient answers by a link that is good for one answer. Row W12."""

import asyncio
from collections import Counter

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.usecases import links
from tests.usecases.builders import Resource, a_practitioner
from tests.usecases.clinic import TENANT, Clinic, refused_with
from tests.usecases.waiting_room import counters, free_up, offers, the_offer, the_task, waiting


@pytest.fixture
async def freed(clinic: Clinic) -> Clinic:
    """Bob has been offered the time that Ann gave up, and Cem waits as well."""
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    return clinic


async def link_of(clinic: Clinic, offer: Resource) -> str:
    async with clinic.deps.database.transaction(TENANT) as tx:
        return (await links.mint(tx, clinic.deps, offer["id"])).token


async def answer(clinic: Clinic, token: str, said: str = "accepted") -> None:
    asked = await links.look(clinic.deps, TENANT, token)
    await links.decide(clinic.deps, TENANT, token, asked.form, said)


async def test_row_w12_the_token_is_32_random_bytes_and_only_its_hash_is_kept(
    freed: Clinic,
) -> None:
    offer = await the_offer(freed)
    tokens = {await link_of(freed, offer) for _ in range(5)}
    assert len(tokens) == 5
    assert {len(each) for each in tokens} == {43}
    stored = str(await freed.sql("SELECT * FROM offer_link"))
    stored += str(await freed.sql("SELECT convert_from(content, 'utf8') FROM history"))
    stored += str(await freed.sql("SELECT payload FROM timer"))
    assert [each for each in tokens if each in stored] == []


@pytest.mark.parametrize(
    ("said", "status", "counted"),
    [("accepted", "booked", (1, 0)), ("declined", "cancelled", (0, 1))],
)
async def test_an_answer_goes_the_way_of_every_response(
    freed: Clinic, said: str, status: str, counted: tuple[int, int]
) -> None:
    offer = await the_offer(freed)
    await answer(freed, await link_of(freed, offer), said)
    assert await freed.status(f"Appointment/{offer['id']}") == [status]
    (response,) = await freed.all("AppointmentResponse")
    assert (response["participantStatus"], response["actor"]) == (
        said, {"reference": "Patient/bob"},
    )  # fmt: skip
    found = await counters(freed, "bob")
    assert (found["accepted"], found["declined"]) == counted


async def test_row_w12_a_link_is_used_once(freed: Clinic) -> None:
    offer = await the_offer(freed)
    token, other = await link_of(freed, offer), await link_of(freed, offer)
    asked = await links.look(freed.deps, TENANT, token)
    await answer(freed, token)
    again = links.decide(freed.deps, TENANT, token, asked.form, "declined")
    assert (await refused_with(again))[0] is Category.GONE
    assert (await refused_with(links.look(freed.deps, TENANT, other)))[0] is Category.GONE


async def test_of_many_answers_by_one_link_one_counts(freed: Clinic) -> None:
    token = await link_of(freed, await the_offer(freed))
    asked = await links.look(freed.deps, TENANT, token)
    attempts = [
        links.decide(freed.deps, TENANT, token, asked.form, said)
        for said in ("accepted", "declined") * 6
    ]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    outcome = Counter(
        each.category if isinstance(each, GatewayError) else type(each).__name__ for each in results
    )
    assert outcome == {"Asked": 1, Category.GONE: 11}
    assert len(await freed.all("AppointmentResponse")) == 1


async def test_a_link_of_another_tenant_or_none_is_unknown(freed: Clinic) -> None:
    token = await link_of(freed, await the_offer(freed))
    flipped = ("A" if token[0] != "A" else "B") + token[1:]
    for tenant, wrong in ((2, token), (TENANT, flipped), (TENANT, ""), (TENANT, "ä" * 43)):
        found = await refused_with(links.look(freed.deps, tenant, wrong))
        assert found[0] is Category.NOT_FOUND


async def test_row_w6_a_late_answer_is_gone_by_the_clock_of_the_database(freed: Clinic) -> None:
    token = await link_of(freed, await the_offer(freed))
    await freed.sql("UPDATE offer SET expires_at = clock_timestamp() RETURNING 1")
    assert await refused_with(links.look(freed.deps, TENANT, token)) == (
        Category.GONE, "offer-expired",
    )  # fmt: skip


async def test_whoever_was_slower_hears_that_it_is_taken(freed: Clinic) -> None:
    plan = freed.under(waitlist="plan")
    await free_up(plan, "09:30")
    mine, others = [
        each for each in await offers(plan) if each["slot"][0]["reference"] == "Slot/s1-0930"
    ]
    token = await link_of(plan, others)
    asked = await links.look(plan.deps, TENANT, token)
    await answer(plan, await link_of(plan, mine))
    late = links.decide(plan.deps, TENANT, token, asked.form, "accepted")
    assert await refused_with(late) == (Category.GONE, "superseded")


async def test_a_patient_who_is_elsewhere_keeps_the_link(freed: Clinic) -> None:
    await freed.put(a_practitioner("p2"))
    offer = await the_offer(freed)
    token = await link_of(freed, offer)
    await freed.book("09:10", patient="bob", schedule=None, others=("Practitioner/p2",))
    assert await refused_with(answer(freed, token)) == (Category.CONFLICT, "patient-busy")
    await answer(freed, token, "declined")


@pytest.mark.parametrize(("form", "said"), [("", "accepted"), ("0" * 32, "accepted")])
async def test_an_answer_needs_the_form_of_its_page(freed: Clinic, form: str, said: str) -> None:
    token = await link_of(freed, await the_offer(freed))
    attempt = links.decide(freed.deps, TENANT, token, form, said)
    assert (await refused_with(attempt))[0] is Category.INVALID
    await answer(freed, token)


async def test_only_an_open_offer_has_a_link(freed: Clinic) -> None:
    offer, booked = await the_offer(freed), await freed.book("09:30", patient="dan")
    assert (await refused_with(link_of(freed, booked)))[0] is Category.UNPROCESSABLE
    assert (await refused_with(link_of(freed, {"id": "none"})))[0] is Category.NOT_FOUND
    await freed.cancel(f"Appointment/{offer['id']}")
    assert (await refused_with(link_of(freed, offer)))[0] is Category.CONFLICT
    assert (await the_task(freed))["status"] == "in-progress"
