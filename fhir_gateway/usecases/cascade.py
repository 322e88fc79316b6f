"""What is known of one freed time while the waitlist is asked?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import TASK_FILL_SLOT
from fhir_gateway.core.refs import Ref, first_of
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.waitlist import Matching, matching
from fhir_gateway.engines.waitlist_facts import FreedTime
from fhir_gateway.engines.waitlist_wave import Cascade, minutes_left, notice_bucket
from fhir_gateway.storage import freed_time_facts, resources, waitlist_facts
from fhir_gateway.storage.offer_log import Funnel
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import naming, tasks, waiting
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Resource
from fhir_gateway.usecases.zones import has_zone, places_of, zone_among

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
    actors = tasks.references(task, "actor")
    named = [str(ref) for ref in actors]
    scene = await freed_time_facts.scene(
        tx, [ref.id for ref in tasks.references(task, "slot")], actors
    )
    slots = sorted((each.resource() for each in scene.slots), key=lambda slot: slot["start"])
    schedule = scene.schedule.resource() if scene.schedule else None
    known = {ref: each.resource() for ref, each in scene.actors.items()}
    zone = await _zone(tx, deps, schedule, known)
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
    own = {each.get("reference"): each for each in (schedule or {}).get("actor", ())}
    people = naming.with_names([own.get(each, tasks.reference(each)) for each in named], known)
    return Opening(stored, task, span, slots, services, named, people, zone, freed, scene.now)


async def _zone(
    tx: Transaction, deps: Deps, schedule: Resource | None, known: Mapping[Ref, Resource]
) -> ZoneInfo:
    """As `zones.zone_of`; Locations that are known already are not read again."""
    tenant = deps.tenants[tx.tenant].zone
    if has_zone(schedule):
        return zone_among(schedule, (), tenant)
    places = {ref.id: each for ref, each in known.items() if ref.type == "Location"}
    others = set(places_of(schedule or {})) - set(places)
    if others:
        found = await resources.read_many(tx, "Location", others)
        places |= {key: each.resource() for key, each in found.items()}
    return zone_among(schedule, [places[key] for key in sorted(places)], tenant)


@dataclass(frozen=True, slots=True)
class Waitlist:
    """Everybody who waits for such a time, and where the offers for it stand.

    Attributes:
        found: Who could take it, in order, and who could not.
        entries: Their entries of the waitlist, by id.
        where: Where the offers stand, and how offers with such a notice have been answered.
        funnel: How many patients got how far.
    """

    found: Matching
    entries: dict[str, Stored]
    where: Cascade
    funnel: Funnel


async def ask(tx: Transaction, deps: Deps, opening: Opening) -> Waitlist:
    """Look at the waitlist for a freed time."""
    bucket = notice_bucket(opening.notice)
    known = await waitlist_facts.standing(
        tx, opening.ref.id, opening.freed.service_types, bucket, CHANNELS
    )
    facts = await waiting.entries(tx, known.waiting, opening.span, opening.zone)
    where = Cascade(
        offered=known.asked,
        live=known.live,
        minutes_left=minutes_left(opening.freed, opening.now),
        acceptances=known.acceptances,
    )
    found = matching(deps.policy.waitlist, facts, opening.freed, opening.now)
    return Waitlist(found, known.waiting, where, known.funnel)
