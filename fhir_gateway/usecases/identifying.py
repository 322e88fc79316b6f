"""Which identifiers of a resource identify it?

Those of Patients, Practitioners, Locations, Devices and Appointments, apart from numbers that
several of them share by their nature. Decision 5.
"""

from collections.abc import Iterable
from typing import Any

from fhir_gateway.core.codes import SYSTEM_V2_0203
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.storage import identities
from fhir_gateway.storage.postgres import Transaction

Key = tuple[str, str]

#: Visit, account, member and subscriber numbers (v2 table 0203).
_SHARED_TYPES = frozenset({"VN", "AN", "ANC", "MB", "SN", "FI"})
#: SCH-4 links the appointments of one request.
_SHARED_TEXTS = frozenset({"placer group"})
#: Longer values cannot be looked up.
_LONGEST = 500


def keys_of(resource: dict[str, Any]) -> tuple[Key, ...]:
    """(system, value) of what identifies a resource; empty for types whose identifiers do not."""
    if not CATALOGUE[resource["resourceType"]].identifying:
        return ()
    return tuple(
        dict.fromkeys(
            (each["system"], each["value"])
            for each in resource.get("identifier", ())
            if each.get("system") and each.get("value") and not _is_shared(each)
        )
    )


def check_lengths(told: Iterable[dict[str, Any]], place: str = "SCH^1") -> None:
    """Refuse what could never be found again.

    Args:
        told: Identifiers of a message, with system and value.
        place: Where they stand, for its sender.

    Raises:
        GatewayError: unprocessable.
    """
    if any(len(each["system"]) + len(each["value"]) > _LONGEST for each in told):
        text = f"An identifier is longer than {_LONGEST} characters with its system"
        raise GatewayError(Category.UNPROCESSABLE, Issue(text, (place,), "too-long"))


def _is_shared(identifier: dict[str, Any]) -> bool:
    kind = identifier.get("type") or {}
    if identifier.get("use") == "old" or kind.get("text") in _SHARED_TEXTS:
        return True
    return any(
        each.get("system") == SYSTEM_V2_0203 and each.get("code") in _SHARED_TYPES
        for each in kind.get("coding", ())
    )


async def register(
    tx: Transaction,
    resource: dict[str, Any],
    keys: Iterable[Key] | None = None,
    *,
    new: bool = False,
) -> None:
    """Make a resource known by its identifiers and by no others.

    Args:
        tx: Open transaction.
        resource: With id.
        keys: Those of a feed, kept beside what is known; None: those of the resource alone.
        new: Whether it cannot have been known before.

    Raises:
        GatewayError: duplicate, naming the identifier that belongs to another resource.
    """
    name = resource["resourceType"]
    if not CATALOGUE[name].identifying:
        return
    wanted = keys_of(resource) if keys is None else tuple(keys)
    if keys is None and not new:
        identities.keep_only(tx, name, resource["id"], wanted)
    taken = await identities.add(tx, name, resource["id"], wanted)
    if taken is not None:
        system, value = taken
        raise GatewayError(
            Category.DUPLICATE,
            Issue(
                f"Another {name} has the identifier {system}|{value[:60]}",
                (f"{name}.identifier",),
                "duplicate",
                "identifier-in-use",
            ),
        )
