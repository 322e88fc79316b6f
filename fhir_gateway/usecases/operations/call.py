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
        safe: Whether it came in a way that may change nothing (GET).
        csv: Whether rows are wanted instead of a resource.
    """

    ref: Ref | None
    values: Values
    base: str
    address: str = ""
    type: str = ""
    safe: bool = False
    csv: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is going on, and where its outcome can be asked for.

    Attributes:
        place: Relative to the tenant's base address.
        content: An OperationOutcome as JSON bytes.
    """

    place: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that is no resource.

    Attributes:
        content: Bytes.
        media: Their media type.
    """

    content: bytes
    media: str


Run = Callable[[Deps, int, Call], Awaitable[bytes | Accepted | Document]]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with what it does.

    Its run answers with a resource as JSON bytes, or with a document of another kind, or says
    where the answer will be.
    """

    spec: OperationSpec
    run: Run
