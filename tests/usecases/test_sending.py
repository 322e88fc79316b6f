"""Messages go once, with a link that is made for them, and not about what is over."""

import re

import pytest

from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases import links, sending
from fhir_gateway.usecases.sending import Outgoing
from tests.usecases.builders import a_response
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.waiting_room import free_up, the_offer, waiting

BASE = "https://clinic.example"


@pytest.fixture
async def freed(clinic: Clinic) -> Clinic:
    """Bob has been offered the time that Ann gave up."""
    await waiting(clinic, "bob")
    await free_up(clinic)
    return clinic


async def due(clinic: Clinic, channel: str = "sms") -> list[Outgoing]:
    return await sending.due(clinic.deps, TENANT, channel, BASE)


async def lease_is_over(clinic: Clinic) -> None:
    await clinic.sql("UPDATE message SET leased_until = clock_timestamp(),"
                     " due = clock_timestamp() RETURNING 1")  # fmt: skip


async def test_a_message_has_a_link_that_works(freed: Clinic) -> None:
    (message,) = await due(freed)
    (token,) = re.findall(rf"{BASE}/o/(\S+)$", message.text)
    asked = await links.look(freed.deps, TENANT, token)
    await links.decide(freed.deps, TENANT, token, asked.form, "accepted")
    assert await freed.status(f"Appointment/{message.message.offer}") == ["booked"]


async def test_what_one_has_taken_nobody_else_gets(freed: Clinic) -> None:
    assert len(await due(freed)) == 1
    assert await due(freed) == []
    assert await due(freed, "email") == []


async def test_what_was_sent_is_completed(freed: Clinic) -> None:
    (message,) = await due(freed)
    assert await sending.sent(freed.deps, TENANT, message)
    told = await freed.get(f"Communication/{message.key}")
    validate(told, type_name="Communication")
    assert (told["status"], "sent" in told) == ("completed", True)
    await lease_is_over(freed)
    assert await due(freed) == []


async def test_an_attempt_that_was_overtaken_settles_nothing(freed: Clinic) -> None:
    (first,) = await due(freed)
    await lease_is_over(freed)
    (second,) = await due(freed)
    assert second.key == first.key
    assert not await sending.sent(freed.deps, TENANT, first)
    assert not await sending.failed(freed.deps, TENANT, first)
    assert await sending.sent(freed.deps, TENANT, second)


async def test_after_twelve_attempts_a_message_is_given_up(freed: Clinic) -> None:
    for _ in range(12):
        await lease_is_over(freed)
        (message,) = await due(freed)
        assert await sending.failed(freed.deps, TENANT, message)
    told = await freed.get(f"Communication/{message.key}")
    validate(told, type_name="Communication")
    assert told["status"] == "not-done"
    assert await freed.sql("SELECT 1 FROM message") == []


async def test_nobody_is_asked_about_what_is_over(freed: Clinic) -> None:
    offer = await the_offer(freed)
    await freed.post(a_response(f"Appointment/{offer['id']}", "accepted"))
    (message,) = await due(freed)
    assert "is booked" in message.text
    assert {each["status"] for each in await freed.all("Communication")} == {
        "preparation", "not-done",
    }  # fmt: skip
