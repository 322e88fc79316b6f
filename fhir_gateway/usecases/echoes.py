"""Is what an EHR says only what it has heard from us?

An EHR tells its bookings to everybody, also those that came from here. Such an echo is about the
Appointment that we told, under our id or the one that the EHR has given it, and never about a new
one. It may also come late: what it repeats may have changed since, and must not be put back.

Source: hl7v2.md section 6, N8; decisions 14 and 19.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fhir_gateway.core.codes import SYSTEM_OWN
from fhir_gateway.core.errors import Issue
from fhir_gateway.core.refs import ID
from fhir_gateway.mapping.events_out import says
from fhir_gateway.mapping.intent import Identifier, SiuIntent
from fhir_gateway.mapping.profiles import SenderProfile, base_of
from fhir_gateway.outbound.destinations import Destination
from fhir_gateway.storage import dispatches
from fhir_gateway.storage.dispatches import Dispatch
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import identifying, storing
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_people import foreign, united

Resource = dict[str, Any]


def heard_by(tx: Transaction, deps: Deps, source: tuple[str, str]) -> list[Destination]:
    """The destinations that send messages of their own under that MSH-3 and MSH-4."""
    return [each for each in deps.destinations.get(tx.tenant, ()) if each.sends_as(source)]


async def recognised(
    tx: Transaction, deps: Deps, intent: SiuIntent, profile: SenderProfile
) -> SiuIntent:
    """The message with our own ids known as such, also where their authority has been lost.

    Args:
        tx: Open transaction.
        deps: See Deps.
        intent: What the message says.
        profile: The sender's.
    """
    heard = heard_by(tx, deps, intent.sender)
    if not heard:
        return intent
    keys = []
    for each in intent.keys:
        ours = _may_be_ours(each, intent, profile, heard) and await _told(tx, each["value"], heard)
        keys.append({**each, "system": SYSTEM_OWN} if ours else each)
    changed = {(e["system"], e["value"]): new for e, new in zip(intent.keys, keys, strict=True)}
    identifiers = [
        changed.get((each["system"], each["value"]), each)
        for each in intent.appointment["identifier"]
    ]
    appointment = {**intent.appointment, "identifier": identifiers}
    return replace(intent, keys=tuple(keys), appointment=appointment)


def _may_be_ours(
    key: Identifier, intent: SiuIntent, profile: SenderProfile, heard: Sequence[Destination]
) -> bool:
    """Whether an id stands under no authority, or under our name instead of our system."""
    base = base_of(profile, intent.sender)
    bare = {f"{base}:appointment-placer", f"{base}:appointment-filler"}
    named = {f"{base}:ns:{each.sender.application}" for each in heard}
    return key["system"] in bare | named and ID.fullmatch(key["value"]) is not None


async def _told(tx: Transaction, appointment: str, heard: Sequence[Destination]) -> bool:
    return bool(await dispatches.told(tx, appointment, [each.name for each in heard]))


async def outdated(tx: Transaction, deps: Deps, intent: SiuIntent, old: Stored) -> Issue | None:
    """Why a message only repeats what we told before the last change; None where it does not.

    It repeats one of our earlier messages and not the newest, and the newest has either not been
    answered yet or was answered, by the EHR's own clock, no sooner than this was sent.
    """
    heard = heard_by(tx, deps, intent.sender)
    if not heard:
        return None
    told = await dispatches.told(tx, old.id, [each.name for each in heard])
    said = says(intent.status, intent.start, intent.end)
    if not told or said == told[-1].says or said not in {each.says for each in told[:-1]}:
        return None
    if _knows(told[-1], intent):
        return None
    text = "Not applied: it repeats what was told before the last change, which is on its way"
    return Issue(text, ("MSH^1^10",), "informational", "echo")


def _knows(newest: Dispatch, intent: SiuIntent) -> bool:
    """Whether the EHR had our newest message when it sent its own."""
    if newest.state != dispatches.ACCEPTED:
        return False
    answered = newest.ack_time or newest.answered_at
    sent = intent.message_time or intent.received_at
    return answered is None or sent > answered


async def learn(tx: Transaction, deps: Deps, old: Stored, told: Sequence[Identifier]) -> None:
    """Keep the ids that an EHR has given to an Appointment, and change nothing else.

    Raises:
        GatewayError: duplicate, where one of them belongs to another Appointment.
    """
    before = old.resource()
    known = united(before.get("identifier", ()), foreign(told))
    if known != before.get("identifier", []):
        await storing.replace(tx, deps, old, {**before, "identifier": known})
        await identifying.register(tx, before, [(e["system"], e["value"]) for e in foreign(told)])
