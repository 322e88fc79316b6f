"""Anything that may happen in a clinic, in any order."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.usecases import react
from tests.usecases.builders import (
    Resource,
    a_patient,
    a_practitioner,
    a_response,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
    at,
    availability,
    later,
    ref,
)
from tests.usecases.clinic import Clinic
from tests.usecases.waiting_room import asked, offers

#: What a client may be told; anything else is a defect.
_REFUSALS = frozenset(
    {Category.CONFLICT, Category.UNPROCESSABLE, Category.NOT_FOUND, Category.GONE}
)
_STARTS = ("09:00", "09:30", "10:00", "10:30")
_ODD = ("08:50", "09:15", "09:40", "10:20")

Step = tuple[str, int, int]


def steps(most: int = 25) -> st.SearchStrategy[list[Step]]:
    """Lists of what happens and to which of those that there are."""
    numbers = st.integers(0, 11)
    return st.lists(st.tuples(st.sampled_from(_OFTEN), numbers, numbers),
                    min_size=most // 2, max_size=most)  # fmt: skip


@dataclass
class Life:
    """One clinic with two people, four Schedules and three patients, all called after `name`.

    The first person has two Schedules whose Slots overlap, the second one with buffers; the last
    is of both.
    """

    clinic: Clinic
    name: str
    booked: list[Resource] = field(default_factory=list)

    @property
    def service(self) -> list[Resource]:
        return [{"coding": [{"system": "http://clinic.example/services", "code": self.name}]}]

    async def begin(self) -> None:
        one, two = f"{self.name}-p1", f"{self.name}-p2"
        await self.clinic.put(a_practitioner(one), a_practitioner(two))
        actors = {"a": [one], "b": [one], "c": [two], "d": [one, two]}
        around = {"c": availability(bufferBefore=5, bufferAfter=10)}
        for key, people in actors.items():
            schedule = a_schedule(
                f"{self.name}-{key}", *(f"Practitioner/{each}" for each in people)
            )
            extra = {"extension": around[key]} if key in around else {}
            await self.clinic.put(schedule | {"serviceType": self.service} | extra)
        for key in "ac":
            await self.clinic.put(*(self.slot(key, start) for start in _STARTS))
        await self.clinic.put(self.slot("b", "09:15"), self.slot("d", "10:00"))
        await self.clinic.put(*(a_patient(f"{self.name}-w{number}") for number in range(3)))
        await self.wait(0, 0)
        await self.wait(1, 0)

    def slot(self, key: str, start: str) -> Resource:
        return a_slot(start, schedule=f"{self.name}-{key}")

    async def take(self, step: Step) -> None:
        """Let one thing happen; a refusal is fine, a defect is not."""
        what, one, two = step
        try:
            await _HAPPENINGS[what](self, one, two)
        except GatewayError as error:
            assert error.category in _REFUSALS, error  # noqa: PT017 - the others must be seen

    async def slots(self) -> list[Resource]:
        found = await self.clinic.all("Slot")
        return [each for each in found if each["id"].startswith(f"{self.name}-")]

    def patient(self, number: int) -> str:
        return f"{self.name}-w{number % 3}"

    async def book(self, one: int, two: int, **elements: Any) -> None:
        slots = await self.slots()
        slot = slots[one % len(slots)]
        run = [each for each in slots if each["schedule"] == slot["schedule"]
               and each["start"] in (slot["start"], slot["end"])]  # fmt: skip
        taken = sorted(run, key=lambda each: str(each["start"]))[: 1 + two % 2]
        visit = an_appointment(patient=self.patient(two), others=()) | {
            "serviceType": self.service,
            "start": slot["start"],
            "end": taken[-1]["end"],
            "slot": [ref(f"Slot/{each['id']}") for each in taken],
        }
        self.booked.append(await self.clinic.post(visit | elements))

    async def ask(self, one: int, two: int) -> None:
        await self.book(one, two, status="pending")

    async def book_at_an_odd_time(self, one: int, two: int) -> None:
        person = f"Practitioner/{self.name}-p{1 + two % 2}"
        visit = an_appointment(
            _ODD[one % 4], 20, schedule=None, patient=self.patient(two), others=(person,)
        )
        self.booked.append(await self.clinic.post(visit | {"serviceType": self.service}))

    async def change(self, one: int, **elements: Any) -> None:
        for each in self.booked[one % max(1, len(self.booked)) :][:1]:
            await self.clinic.change(f"Appointment/{each['id']}", **elements)

    async def cancel(self, one: int, _: int) -> None:
        await self.change(one, status="cancelled")

    async def miss(self, one: int, _: int) -> None:
        await self.change(one, status="noshow")

    async def confirm(self, one: int, _: int) -> None:
        await self.change(one, status="booked")

    async def move(self, one: int, two: int) -> None:
        slots = await self.slots()
        to = slots[two % len(slots)]
        times = {"start": to["start"], "end": to["end"]}
        await self.change(one, slot=[ref(f"Slot/{to['id']}")], **times)

    async def turn(self, one: int, two: int) -> None:
        slots = await self.slots()
        status = ("busy-unavailable", "free", "entered-in-error")[min(two, 9) // 4]
        await self.clinic.change(f"Slot/{slots[one % len(slots)]['id']}", status=status)

    async def shift(self, one: int, two: int) -> None:
        slots = await self.slots()
        start = at(_ODD[two % 4])
        times = {"start": start, "end": later(start, 30)}
        await self.clinic.change(f"Slot/{slots[one % len(slots)]['id']}", **times)

    async def open_slot(self, one: int, two: int) -> None:
        status = ("free", "busy", "busy-unavailable")[one % 3]
        await self.clinic.put(self.slot("abcd"[two % 4], _ODD[one % 4]) | {"status": status})

    async def close_slot(self, one: int, _: int) -> None:
        slots = await self.slots()
        await self.clinic.delete(f"Slot/{slots[one % len(slots)]['id']}")

    async def wait(self, one: int, _: int) -> None:
        entry = a_waitlist_entry(self.patient(one), serviceType=self.service)
        await self.clinic.put(entry)

    async def work(self, _: int, __: int) -> None:
        await self.clinic.work()

    async def expire(self, _: int, __: int) -> None:
        await self.clinic.time_is_up({"id": "every hold"})

    async def miss_the_deadline(self, one: int, _: int) -> None:
        made = await offers(self.clinic)
        for each in made[one % max(1, len(made)) :][:1]:
            await self.clinic.time_is_up(each)

    async def sweep(self, _: int, __: int) -> None:
        await react.sweep(self.clinic.deps)

    async def answer(self, one: int, two: int) -> None:
        made = await offers(self.clinic)
        for each in made[one % max(1, len(made)) :][:1]:
            status = ("accepted", "declined")[two % 2]
            (patient,) = asked([each])
            reference = f"Appointment/{each['id']}"
            await self.clinic.post(a_response(reference, status, f"Patient/{patient}"))
            self.booked.append(each)


#: How often each happens, compared with the others.
_WEIGHTS = {
    "book": 3, "ask": 1, "book_at_an_odd_time": 1, "cancel": 3, "miss": 1, "confirm": 1, "move": 1,
    "turn": 1, "shift": 1, "open_slot": 1, "close_slot": 1, "wait": 1, "work": 3, "expire": 2,
    "miss_the_deadline": 1, "sweep": 1, "answer": 2,
}  # fmt: skip
_OFTEN = [name for name, weight in _WEIGHTS.items() for _ in range(weight)]
_HAPPENINGS: dict[str, Callable[[Life, int, int], Awaitable[None]]] = {
    name: getattr(Life, name) for name in _WEIGHTS
}
