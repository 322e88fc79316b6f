"""What is known of one freed time while the waitlist is asked?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import TASK_FILL_SLOT
from fhir_gateway.core.refs import Ref, first_of
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.waitlist import Matching, matching
from fhir_gateway.engines.waitlist_facts import FreedTime
from fhir_gateway.engines.waitlist_wave import Cascade, minutes_left, notice_bucket
from fhir_gateway.storage import offer_log, resources, waitlist_facts
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import naming, tasks, waiting
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Resource
from fhir_gateway.usecases.zones import zone_of

#: States of a Task in which offers may be made.
OPEN = frozenset({"requested", "in-progress"})
#: By which a patient can be told.
CHANNELS = ("sms", "email", "push", "voice")


@dataclass(slots=True)
class Opening:
    """One freed time, its Task and what may happen in it.

    Attributes:
        stored: The Task as read, locked.
        task: Its content.
        span: The freed time.
        slots: Its Slots by start.
        services: CodeableConcepts of what it may be used for.
        actors: Who is needed: the Schedules' actors, and where it was to be.
        people: The same as References with what they are called.
        zone: Of the clinic.
        freed: The same for the engine.
        now: The database's clock.
    """

    stored: Stored
    task: Resource
    span: Interval
    slots: list[Resource]
    services: list[Resource]
    actors: list[str]
    people: list[Resource]
    zone: ZoneInfo
    freed: FreedTime
    now: datetime

    @property
    def ref(self) -> Ref:
        return self.stored.ref

    @property
    def notice(self) -> float:
        """Minutes until it begins."""
        return (self.span.start - self.now).total_seconds() / 60


async def open_task(tx: Transaction, deps: Deps, task_id: str) -> Opening | None:
    """Read a fill-slot Task, locked; None where it is finished or none of ours."""
    stored = await resources.read(tx, Ref("Task", task_id), lock=True)
    if stored is None:
        return None
    task = stored.resource()
    if task["status"] not in OPEN or not tasks.holds(task, TASK_FILL_SLOT):
        return None
    return await _opening(tx, deps, stored, task)


async def _opening(tx: Transaction, deps: Deps, stored: Stored, task: Resource) -> Opening:
    span = tasks.time_of(task)
    ids = [ref.id for ref in tasks.references(task, "slot")]
    found = await resources.read_many(tx, "Slot", ids)
    slots = sorted((each.resource() for each in found.values()), key=lambda slot: slot["start"])
    schedule = await _schedule(tx, slots)
    named = [str(ref) for ref in tasks.references(task, "actor")]
    places = [each.removeprefix("Location/") for each in named if each.startswith("Location/")]
    zone = await zone_of(tx, deps, schedule, places)
    services = [each["valueCodeableConcept"] for each in tasks.values(task, "service-type")]
    for each in (*slots, *([schedule] if schedule else [])):
        services += [one for one in each.get("serviceType", ()) if one not in services]
    freed = FreedTime(
        start=span.start,
        end=span.end,
        zone=zone.key,
        service_types=waiting.codes_of(services),
        practitioner=first_of(named, "Practitioner"),
        location=first_of(named, "Location"),
        canceller=next((str(ref) for ref in tasks.references(task, "canceller")), None),
        minimum_notice=deps.policy.minimum_notice,
        notice_by_type=deps.policy.notice_by_type,
        quiet=deps.policy.quiet_hours,
    )
    people = await _people(tx, named, schedule)
    now = await tx.now()
    return Opening(stored, task, span, slots, services, named, people, zone, freed, now)


async def _people(
    tx: Transaction, actors_named: Sequence[str], schedule: Resource | None
) -> list[Resource]:
    """References as the Schedule has them; the others by the names that are stored."""
    own = {each.get("reference"): each for each in (schedule or {}).get("actor", ())}
    return await naming.named(tx, [own.get(each, tasks.reference(each)) for each in actors_named])


async def _schedule(tx: Transaction, slots: Sequence[Resource]) -> Resource | None:
    names = {each["schedule"]["reference"].removeprefix("Schedule/") for each in slots}
    found = await resources.read_many(tx, "Schedule", names)
    return next((each.resource() for each in found.values()), None)


async def match(tx: Transaction, deps: Deps, opening: Opening) -> Matching:
    """Everybody who waits for such a time: who could take it, in order, and who could not."""
    ids = await waitlist_facts.waiting(tx, opening.freed.service_types)
    found = await resources.read_many(tx, "Appointment", ids)
    facts = await waiting.entries(tx, found, opening.span, opening.zone)
    return matching(deps.policy.waitlist, facts, opening.freed, opening.now)


async def standing(tx: Transaction, opening: Opening) -> Cascade:
    """Where the offers for it stand, and how offers with such a notice have been answered."""
    made = await waitlist_facts.offers_of(tx, opening.ref.id)
    bucket = notice_bucket(opening.notice)
    asked = await waitlist_facts.offers_of_entries(tx, opening.ref.id)
    return Cascade(
        offered=asked,
        live=sum(status == "proposed" for _, status in made),
        minutes_left=minutes_left(opening.freed, opening.now),
        acceptances=await offer_log.acceptances(tx, bucket, CHANNELS),
    )
