"""What does the gateway itself write into an entry of the waitlist?

When the patient joined, how flexible the patient is unless somebody has stated it, and what has
been offered so far: a client's edit resets none of these. Rows W2, W10 and W11.
"""

from typing import Any

from fhir_gateway.core.codes import EXT_WAITLIST
from fhir_gateway.core.time import format_instant
from fhir_gateway.engines.waitlist_score import flexibility
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import waiting
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.zones import extension, part

Resource = dict[str, Any]

_COUNTERS = ("offered", "accepted", "declined", "lastOffered")


async def settle(tx: Transaction, deps: Deps, entry: Resource, old: Resource | None = None) -> None:
    """Write into an entry what is the gateway's word; changed in place.

    A flexibility is taken as stated unless it is the one that was worked out for the version
    before: then the wishes may have changed, and it is worked out anew.

    Args:
        tx: Open transaction.
        deps: See Deps.
        entry: As the client wants it, with status `waitlist`.
        old: The version that it replaces; None where the patient joins.
    """
    before = old if old is not None and old["status"] == "waitlist" else None
    if "created" not in entry:
        joined = format_instant((await tx.now()).replace(microsecond=0))
        entry["created"] = (before or {}).get("created", joined)
    wishes = extension(entry, EXT_WAITLIST) or {"url": EXT_WAITLIST, "extension": []}
    kept = extension(before, EXT_WAITLIST) if before else None
    parts = [each for each in wishes["extension"] if before is None or not _counts(each)]
    parts += [each for each in (kept or {}).get("extension", ()) if _counts(each)]
    stated = part(wishes, "flexibility")
    if stated is None or (
        before is not None
        and stated
        == part(kept, "flexibility")
        == (flexibility(waiting.wishes(before, deps.tenants[tx.tenant].zone)))
    ):
        parts = [each for each in parts if each.get("url") != "flexibility"]
        found = flexibility(waiting.wishes(entry, deps.tenants[tx.tenant].zone))
        parts.insert(0, {"url": "flexibility", "valueInteger": found})
    _put(entry, {**wishes, "extension": parts})


def _counts(each: Resource) -> bool:
    return each.get("url") in _COUNTERS


def _put(entry: Resource, wishes: Resource) -> None:
    others = [each for each in entry.get("extension", ()) if each.get("url") != EXT_WAITLIST]
    entry["extension"] = [*others, wishes]
