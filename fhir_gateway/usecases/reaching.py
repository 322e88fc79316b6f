"""How, when and in which language can a patient be told?

Channels as the entry of the waitlist states them, else those of the clinic; the address of each
from Patient.telecom; the zone from the patient's extension timezone, else the clinic's. Row W4.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_TIMEZONE, EXT_WAITLIST
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.waitlist import Placed
from fhir_gateway.engines.waitlist_wave import offer_to
from fhir_gateway.fhir import json
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import message_texts
from fhir_gateway.usecases.cascade import Opening
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.zones import extension, known_zone

Resource = dict[str, Any]

#: Channel → systems of Patient.telecom, the better one first.
_SYSTEMS = {
    "sms": ("sms", "phone"),
    "email": ("email",),
    "push": ("other",),
    "voice": ("phone",),
}
#: Patients who are looked up at once; a wave is rarely larger.
_AT_ONCE = 100


def channels(names: Sequence[str]) -> tuple[str, ...]:
    """The channels of these names.

    Raises:
        GatewayError: invalid, for another name, or for none at all.
    """
    unknown = [each for each in names if each not in _SYSTEMS]
    if unknown or not names:
        told = f"Channels are {', '.join(_SYSTEMS)}; given was '{','.join(names)[:60]}'"
        raise fail(Category.INVALID, told, "channels")
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Recipient:
    """A patient who can be told.

    Attributes:
        patient: Whom.
        addresses: Channel and address, the preferred one first; may be empty.
        language: Of the texts.
        zone: Whose nights are quiet; None: the clinic's.
    """

    patient: Ref
    addresses: tuple[tuple[str, str], ...]
    language: str = message_texts.DEFAULT_LANGUAGE
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """Those of the waitlist who can be asked now.

    Attributes:
        ranked: In order, those who have been asked before included.
        recipients: By id of the entry.
        expiries: Until when each may answer; by id of the entry.
        refusals: Why others cannot be asked, though they could take the time.
    """

    ranked: list[Placed]
    recipients: dict[str, Recipient]
    expiries: dict[str, datetime]
    refusals: tuple[Refusal, ...]


async def reach(
    tx: Transaction,
    deps: Deps,
    opening: Opening,
    placed: Sequence[Placed],
    entries: Mapping[str, Stored],
    asked: Collection[str],
) -> Reached:
    """Find out who of the first on the list can be told, and until when each may answer.

    Args:
        tx: Open transaction.
        deps: See Deps.
        opening: The freed time.
        placed: Who could take it, in order.
        entries: Their entries of the waitlist, by id.
        asked: Ids of entries that have been asked before.
    """
    ranked: list[Placed] = []
    recipients: dict[str, Recipient] = {}
    expiries: dict[str, datetime] = {}
    refusals: list[Refusal] = []
    for start in range(0, len(placed), _AT_ONCE):
        some = placed[start : start + _AT_ONCE]
        found = await _recipients(
            tx, deps, [one for one in some if one.entry.id not in asked], entries
        )
        for each in some:
            recipient = found.get(each.entry.id)
            if recipient is None:
                ranked.append(each)
                continue
            entry = replace(
                each.entry,
                channels=tuple(channel for channel, _ in recipient.addresses),
                zone=recipient.zone.key if recipient.zone else None,
            )
            until = offer_to(deps.policy.waitlist, opening.now, opening.freed, entry)
            if isinstance(until, Refusal):
                refusals.append(until)
                continue
            ranked.append(replace(each, entry=entry))
            recipients[entry.id], expiries[entry.id] = recipient, until
        if len(recipients) >= _AT_ONCE // 2:
            break
    return Reached(ranked, recipients, expiries, tuple(refusals))


async def _recipients(
    tx: Transaction, deps: Deps, placed: Sequence[Placed], entries: Mapping[str, Stored]
) -> dict[str, Recipient]:
    """How each can be told, by id of the entry; also those who cannot."""
    if not placed:
        return {}
    named = {each.entry.id: each.entry.patient.removeprefix("Patient/") for each in placed}
    patients = await resources.read_many(tx, "Patient", set(named.values()))
    found: dict[str, Recipient] = {}
    for key, patient in named.items():
        tree = patients[patient].resource() if patient in patients else {}
        stated = _stated_in(entries[key].content)
        found[key] = recipient_of(Ref("Patient", patient), tree, stated or deps.policy.channels)
    return found


async def recipient(tx: Transaction, deps: Deps, patient: Ref, entry_id: str) -> Recipient:
    """How a patient is told about an entry of the waitlist."""
    entry = await resources.read(tx, Ref("Appointment", entry_id))
    stored = await resources.read(tx, patient)
    stated = _stated(entry.resource()) if entry else ()
    tree = stored.resource() if stored else {}
    return recipient_of(patient, tree, stated or deps.policy.channels)


def recipient_of(patient: Ref, tree: Resource, channels: Iterable[str]) -> Recipient:
    """The same from a Patient that has been read.

    Args:
        patient: Who it is.
        tree: The Patient; empty where it is not stored here.
        channels: Wanted ones, the preferred one first.
    """
    told = ((each, _address(tree, each)) for each in dict.fromkeys(channels))
    zone = known_zone((extension(tree, EXT_TIMEZONE) or {}).get("valueCode"))
    addresses = tuple((channel, address) for channel, address in told if address)
    return Recipient(patient, addresses, message_texts.language_of(tree), zone)


@lru_cache(maxsize=8192)
def _stated_in(content: bytes) -> tuple[str, ...]:
    return _stated(json.parse(content))


def _stated(entry: Resource) -> tuple[str, ...]:
    wishes = extension(entry, EXT_WAITLIST) or {}
    found = (each for each in wishes.get("extension", ()) if each.get("url") == "channel")
    return tuple(each["valueCode"] for each in found if each.get("valueCode") in _SYSTEMS)


def _address(patient: Resource, channel: str) -> str | None:
    for system in _SYSTEMS[channel]:
        points = [
            each
            for each in patient.get("telecom", ())
            if each.get("system") == system and each.get("value") and each.get("use") != "old"
        ]
        points.sort(key=lambda each: (each.get("use") != "mobile", each.get("rank") or 99))
        if points:
            return str(points[0]["value"])
    return None
