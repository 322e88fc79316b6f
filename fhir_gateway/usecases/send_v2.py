"""What becomes of a message to another system once it has been tried?

An answer settles it: AA and CA are the end of it, a refusal is for people, and so is a message
that nobody answers however often it is sent. Until then nothing later about the same Appointment
leaves. A Task says so where people look. Decision 19; hl7v2.md section 3.2.
"""

from collections.abc import Sequence
from dataclasses import replace

from fhir_gateway.core.codes import SYSTEM_TASK, TASK_RESOLVE_CONFLICT
from fhir_gateway.core.errors import PASSING, GatewayError
from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.circuit import delay
from fhir_gateway.hl7.ack import AckView, read_ack
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import Reading, clean
from fhir_gateway.mapping.segments import sch
from fhir_gateway.outbound.destinations import Destination
from fhir_gateway.storage import dispatches, resources
from fhir_gateway.storage.dispatches import Answer, Dispatch
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import confirming, echoes, storing, tasks
from fhir_gateway.usecases.deps import Deps

#: The answers that an acknowledgement can be.
_NEGATIVE = frozenset({"AE", "AR", "CE", "CR"})
_POSITIVE = frozenset({"AA", "CA"})
_LONGEST_TEXT = 300
#: So many stuck messages are sent again at once.
_MOST = 100_000


async def answered(
    deps: Deps, tenant: int, destination: Destination, raw: bytes, chance: float
) -> str | None:
    """Take an acknowledgement, whether or not it was waited for.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        destination: Who sent it.
        raw: As it came.
        chance: From 0 up to 1, for the time until another try.

    Returns:
        The state of its message now; None where it is about none of ours, or says nothing new.
        Where what it says cannot be carried out, its message is left to people.

    Raises:
        Unreadable: it is no acknowledgement.
        GatewayError: busy or timeout; nothing is kept then.
    """
    view = read_ack(raw)

    async def work(tx: Transaction) -> str | None:
        known = await dispatches.named(tx, destination.name, view.control_id)
        if known is None or known.state in (dispatches.QUEUED, dispatches.SKIPPED):
            return None
        return await _settle(tx, deps, destination, known, view, raw, chance)

    try:
        return await deps.database.run(tenant, work)
    except GatewayError as error:
        if error.category in PASSING:
            raise
        why = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, other messages have to go on
        why = type(error).__name__
    deps.log(
        "outbound.unsettled", destination=destination.name, control_id=view.control_id, error=why
    )
    return await _leave_to_people(deps, tenant, destination, view, why)


async def _leave_to_people(
    deps: Deps, tenant: int, destination: Destination, view: AckView, why: str
) -> str | None:
    error = f"{view.code}, which could not be carried out: {why}"[:_LONGEST_TEXT]

    async def work(tx: Transaction) -> str | None:
        known = await dispatches.named(tx, destination.name, view.control_id)
        if known is None or not await dispatches.give_up(tx, known.id, error):
            return known.state if known else None
        await _open_task(tx, deps, known, error)
        return dispatches.DEAD

    return await deps.database.run(tenant, work)


