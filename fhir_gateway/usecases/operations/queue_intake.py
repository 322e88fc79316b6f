"""Does a queue take people in? It can be paused and resumed.

Whether it does is a part of its configuration, so the service or place has a version that says so.
"""

from functools import partial

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.queue_transitions import Intake, intake
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import write
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call, Operation
from fhir_gateway.usecases.operations.queue_words import SOURCE
from fhir_gateway.usecases.queue_commands import refused
from fhir_gateway.usecases.queue_configuration import QUEUED_AT, with_accepting
from fhir_gateway.usecases.queue_scene import take

_TEXTS = {
    Intake.PAUSE: ("Take nobody in", "Nobody can join any more; those who wait are served."),
    Intake.RESUME: ("Take people in again", "People can join again."),
}


def _spec(command: Intake, resource: str) -> OperationSpec:
    title, doc = _TEXTS[command]
    return OperationSpec(
        code=command.value,
        resource=resource,
        levels=frozenset({"instance"}),
        affects_state=True,
        title=title,
        doc=doc,
        source=SOURCE,
        parameters=(
            OperationParameter("accepting", "out", 1, 1, "boolean", "Whether anybody may join"),
        ),
    )


async def run(command: Intake, spec: OperationSpec, deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with Parameters: accepting.

    Raises:
        GatewayError: not-found, for no such queue; conflict, where it is so already.
    """
    assert call.ref is not None  # noqa: S101 - offered at instance level alone
    ref = call.ref

    async def work(tx: Transaction) -> bool:
        old = await resources.read(tx, ref, lock=True)
        scene = (await take(tx, deps, str(ref)))[str(ref)]
        if old is None:
            raise fail(Category.NOT_FOUND, f"There is no {ref}", code="not-found")
        accepting = intake(command, accepting=scene.rules.accepting)
        if isinstance(accepting, Refusal):
            raise refused(accepting)
        changed = with_accepting(old.resource(), accepting=accepting)
        await write.replace_within(tx, deps, old, changed)
        return accepting

    accepting = await deps.database.run(tenant, work)
    return json.dump(parameters.write(spec, [("accepting", accepting)]))


#: On HealthcareService and on Location.
INTAKES: tuple[Operation, ...] = tuple(
    Operation(spec, partial(run, command, spec))
    for command in Intake
    for spec in (_spec(command, each) for each in QUEUED_AT)
)
