"""Which operations are there? Each declares itself once, beside its `run`."""

from fhir_gateway.usecases.operations import (
    assign,
    book,
    check_conflicts,
    everything,
    export,
    find_optimal_slots,
    generate_slots,
    meta,
    offer_link,
    predict_no_show,
    scheduling_metrics,
    scheduling_preferences,
    validate,
    waitlist_metrics,
)
from fhir_gateway.usecases.operations.call import Accepted, Call, Document, Operation
from fhir_gateway.usecases.operations.queue_commands import COMMANDS
from fhir_gateway.usecases.operations.queue_intake import INTAKES
from fhir_gateway.usecases.operations.queue_metrics import QUEUE_METRICS
from fhir_gateway.usecases.operations.queue_status import STATUS

__all__ = ["OPERATIONS", "Accepted", "Call", "Document", "Operation"]

OPERATIONS: tuple[Operation, ...] = (
    Operation(find_optimal_slots.SPEC, find_optimal_slots.run),
    Operation(assign.SPEC, assign.run),
    Operation(book.SPEC, book.run),
    Operation(check_conflicts.SPEC, check_conflicts.run),
    Operation(predict_no_show.SPEC, predict_no_show.run),
    Operation(scheduling_preferences.SPEC, scheduling_preferences.run),
    Operation(scheduling_preferences.UPDATE, scheduling_preferences.run_update),
    Operation(generate_slots.SPEC, generate_slots.run),
    Operation(offer_link.SPEC, offer_link.run),
    Operation(waitlist_metrics.SPEC, waitlist_metrics.run),
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
    *COMMANDS,
    *INTAKES,
    *STATUS,
    *QUEUE_METRICS,
)
