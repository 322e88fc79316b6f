"""Twenty who were asked, the desk and the clock want the same time: one has it, the others hear so.

OFFER_GROUPS in the environment says how many such groups are played with and how many without a
hold, OFFER_SEED how chance falls.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.time import format_instant
from fhir_gateway.usecases import links
from tests.usecases.builders import (
    Resource,
    a_patient,
    a_practitioner,
    a_response,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
    ref,
)
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.waiting_room import asked

GROUPS = int(os.environ.get("OFFER_GROUPS", "2"))
SEED = os.environ.get("OFFER_SEED", "7")
PATIENTS = 20
_NUMBERS = count(1)
_JOINED = datetime(2026, 1, 1, tzinfo=UTC)
Attempt = Callable[[Clinic, Resource], Awaitable[object]]


async def by_response(clinic: Clinic, offer: Resource) -> object:
    (patient,) = asked([offer])
    reference = f"Appointment/{offer['id']}"
    return await clinic.post(a_response(reference, "accepted", f"Patient/{patient}"))


async def by_link(clinic: Clinic, offer: Resource) -> object:
    async with clinic.deps.database.transaction(TENANT) as tx:
        token = (await links.mint(tx, clinic.deps, offer["id"])).token
    page = await links.look(clinic.deps, TENANT, token)
    return await links.decide(clinic.deps, TENANT, token, page.form, "accepted")


WAYS: tuple[Attempt, ...] = (by_response, by_link)


async def join(clinic: Clinic) -> None:
    """One more patient waits, behind all others."""
    number = next(_NUMBERS)
    joined = format_instant(_JOINED + timedelta(minutes=number))
    patient = f"w{number:05}"
    await clinic.put(a_patient(patient), a_waitlist_entry(patient, created=joined))


async def waiting_in_order(clinic: Clinic) -> list[tuple[str, str]]:
    """Who waits since when, first come first."""
    rows = await clinic.sql(
        "SELECT convert_from(content, 'utf8')::jsonb ->> 'created', c.id FROM appointment a"
        " JOIN appointment_content c ON c.tenant = a.tenant AND c.id = a.id"
        " WHERE a.p_status = 'waitlist' ORDER BY 1, 2"
    )
    return [(since, key) for since, key in rows]


class Group:
    """One time of a practitioner of its own, that begins so soon that all are asked at once."""

    def __init__(self, clinic: Clinic, number: int) -> None:
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=79)
        end = start + timedelta(minutes=20)
        self.clinic, self.name = clinic, f"g{number}"
        self.actor = f"Practitioner/{self.name}"
        self.times = {"start": format_instant(start), "end": format_instant(end)}
        self.slot = f"Slot/{self.name}"

    def appointment(self, patient: str) -> Resource:
        made = an_appointment(patient=patient, others=(self.actor,), schedule=None)
        return made | self.times | {"slot": [ref(self.slot)]}

    async def free_up(self) -> list[Resource]:
        """Somebody books the time and gives it up.

        Returns:
            The offers.
        """
        slot = a_slot(schedule=self.name, id=self.name) | self.times
        desk = a_patient(f"desk-{self.name}")
        schedule = a_schedule(self.name, self.actor)
        await self.clinic.put(a_practitioner(self.name), schedule, slot, desk)
        booked = await self.clinic.post(self.appointment("ann"))
        await self.clinic.cancel(f"Appointment/{booked['id']}")
        await self.clinic.work()
        rows = await self.clinic.sql("SELECT id FROM offer WHERE outcome = 'open' ORDER BY id")
        return [await self.clinic.get(f"Appointment/{key}") for (key,) in rows]

    async def at_the_desk(self) -> object:
        return await self.clinic.post(self.appointment(f"desk-{self.name}"))

    async def time_is_up(self, offer: Resource) -> object:
        await self.clinic.time_is_up(offer)
        await self.clinic.work()
        return None

    async def holders(self) -> list[str]:
        rows = await self.clinic.sql(
            "SELECT appointment FROM busy WHERE active AND exclusive AND %s = ANY(slots)"
            " AND (expires_at IS NULL OR expires_at > clock_timestamp())",
            (self.name,),
        )
        return [key for (key,) in rows]


async def play(clinic: Clinic, number: int, chance: random.Random) -> str:
    """Play one group and look at what is left.

    Returns:
        Who has the time: `patient` or `desk`.
    """
    group = Group(clinic, number)
    made = await group.free_up()
    assert len(made) == PATIENTS
    before = await waiting_in_order(clinic)
    attempts = [chance.choice(WAYS)(clinic, each) for each in made]
    attempts += [group.at_the_desk(), group.time_is_up(chance.choice(made))]
    chance.shuffle(attempts)
    results = await asyncio.gather(*attempts, return_exceptions=True)
    await clinic.work()
    failures = [each for each in results if isinstance(each, BaseException)]
    assert [each for each in failures if not isinstance(each, GatewayError)] == []
    categories = {each.category.value for each in failures if isinstance(each, GatewayError)}
    assert categories <= {"conflict", "gone"}
    (holder,) = await group.holders()
    outcomes = await clinic.sql("SELECT id, outcome FROM offer")
    assert len(outcomes) == PATIENTS
    winners = [key for key, outcome in outcomes if outcome == "accepted"]
    assert winners == [holder] * len(winners)
    assert {outcome for _, outcome in outcomes} <= {"accepted", "superseded", "expired"}
    told = await clinic.sql("SELECT count(DISTINCT offer) FROM message WHERE NOT asks")
    assert told == [(PATIENTS,)]
    gone = {f"wait-{patient}" for each in made if each["id"] == holder for patient in asked([each])}
    assert await waiting_in_order(clinic) == [each for each in before if each[1] not in gone]
    assert len(gone) == len(winners)
    # Answers are learnt from, and so would soon be needed fewer; and the next group has its own.
    for table in ("offer", "message"):
        await clinic.sql(f"DELETE FROM {table} RETURNING 1")
    for _ in gone:
        await join(clinic)
    return "patient" if winners else "desk"


@pytest.mark.parametrize("holds", [True, False])
async def test_one_of_twenty_patients_and_the_desk_has_the_time(
    clinic: Clinic, holds: bool
) -> None:
    chosen = clinic.under(waitlist="best", offer_hold=holds)
    for _ in range(PATIENTS):
        await join(chosen)
    chance = random.Random(f"{SEED} {holds}")
    outcome: Counter[str] = Counter()
    for number in range(GROUPS):
        outcome[await play(chosen, number, chance)] += 1
    assert outcome.total() == GROUPS
    assert await chosen.wrong_slots() == []
