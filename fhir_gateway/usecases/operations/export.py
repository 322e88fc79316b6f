"""Where can all records be fetched? FHIR Bulk Data Access 2.0, $export."""

from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.time import parse_instant
from fhir_gateway.fhir import json
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.compartments import PATIENT
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.outcomes import success
from fhir_gateway.storage.exports import ExportJob
from fhir_gateway.usecases import exports
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Accepted, Call

_FORMATS = ("application/fhir+ndjson", "application/ndjson", "ndjson")
_SOURCE = "FHIR Bulk Data Access 2.0"
_DOC = (
    " The answer is 202 with the address of a manifest that lists one NDJSON file for each type;"
    " all files show the records of the moment of the request. DELETE on that address ends the"
    " export; after a day it ends by itself."
)
_STANDARD = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
_PARAMETERS = (
    OperationParameter("_outputFormat", "in", 0, 1, "string", "application/fhir+ndjson"),
    OperationParameter("_since", "in", 0, 1, "instant", "Only what has changed since then"),
    OperationParameter("_type", "in", 0, "*", "string", "Only these types, separated by commas"),
)


def _spec(resource: str | None, level: Any, title: str, doc: str, standard: str) -> OperationSpec:
    return OperationSpec(
        code="export",
        resource=resource,
        levels=frozenset({level}),
        affects_state=False,
        title=title,
        doc=doc + _DOC,
        source=_SOURCE,
        parameters=_PARAMETERS,
        get_allowed=True,
        standard=f"{_STANDARD}/{standard}",
    )


OF_ALL = _spec(None, "system", "Export all records", "All records.", "export")
OF_PATIENTS = _spec(
    "Patient", "type", "Export the records of all patients",
    "All that belongs to patients.", "patient-export",
)  # fmt: skip
OF_GROUP = _spec(
    "Group", "instance", "Export the records of a group of patients",
    "All that belongs to the patients of a Group.", "group-export",
)  # fmt: skip


async def run(deps: Deps, tenant: int, call: Call) -> Accepted:
    """Begin an export.

    Raises:
        GatewayError: invalid, for another format or an unknown type; not-found, for an unknown
            Group.
    """
    format_ = call.values.first("_outputFormat", _FORMATS[0]).replace(" ", "+")
    if format_ not in _FORMATS:
        raise fail(Category.INVALID, f"The format is {_FORMATS[0]}", "_outputFormat", code="value")
    since = call.values.first("_since")
    job = ExportJob(
        id=deps.ids.new(),
        created_at=deps.clock.now(),
        request=call.address,
        level="group" if call.ref else "patient" if call.type else "system",
        group_id=call.ref.id if call.ref else None,
        since=parse_instant(since) if since else None,
        types=_types(call),
    )
    await exports.start(deps, tenant, job)
    return Accepted(f"_export/{job.id}", json.dump(success("The export has begun")))


def _types(call: Call) -> tuple[str, ...]:
    offered = tuple(PATIENT if call.type else CATALOGUE)
    asked = [name for text in call.values.all("_type") for name in text.split(",")]
    for name in asked:
        if name not in offered:
            text = f"'{name[:60]}' cannot be exported here. Valid are: {', '.join(offered)}"
            raise fail(Category.INVALID, text, "_type", code="not-supported")
    return tuple(each for each in offered if each in asked) if asked else offered
