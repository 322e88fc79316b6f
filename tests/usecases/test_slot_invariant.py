"""Whatever happens, every Slot says what is held, and who is booked holds time. Decision 9."""

from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fhir_gateway.core.codes import HOLDING
from fhir_gateway.usecases import react
from tests.usecases.clinic import Clinic
from tests.usecases.clinic_life import Life, Step, steps

#: Every life has names of its own, because the database outlives it.
_names = (f"x{number}" for number in count())

policies = st.sampled_from(("best", "plan"))
random_lives = settings(
    max_examples=15,
    deadline=None,
    database=None,
    phases=(Phase.generate,),  # a shorter list is not worth minutes of looking for it
    suppress_health_check=(HealthCheck.function_scoped_fixture, HealthCheck.too_slow),
)


async def live(clinic: Clinic, taken: list[Step]) -> Life:
    life = Life(clinic, next(_names))
    await life.begin()
    for each in taken:
        await life.take(each)
    await react.sweep(clinic.deps)
    return life


async def holders(clinic: Clinic) -> set[str]:
    """Ids of the Appointments that hold the time of somebody."""
    rows = await clinic.sql("SELECT DISTINCT appointment FROM busy WHERE appointment IS NOT NULL")
    return {str(row[0]) for row in rows}


@pytest.mark.slow
@random_lives
@given(policy=policies, taken=steps())
async def test_every_slot_says_what_is_held(bare: Clinic, policy: str, taken: list[Step]) -> None:
    life = await live(bare.under(waitlist=policy), taken)
    wrong = await bare.wrong_slots()
    assert [each for each in wrong if each.id.startswith(f"{life.name}-")] == []
    visits = [await bare.get(f"Appointment/{each['id']}") for each in life.booked]
    held = await holders(bare)
    assert [each["id"] in held for each in visits] == [each["status"] in HOLDING for each in visits]


@pytest.mark.slow
@random_lives
@given(policy=policies, taken=steps(12))
async def test_no_freed_time_is_forgotten(bare: Clinic, policy: str, taken: list[Step]) -> None:
    clinic = bare.under(waitlist=policy)
    await live(clinic, [*taken, ("work", 0, 0)])
    for _ in range(3):
        for each in await clinic.all("Appointment", status="proposed"):
            await clinic.time_is_up(each)
        await clinic.work()
    assert await clinic.all("Appointment", status="proposed") == []
    tasks = {each["status"] for each in await clinic.all("Task")}
    assert tasks <= {"completed", "failed", "cancelled"}
    assert await clinic.sql("SELECT kind, task FROM busy WHERE kind = 'offer'") == []
