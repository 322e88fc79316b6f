"""Which operations are there? Each declares itself once, beside its `run`."""

from fhir_gateway.usecases.operations import (
    check_conflicts,
    everything,
    export,
    find_optimal_slots,
    meta,
    scheduling_metrics,
    validate,
)
from fhir_gateway.usecases.operations.call import Accepted, Call, Operation, Rows

__all__ = ["OPERATIONS", "Accepted", "Call", "Operation", "Rows"]

OPERATIONS: tuple[Operation, ...] = (
    Operation(find_optimal_slots.SPEC, find_optimal_slots.run),
    Operation(check_conflicts.SPEC, check_conflicts.run),
    Operation(validate.SPEC, validate.run),
    Operation(meta.SPEC, meta.run),
    Operation(meta.OF_ALL, meta.run),
    Operation(everything.SPEC, everything.run),
    Operation(export.OF_ALL, export.run),
    Operation(export.OF_PATIENTS, export.run),
    Operation(export.OF_GROUP, export.run),
    Operation(scheduling_metrics.OF_ALL, scheduling_metrics.run),
    Operation(scheduling_metrics.OF_PRACTITIONERS, scheduling_metrics.run),
    Operation(scheduling_metrics.OF_LOCATIONS, scheduling_metrics.run),
    Operation(scheduling_metrics.OF_SERVICES, scheduling_metrics.run),
)