async def _settle(
    tx: Transaction,
    deps: Deps,
    destination: Destination,
    known: Dispatch,
    view: AckView,
    raw: bytes,
    chance: float,
) -> str | None:
    message = Message.parse(raw)
    profile = _profile(deps, tx.tenant, destination)
    reading = Reading(message, profile)
    sent_at = reading.sent_at(deps.clock.now())
    waits = destination.confirm == "application" and view.code == "CA"
    if waits and known.state in (dispatches.COMMITTED, dispatches.ACCEPTED):
        return None
    if waits:
        committed = Answer(dispatches.COMMITTED, raw, view.code, sent_at)
        await dispatches.settle(tx, known.id, committed)
        await dispatches.wait_for_application(tx, known.id, destination.confirm_timeout)
        return dispatches.COMMITTED
    if view.code in _POSITIVE:
        # CA only says that it is safe there; an application's AA or AE may follow.
        if known.state == dispatches.ACCEPTED and known.ack_code == "AA":
            return None
        answer = Answer(dispatches.ACCEPTED, raw, view.code, sent_at)
        await dispatches.settle(tx, known.id, answer)
        await _learn(tx, deps, known, reading)
        await _close_tasks(tx, deps, known)
        await confirming.confirmed(tx, deps, destination, known)
        return dispatches.ACCEPTED
    if view.code not in _NEGATIVE or known.state == dispatches.REJECTED:
        return None
    error = f"{view.code}: {_words(view)}"
    if view.code in destination.retry.refusals and known.state == dispatches.SENT:
        return await _later(tx, deps, destination, known, error, chance)
    if await confirming.refused(tx, deps, destination, known, error):
        over = Answer(dispatches.SKIPPED, raw, view.code, sent_at, error)
        await dispatches.settle(tx, known.id, over)
        await dispatches.pass_over_lane(tx, known)
        await _close_tasks(tx, deps, known)
        return dispatches.SKIPPED
    refusal = Answer(dispatches.REJECTED, raw, view.code, sent_at, error)
    await dispatches.settle(tx, known.id, refusal)
    await _open_task(tx, deps, known, error)
    return dispatches.REJECTED


def _words(view: AckView) -> str:
    """What the receiver says is wrong."""
    told = [f"{each.condition} {each.text} {each.location}".strip() for each in view.errors]
    return clean("; ".join(told) or view.text or "no reason given")[:_LONGEST_TEXT]


async def heard_elsewhere(deps: Deps, tenant: int, header: Header, raw: bytes) -> str | None:
    """Take an acknowledgement that has come in by a port of ours, as a message of its own.

    Returns:
        The state of its message now; None where it is about none of ours.
    """
    for each in deps.destinations.get(tenant, ()):
        if each.sends_as(header.sender):
            try:
                state = await answered(deps, tenant, each, raw, chance=0.5)
            except Unreadable:
                return None
            if state is not None:
                deps.log("outbound.heard-elsewhere", destination=each.name, state=state)
                return state
    return None


async def give_up_overdue(deps: Deps, tenant: int, destination: Destination) -> int:
    """Leave to people what the application has not said a word on in time; how many."""

    async def work(tx: Transaction) -> int:
        found = await dispatches.overdue(tx, destination.name)
        for each in found:
            error = f"no word of the application in {destination.confirm_timeout:g} seconds"
            if await dispatches.give_up(tx, each.id, error):
                await _open_task(tx, deps, each, error)
        return len(found)

    return await deps.database.run(tenant, work)


async def unanswered(
    deps: Deps, tenant: int, destination: Destination, message: Dispatch, why: str, chance: float
) -> str:
    """Have a message sent again later that was written and not answered.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        destination: To whom.
        message: As it was taken.
        why: For people.
        chance: From 0 up to 1.

    Returns:
        Its state: sent, or dead where it has been tried often enough.
    """

    async def work(tx: Transaction) -> str:
        return await _later(tx, deps, destination, message, why, chance)

    return await deps.database.run(tenant, work)


async def _later(
    tx: Transaction,
    deps: Deps,
    destination: Destination,
    message: Dispatch,
    why: str,
    chance: float,
) -> str:
    retry = destination.retry
    if message.attempts >= retry.attempts:
        error = f"given up after {message.attempts} tries; {why}"
        if await dispatches.give_up(tx, message.id, error):
            await _open_task(tx, deps, message, error)
        return dispatches.DEAD
    seconds = delay(message.attempts, chance, retry.patience)
    await dispatches.postpone(tx, message.id, seconds, why)
    return dispatches.SENT


