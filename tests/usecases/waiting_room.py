"""A time that has been freed, and the offers that are made of it."""

from collections.abc import Iterable

from fhir_gateway.core.codes import EXT_WAITLIST, SYSTEM_REASON
from fhir_gateway.usecases import offer_shape
from fhir_gateway.usecases.zones import extension, part
from tests.usecases.builders import Resource, a_waitlist_entry
from tests.usecases.clinic import Clinic


async def waiting(clinic: Clinic, *patients: str) -> None:
    """Put patients on the list; who is named first has waited longest."""
    for day, patient in enumerate(patients, start=1):
        await clinic.put(a_waitlist_entry(patient, created=f"2026-01-{day:02}T09:00:00Z"))


async def free_up(clinic: Clinic, start: str = "09:00", patient: str = "ann") -> None:
    """Let a patient book and give up a time, and the workers do what follows."""
    booked = await clinic.book(start, patient=patient)
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.work()


async def offers(clinic: Clinic, status: str = "proposed") -> list[Resource]:
    """Offers in that state, the oldest first."""
    found = await clinic.all("Appointment", status=status)
    return [each for each in found if offer_shape.links(each) is not None]


async def the_offer(clinic: Clinic) -> Resource:
    """The only one that is open."""
    (offer,) = await offers(clinic)
    return offer


async def the_task(clinic: Clinic) -> Resource:
    (task,) = await clinic.all("Task")
    return task


def asked(found: Iterable[Resource]) -> list[str]:
    """Whom offers are made to."""
    return [each.id for offer in found for each in offer_shape.patients_of(offer)]


def reason_of(appointment: Resource) -> str:
    """Our own code of why it was ended."""
    (coding,) = appointment["cancelationReason"]["coding"]
    assert coding["system"] == SYSTEM_REASON
    return str(coding["code"])


async def counters(clinic: Clinic, patient: str) -> dict[str, int]:
    """What the entry of a patient counts."""
    entry = await clinic.get(f"Appointment/wait-{patient}")
    wishes = extension(entry, EXT_WAITLIST)
    return {name: part(wishes, name) or 0 for name in ("offered", "accepted", "declined")}


async def messages(clinic: Clinic, patient: str) -> list[str]:
    """What a patient has been told, in order."""
    found = await clinic.all("Communication")
    return [
        each["payload"][0]["contentString"]
        for each in found
        if each["recipient"] == [{"reference": f"Patient/{patient}"}]
    ]
