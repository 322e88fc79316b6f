"""Which times are free? An SQM^S25 is answered with an SQR.

The wish is read as that of an SRM; each free time is a SCH with its TQ1 and resources. Nothing is
held: who wants one of them asks for it with an SRM^S01. hl7v2.md sections 1.11 and 2.1.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.refs import relative
from fhir_gateway.core.time import format_instant
from fhir_gateway.hl7.ack import Reply
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.writer import Row
from fhir_gateway.mapping import srm
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.siu_out import schedule_rows
from fhir_gateway.mapping.srm import Wish
from fhir_gateway.mapping.triggers import RESPONSES
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed import Applied
from fhir_gateway.usecases.free_times import FreeTime, free_times
from fhir_gateway.usecases.zones import zone_of

Resource = dict[str, Any]

#: How far is looked where the query has no end.
_AHEAD = timedelta(days=14)


async def answer_query(
    tx: Transaction, deps: Deps, message: Message, profile: SenderProfile
) -> Applied:
    """Answer an SQM.

    Args:
        tx: Open transaction.
        deps: See Deps.
        message: SQM^S25.
        profile: The sender's habits.

    Returns:
        With the SQR as reply.

    Raises:
        GatewayError: not-found, for somebody whom nobody knows here.
        AmbiguousError: an identifier belongs to several.
    """
    now = deps.clock.now()
    try:
        wish = srm.read_wish(message, profile)
        if wish.exact is None and not wish.ranges:
            wish = replace(wish, ranges=((now, now + _AHEAD),))
        found = await free_times(tx, deps, wish)
    except GatewayError as error:
        raise srm.places(error) from error
    # QAK-2: table 0208.
    rows: list[Row] = [("QAK", {1: srm.query_tag(message), 2: "OK" if found else "NF"})]
    for each in found[: srm.query_count(message)]:
        rows += await _told(tx, deps, each, wish)
    kind, structure = RESPONSES["SQM"]
    return Applied(None, list(wish.warnings), Reply(kind, structure, rows))


async def _told(tx: Transaction, deps: Deps, found: FreeTime, wish: Wish) -> list[Row]:
    """One free time as the segments of an appointment that nobody has."""
    schedule = await resources.read_many(tx, "Schedule", [found.schedule.id])
    tree = next((each.resource() for each in schedule.values()), {})
    people = []
    for each in found.schedule.actors:
        ref = relative(each)
        stored = await resources.read(tx, ref) if ref and ref.type != "Schedule" else None
        people += [stored.resource()] if stored else []
    zone = await zone_of(tx, deps, tree or None)
    free: Resource = {
        "identifier": [],
        "serviceType": list(wish.services) or tree.get("serviceType", []),
        "start": format_instant(found.span.start.astimezone(zone)),
        "end": format_instant(found.span.end.astimezone(zone)),
        "participant": [
            {"actor": {"reference": each}, "status": "needs-action"}
            for each in found.schedule.actors
        ],
    }
    head, *rest = schedule_rows("S12", free, None, people, zone)
    name, values = head
    return [(name, {**values, 5: found.schedule.id, 6: "OPEN"}), *rest]
