"""What has the gateway defined itself?

Everything under our canonical base, as resources that are only read. FHIR R4 section 3.1.0.9
(conformance resources).
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from fhir_gateway.fhir.capability import DEFINED
from fhir_gateway.fhir.code_systems import code_systems, value_sets
from fhir_gateway.fhir.measures import measure
from fhir_gateway.fhir.operation_definitions import operation_definition
from fhir_gateway.fhir.operations import OperationSpec
from fhir_gateway.fhir.search_parameters import search_parameters
from fhir_gateway.fhir.structure_definitions import structure_definitions

__all__ = ["DEFINED", "own_definitions"]


def own_definitions(specs: Iterable[OperationSpec]) -> tuple[dict[str, Any], ...]:
    """Every definition of ours; no two of one type have the same id.

    Args:
        specs: Every operation that is served.
    """
    served = tuple(specs)
    operations = (operation_definition(each) for each in served)
    measures = dict.fromkeys(each.measure for each in served if each.measure is not None)
    return (
        *structure_definitions(),
        *search_parameters(),
        *operations,
        *map(measure, measures),
        *chain(code_systems(), value_sets()),
    )