async def listed(
    deps: Deps,
    tenant: int,
    states: Sequence[str] = dispatches.STATES,
    *,
    destination: str | None = None,
    id_: int | None = None,
    limit: int = 100,
) -> list[Dispatch]:
    """Messages for people to look at, the newest first."""
    async with deps.database.transaction(tenant) as tx:
        return await dispatches.found(
            tx, states=states, destination=destination, id_=id_, limit=limit
        )


async def stuck(deps: Deps, tenant: int, destination: str | None = None) -> list[Dispatch]:
    """Messages that wait for people."""
    states = sorted(dispatches.STUCK)
    return await listed(deps, tenant, states, destination=destination, limit=_MOST)


async def again(deps: Deps, tenant: int, id_: int) -> bool:
    """Send a message that is stuck again, as it is; False where it is not stuck."""

    async def work(tx: Transaction) -> bool:
        return await dispatches.again(tx, id_)

    return await deps.database.run(tenant, work)


async def skip(deps: Deps, tenant: int, id_: int) -> bool:
    """Never send a message, and let those behind it go; False where it is over or on its way.

    Where a booking waited for the receiver to confirm it, people have said yes in its place.
    """

    async def work(tx: Transaction) -> bool:
        for known in await dispatches.found(tx, id_=id_):
            if await dispatches.skip(tx, id_):
                await _close_tasks(tx, deps, known)
                await confirming.confirmed(tx, deps, _named(deps, tenant, known), known)
                return True
        return False

    return await deps.database.run(tenant, work)


def _named(deps: Deps, tenant: int, message: Dispatch) -> Destination | None:
    found = deps.destinations.get(tenant, ())
    return next((each for each in found if each.name == message.destination), None)


def _profile(deps: Deps, tenant: int, destination: Destination) -> SenderProfile:
    """How what the destination sends is read."""
    known = deps.profiles.get(destination.receiver.pair, deps.default_profile)
    return replace(known, zone=destination.zone or deps.tenants[tenant].zone.key)


async def _learn(tx: Transaction, deps: Deps, known: Dispatch, reading: Reading) -> None:
    """Keep the filler's id where the answer brings it, as an SRR does."""
    segment = reading.message.first("SCH")
    stored = await resources.read(tx, Ref("Appointment", known.appointment), lock=True)
    if segment is None or stored is None:
        return
    told = sch.own_identifiers(segment, reading)
    filler = [each for each in told if each["type"]["coding"][0]["code"] == "FILL"]
    await echoes.learn(tx, deps, stored, filler)


async def _open_task(tx: Transaction, deps: Deps, message: Dispatch, why: str) -> None:
    """Ask people to look at it."""
    now = deps.clock.now()
    about = f"{message.destination} has not taken {message.event} about an appointment"
    task = tasks.new_task(deps.ids.new(), TASK_RESOLVE_CONFLICT, now, about)
    task["focus"] = tasks.reference(f"Appointment/{message.appointment}")
    task["statusReason"] = {"text": why}
    task["input"] = [tasks.entry("outbound-message", valueString=_label(message))]
    await storing.add(tx, deps, task)


def _label(message: Dispatch) -> str:
    return f"{message.destination} {message.control_id}"


async def _close_tasks(tx: Transaction, deps: Deps, message: Dispatch) -> None:
    """Complete what people were asked about a message that is over now."""
    if message.error is None:
        return
    ids = await resources.with_tokens(
        tx,
        "Task",
        (
            f"code|{SYSTEM_TASK}|{TASK_RESOLVE_CONFLICT}",
            f"focus|Appointment/{message.appointment}",
            "status|=requested",
        ),
    )
    for stored in (await resources.read_many(tx, "Task", ids)).values():
        task = stored.resource()
        labels = [each.get("valueString") for each in tasks.values(task, "outbound-message")]
        if labels == [_label(message)]:
            moved = tasks.moved(task, "completed", deps.clock.now(), "It has been settled")
            await storing.replace(tx, deps, stored, moved)
