"""What does a queue look like? A List of those who wait, the next first, with their Encounters.

The same as the first frame of the live queue, for those who may see Encounters. Decision 24.
"""

from typing import Any

from fhir_gateway.core.codes import EXT_QUEUE_STATUS
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.time import format_instant
from fhir_gateway.engines.queue import Place, View
from fhir_gateway.engines.queue_facts import QueueEntry
from fhir_gateway.fhir import json
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import queues, resources
from fhir_gateway.storage.queues import QueueState
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call, Operation
from fhir_gateway.usecases.operations.queue_words import RULE, SOURCE, queue_of, rule_of
from fhir_gateway.usecases.queue_configuration import QUEUED_AT, configuration_of
from fhir_gateway.usecases.queue_encounters import explained, place_extension
from fhir_gateway.usecases.queue_scene import no_queue, view_of

Resource = dict[str, Any]
_DEFAULT_COUNT, _MOST = 10, 1000


def _spec(resource: str) -> OperationSpec:
    return OperationSpec(
        code="queue-status",
        resource=resource,
        levels=frozenset({"instance"}),
        affects_state=False,
        title="State of the queue",
        doc="A collection: a List (mode snapshot, extension `queue-status`) of who has been called"
        " or is served and then of who waits, the next first, each with `queue-place`; then their"
        " Encounters, those who wait with `score`. Estimates are ranges: people may be called out"
        " of turn.",
        source=SOURCE,
        parameters=(
            OperationParameter("count", "in", 0, 1, "integer",
                               f"Most people who wait, 0 to {_MOST}; {_DEFAULT_COUNT}"),
            *RULE,
            OperationParameter("return", "out", 1, 1, "Bundle", "The List and the Encounters"),
        ),
        get_allowed=True,
    )  # fmt: skip


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with a Bundle.

    Raises:
        GatewayError: not-found, for no such queue; invalid, for a rule that cannot be.
    """
    queue, count = queue_of(call), call.values.first("count", _DEFAULT_COUNT)
    if not 0 <= count <= _MOST:
        raise fail(Category.INVALID, f"count is 0 to {_MOST}", "count", code="value")
    rule, now = rule_of(call.values), deps.clock.now()
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        state = (await queues.read(tx, [queue], now=now)).get(queue)
        if state is None:
            raise no_queue(queue)
        view = view_of(state, now, count=count, rule=rule)
        shown: list[tuple[QueueEntry, Place | None]] = [(each, None) for each in view.served]
        shown += [(each.entry, each) for each in view.places]
        found = await resources.read_many(tx, "Encounter", [each.id for each, _ in shown])
    encounters = [
        explained(found[each.id].resource(), each, place, view.policy, now)
        for each, place in shown
        if each.id in found
    ]
    snapshot: Resource = {
        "resourceType": "List",
        "extension": [_status(state, view)],
        "status": "current",
        "mode": "snapshot",
        "title": state.row.configuration["name"],
        "date": format_instant(now),
    }
    if encounters:
        snapshot["entry"] = [
            {"extension": [place_extension(each, place, now)],
             "item": {"reference": f"Encounter/{each.id}"}}
            for each, place in shown
        ]  # fmt: skip
    entries = [{"fullUrl": f"urn:uuid:{deps.ids.new()}", "resource": snapshot}]
    entries += [
        {"fullUrl": f"{call.base}/Encounter/{each['id']}", "resource": each} for each in encounters
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "timestamp": format_instant(now)}
    return json.dump(bundle | {"entry": entries})


def _status(state: QueueState, view: View) -> Resource:
    rules = configuration_of(state.row.configuration)
    parts: list[Resource] = [
        {"url": "queue", "valueReference": {"reference": state.row.reference}},
        {"url": "sequence", "valueInteger": state.row.sequence},
        {"url": "size", "valueUnsignedInt": view.size},
    ]
    if rules.maximum is not None:
        parts.append({"url": "maximumSize", "valuePositiveInt": rules.maximum})
    parts += [
        {"url": "averageWait", "valueUnsignedInt": view.average_wait},
        {"url": "accepting", "valueBoolean": rules.accepting},
        {"url": "policy", "valueCode": view.policy},
    ]
    return {"url": EXT_QUEUE_STATUS, "extension": parts}


#: On HealthcareService and on Location.
STATUS: tuple[Operation, ...] = tuple(Operation(_spec(each), run) for each in QUEUED_AT)
