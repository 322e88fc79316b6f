"""Which Slots does a Schedule get from its rules? `Schedule/[id]/$generate-slots`, decision 9."""

from fhir_gateway.core.codes import EXT_AVAILABILITY
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import read
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.generating import Outcome, generate
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.zones import extension

_COUNTS = {
    "created": "New Slots",
    "kept": "Generated Slots that stay as they are: they fit, or they hold time",
    "changed": "Free generated Slots that got another length or other services",
    "removed": "Free generated Slots that the rules no longer offer",
    "blocked": "Times that the rules offer and where another Slot lies",
}

SPEC = OperationSpec(
    code="generate-slots",
    resource="Schedule",
    levels=frozenset({"instance"}),
    affects_state=True,
    title="Generate Slots",
    doc="Brings the Slots of the next 90 days to what the extension availability says. Workers do"
    " the same when the Schedule is written and each hour. Only Slots with origin generated are"
    " touched, and none that holds time; again at once it changes nothing.",
    source="Decision 9; engines.md section 1.2",
    parameters=(
        OperationParameter("dry-run", "in", 0, 1, "boolean", "Only say what would be done; false"),
        *(OperationParameter(name, "out", 1, 1, "unsignedInt", doc)
          for name, doc in _COUNTS.items()),
    ),
)  # fmt: skip


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with Parameters: created, kept, changed, removed, blocked.

    Raises:
        GatewayError: not-found or gone, for no such Schedule; unprocessable, where it has no
            rules, or such as cannot be followed.
    """
    ref = call.ref or Ref("Schedule", "")
    await read.read(deps, tenant, ref)

    async def work(tx: Transaction) -> Outcome:
        stored = await resources.read(tx, ref)
        if stored is None or extension(stored.resource(), EXT_AVAILABILITY) is None:
            text = f"{ref} has no availability: it says no rules to go by"
            raise fail(Category.UNPROCESSABLE, text, "Schedule.extension", code="required")
        return await generate(tx, deps, stored, dry=call.values.first("dry-run", False))

    outcome = await deps.database.run(tenant, work)
    counts = [(name, getattr(outcome, name)) for name in _COUNTS]
    return json.dump(parameters.write(SPEC, counts))
