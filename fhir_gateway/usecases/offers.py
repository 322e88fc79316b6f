"""Who is asked for a freed time, and what becomes of the offers?

A worker runs this for each event of a fill-slot Task: time freed, an answer, an expiry, the end of
a wave. Offers are proposed Appointments that point to their waitlist entry and to the Task; only
the Task holds the time. Decisions 15 and 16.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from fhir_gateway.core.codes import (
    REASON_EXPIRED,
    REASON_SUPERSEDED,
    REASON_TOO_LATE,
)
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import format_instant
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.engines.waitlist import Placed
from fhir_gateway.engines.waitlist_wave import (
    Cascade,
    Occasion,
    asked_later,
    next_wave,
    next_wave_due,
    notice_bucket,
    offer_expiry,
)
from fhir_gateway.storage import engagements, offer_log, outbox, resources, waitlist_facts
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.offer_log import Funnel, Made
from fhir_gateway.storage.postgres import RaceLostError, Transaction
from fhir_gateway.usecases import (
    appointments,
    cascade,
    notices,
    offer_shape,
    reaching,
    seats,
    storing,
    tasks,
)
from fhir_gateway.usecases.appointments import Change
from fhir_gateway.usecases.cascade import Opening, Waitlist
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import needs
from fhir_gateway.usecases.reaching import Reached
from fhir_gateway.usecases.slot_states import areas_of, refresh

#: Timers: an offer's answer is due · the next wave is due.
OFFER_EXPIRY = "offer-expiry"
WAVE = "waitlist-wave"


async def fill(tx: Transaction, deps: Deps, task_id: str, occasion: Occasion) -> None:
    """Ask whoever is next for a freed time, or end its Task where nobody is left.

    Args:
        tx: Open transaction.
        deps: See Deps.
        task_id: A fill-slot Task; nothing happens where it is finished.
        occasion: Why somebody may have to be asked now.
    """
    opening = await cascade.open_task(tx, deps, task_id)
    if opening is None:
        return
    wanted = await _wanted(tx, opening)
    if wanted is None or await _taken(tx, opening, wanted):
        await withdraw(tx, deps, task_id)
        await _end(tx, deps, opening, "cancelled", "The time was booked in another way")
        return
    waitlist = await cascade.ask(tx, deps, opening)
    placed_all, where = waitlist.found.placed, waitlist.where
    reached = await reaching.reach(tx, deps, opening, placed_all, waitlist.entries, where.offered)
    chosen = next_wave(deps.policy.waitlist, reached.ranked, where, occasion)
    placed = [each for each in reached.ranked if each.entry.id in chosen]
    if placed:
        latest = max(reached.expiries[each] for each in chosen)
        await _hold(tx, deps, opening, wanted, latest)
        await _offer(tx, deps, opening, placed, waitlist, reached)
        _count(opening, len(placed_all), await funnel(tx, task_id))
        await _progress(tx, deps, opening, latest)
        if len(placed_all) > len(placed):
            await _next_wave(tx, deps, opening, where.asking(chosen), reached)
        return
    changed = _count(opening, len(placed_all), _told(waitlist.funnel))
    later = asked_later(deps.policy.waitlist, reached.ranked, where)
    if where.live == 0 and not later:
        await _fail(tx, deps, opening, where, reached)
        return
    if changed:
        await storing.replace(tx, deps, opening.stored, opening.task)
    more = len(placed_all) > len(where.offered)
    if later or (more and occasion is Occasion.WAVE):
        await _next_wave(tx, deps, opening, where, reached)


async def _fail(
    tx: Transaction, deps: Deps, opening: Opening, where: Cascade, reached: Reached
) -> None:
    if where.offered:
        await _end(tx, deps, opening, "failed", "Nobody accepted")
        return
    late = offer_expiry(deps.policy.waitlist, opening.now, opening.freed)
    refusals = (late, *reached.refusals)
    reason = next((each for each in refusals if isinstance(each, Refusal)), None)
    if reason is None:
        await _end(tx, deps, opening, "failed", "Nobody on the waitlist could take it")
        return
    why = reason.text[:1].upper() + reason.text[1:]
    code = REASON_TOO_LATE if reason.reason == REASON_TOO_LATE else None
    await _end(tx, deps, opening, "failed", why, code)


def _count(opening: Opening, eligible: int, far: Mapping[str, int]) -> bool:
    """Write into the Task how many patients got how far; whether that has changed."""
    before = tasks.values(opening.task, "eligible", of="output")
    most = max([eligible, *(each.get("valueInteger", 0) for each in before)])
    told = list(opening.task.get("output", ()))
    tasks.counted(opening.task, {"eligible": most, **far})
    return bool(told != opening.task["output"])


async def funnel(tx: Transaction, task_id: str) -> dict[str, int]:
    """How many patients of a freed time got how far, beside those who were eligible."""
    return _told(await offer_log.funnel(tx, task_id))


def _told(found: Funnel) -> dict[str, int]:
    return {**asdict(found), "completed": found.accepted}


async def _wanted(tx: Transaction, opening: Opening) -> tuple[Engagement, ...] | None:
    """What a booking of all of it would take; None where it is not in its Slots any more."""
    template = offer_shape.template(opening) | {"id": opening.ref.id, "status": "booked"}
    try:
        return (await needs(tx, template)).exclusive
    except GatewayError:
        return None


async def _taken(tx: Transaction, opening: Opening, wanted: Sequence[Engagement]) -> bool:
    """Whether somebody else has the time by now, or a part of the time around it."""
    if await seats.in_the_way(tx, wanted, without_task=opening.ref.id):
        return True
    return any(each["status"] not in ("free", "busy-tentative") for each in opening.slots)


async def _offer(
    tx: Transaction,
    deps: Deps,
    opening: Opening,
    placed: Sequence[Placed],
    waitlist: Waitlist,
    reached: Reached,
) -> None:
    for each in placed:
        expiry, recipient = reached.expiries[each.entry.id], reached.recipients[each.entry.id]
        entry = waitlist.entries[each.entry.id]
        offer = offer_shape.offer(opening, entry.resource(), each, deps.policy.waitlist, deps.ids)
        await storing.add(tx, deps, offer)
        counted = offer_shape.counted(entry.resource(), "offered", opening.now)
        await storing.replace(tx, deps, entry, counted)
        await outbox.set_timer(
            tx, OFFER_EXPIRY, offer["id"], expiry, {"task": opening.ref.id, "offer": offer["id"]}
        )
        await offer_log.made(
            tx,
            Made(
                id=offer["id"],
                task=opening.ref.id,
                channel=each.entry.channels[0],
                messages=len(recipient.addresses),
                bucket=notice_bucket(opening.notice),
                offered_at=opening.now,
                expires_at=expiry,
            ),
        )
        await notices.offered(tx, deps, offer, opening, expiry, recipient)
        opening.task.setdefault("output", []).append(
            tasks.entry("offer", valueReference=tasks.reference(f"Appointment/{offer['id']}"))
        )


async def _hold(
    tx: Transaction,
    deps: Deps,
    opening: Opening,
    wanted: Sequence[Engagement],
    expiry: datetime,
) -> None:
    """Keep the time for those who are asked; a hold that stands is only made longer."""
    if not deps.policy.holds_offers:
        return
    held = await engagements.of_task(tx, opening.ref.id)
    if held:
        latest = max([expiry, *(each.expires_at for each in held if each.expires_at)])
        if await engagements.prolong(tx, opening.ref.id, latest):
            await refresh(tx, deps, areas_of(held))
            return
    rows = [
        replace(
            each, kind=engagements.OFFER, appointment=None, task=opening.ref.id, expires_at=expiry
        )
        for each in wanted
    ]
    taken = await engagements.take(tx, rows)
    if taken.missing:
        raise RaceLostError
    await refresh(tx, deps, areas_of([*taken.ended, *rows]))


async def _progress(tx: Transaction, deps: Deps, opening: Opening, expiry: datetime) -> None:
    task = tasks.moved(opening.task, "in-progress", deps.clock.now())
    known = ((task.get("restriction") or {}).get("period") or {}).get("end")
    latest = max(filter(None, [known, format_instant(expiry.replace(microsecond=0))]))
    task["restriction"] = {"period": {"end": latest}}
    await storing.replace(tx, deps, opening.stored, task)


async def _next_wave(
    tx: Transaction, deps: Deps, opening: Opening, where: Cascade, reached: Reached
) -> None:
    if deps.policy.waitlist == "best":
        due = next_wave_due(opening.freed, opening.now, where, reached.ranked)
        await outbox.set_timer(tx, WAVE, opening.ref.id, due, {"task": opening.ref.id})


async def _end(
    tx: Transaction, deps: Deps, opening: Opening, status: str, why: str, code: str | None = None
) -> None:
    await release(tx, deps, opening.ref.id)
    await outbox.drop_timer(tx, WAVE, opening.ref.id)
    await offer_log.ended(tx, opening.ref.id, "unfilled" if status == "failed" else "taken")
    task = tasks.moved(opening.task, status, deps.clock.now(), why, code)
    await storing.replace(tx, deps, opening.stored, task)


async def release(tx: Transaction, deps: Deps, task_id: str) -> None:
    """Give back what a Task holds; this starts no new cascade (decision 15)."""
    held = await engagements.of_task(tx, task_id)
    await engagements.release(tx, [each.id for each in held])
    await refresh(tx, deps, areas_of(held))


async def withdraw(tx: Transaction, deps: Deps, task_id: str) -> None:
    """Tell everybody whose offer is still open that the time has gone."""
    made = await waitlist_facts.offers_of(tx, task_id)
    open_ones = sorted(key for key, status in made if status == "proposed")
    for each in open_ones:
        await close(tx, deps, each, REASON_SUPERSEDED, "Somebody else has taken the time")


async def close(tx: Transaction, deps: Deps, offer_id: str, code: str, text: str) -> bool:
    """End an offer that is still open, and say so to the patient.

    Returns:
        False where it is not open any more.
    """
    stored = await resources.read(tx, Ref("Appointment", offer_id), lock=True)
    if stored is None:
        return False
    offer = stored.resource()
    if offer["status"] != "proposed":
        return False
    offer["status"] = "cancelled"
    offer["cancelationReason"] = appointments.reason(code, text)
    await appointments.apply(tx, deps, Change(offer, By.OPERATION, stored))
    await outbox.drop_timer(tx, OFFER_EXPIRY, offer_id)
    await offer_log.closed(tx, offer_id, "expired" if code == REASON_EXPIRED else "superseded")
    await notices.ended(tx, deps, offer, code)
    return True


async def expire(tx: Transaction, deps: Deps, task_id: str, offer_id: str) -> None:
    """End an offer whose time to answer is over, and ask the next."""
    if await close(tx, deps, offer_id, REASON_EXPIRED, "The time to answer is over"):
        await fill(tx, deps, task_id, Occasion.ANSWERED)


async def displaced(
    tx: Transaction, deps: Deps, task_id: str, why: str = "The EHR booked the time"
) -> None:
    """Somebody has booked the time past the waitlist: withdraw the offers and end the Task."""
    opening = await cascade.open_task(tx, deps, task_id)
    await withdraw(tx, deps, task_id)
    if opening is not None:
        await _end(tx, deps, opening, "cancelled", why)


async def accepted(tx: Transaction, deps: Deps, task_id: str) -> None:
    """One has accepted: the others are told that it is gone."""
    await withdraw(tx, deps, task_id)
    await outbox.drop_timer(tx, WAVE, task_id)
