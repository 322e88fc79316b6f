"""Where can a patient answer an offer without signing in? Row W12."""

from fhir_gateway.core.time import format_instant
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import links
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.links import Link
from fhir_gateway.usecases.operations.call import Call

SPEC = OperationSpec(
    code="offer-link",
    resource="Appointment",
    levels=frozenset({"instance"}),
    affects_state=True,
    title="Make a one-time link for an offer",
    doc="A new address at which the patient of an open offer of the waitlist can accept or decline"
    " without signing in: for whoever sends the messages. It is good for one answer and until the"
    " offer ends. Only a keyed hash of it is kept, so it is shown this once.",
    source="engines.md section 6, row W12; reliability-security.md section 7",
    parameters=(
        OperationParameter("url", "out", 1, 1, "url", "The address"),
        OperationParameter("expires", "out", 1, 1, "instant", "When the answer is due"),
    ),
)


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with Parameters: url, expires.

    Raises:
        GatewayError: not-found; unprocessable, for no offer; conflict, for a closed one.
    """

    async def make(tx: Transaction) -> Link:
        return await links.mint(tx, deps, call.ref.id if call.ref else "")

    link = await deps.database.run(tenant, make)
    url = f"{call.base.removesuffix('/fhir')}/o/{link.token}"
    expires = format_instant(link.expires.replace(microsecond=0))
    return json.dump(parameters.write(SPEC, [("url", url), ("expires", expires)]))
