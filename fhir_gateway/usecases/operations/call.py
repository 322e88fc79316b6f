"""How is an operation called?"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.operations import OperationSpec
from fhir_gateway.fhir.parameters import Values
from fhir_gateway.usecases.deps import Deps


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation.

    Attributes:
        ref: The instance it is invoked on; None at type or system level.
        values: Its input, read by its OperationSpec.
        base: The tenant's base address, for fullUrl.
        address: What was called, for the self link.
        type: The resource type it is invoked on; empty at system level.
    """

    ref: Ref | None
    values: Values
    base: str
    address: str = ""
    type: str = ""


Run = Callable[[Deps, int, Call], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with what it does; run answers with a resource as JSON bytes."""

    spec: OperationSpec
    run: Run
