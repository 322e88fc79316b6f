"""Which operations are there? Each declares itself once, beside its `run`."""

from fhir_gateway.usecases.operations import (
    check_conflicts,
    everything,
    export,
    find_optimal_slots,
    meta,
    offer_link,
    validate,
    waitlist_metrics,
)
from fhir_gateway.usecases.operations.call import Accepted, Call, Document, Operation

__all__ = ["OPERATIONS", "Accepted", "Call", "Document", "Operation"]

OPERATIONS: tuple[Operation, ...] = (
    Operation(find_optimal_slots.SPEC, find_optimal_slots.run),
    Operation(check_conflicts.SPEC, check_conflicts.run),
    Operation(offer_link.SPEC, offer_link.run),
    Operation(waitlist_metrics.SPEC, waitlist_metrics.run),
    Operation(validate.SPEC, validate.run),
    Operation(meta.SPEC, meta.run),
    Operation(meta.OF_ALL, meta.run),
    Operation(everything.SPEC, everything.run),
    Operation(export.OF_ALL, export.run),
    Operation(export.OF_PATIENTS, export.run),
    Operation(export.OF_GROUP, export.run),
)
