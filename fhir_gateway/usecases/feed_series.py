"""Which parts of an appointment does a message about the whole reach?

A parent that is stopped stops its children, and a resource given up for what remains (S21) is given
up by them: those that have begun or ended stay as they are. hl7v2.md section 2.1, S15 to S17, S21.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fhir_gateway.core.codes import EXT_STATUS_REASON
from fhir_gateway.core.time import parse_instant
from fhir_gateway.mapping.intent import SiuIntent
from fhir_gateway.mapping.triggers import ENDINGS
from fhir_gateway.storage import inbox, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored

Resource = dict[str, Any]

#: What has neither begun nor ended.
_AHEAD = frozenset({"proposed", "pending", "booked", "waitlist"})
#: What a child takes from the message about its parent.
_SHARED = frozenset({"status", "cancelationReason"})


async def children(
    tx: Transaction, intent: SiuIntent, keys: Sequence[tuple[str, str]]
) -> list[tuple[Stored, SiuIntent]]:
    """The children that a message reaches, locked, each with what it means for them.

    Args:
        tx: Open transaction.
        intent: What the message says about the parent.
        keys: Of the parent.
    """
    if intent.event_effective not in ENDINGS and intent.event != "S21":
        return []
    ids = await inbox.children_of(tx, keys)
    if not ids:
        return []
    found = await resources.read_many(tx, "Appointment", ids, lock=True)
    told = _for_child(intent)
    return [(each, told) for each in found.values() if _ahead(each.resource(), intent)]


def _ahead(child: Resource, intent: SiuIntent) -> bool:
    if child["status"] not in _AHEAD:
        return False
    when = intent.message_time or intent.received_at
    return "start" not in child or parse_instant(child["start"]) > when


def _for_child(intent: SiuIntent) -> SiuIntent:
    """Status and reason, and of S21 who is given up; times and people stay the child's own."""
    told = {name: each for name, each in intent.appointment.items() if name in _SHARED}
    reasons = [
        each for each in intent.appointment.get("extension", ()) if each["url"] == EXT_STATUS_REASON
    ]
    given_up = intent.declines
    return replace(
        intent,
        keys=(),
        start=None,
        end=None,
        end_assumed=False,
        appointment=told | ({"extension": reasons} if reasons else {}),
        removed=(),
        patient=None,
        other_patients=(),
        actors=tuple(each for each in intent.actors if given_up and each.excludes),
        services=intent.services if given_up else (),
        snapshot=frozenset(),
        parents=(),
        overbooked=False,
    )
