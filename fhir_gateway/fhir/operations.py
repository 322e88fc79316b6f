"""What is said about an operation?

The words in which each operation declares itself once; routes, parameter reading, the
CapabilityStatement and the OperationDefinition come from it. FHIR R4 OperationDefinition.
"""

from dataclasses import dataclass
from typing import Literal

from fhir_gateway.core.codes import CANONICAL
from fhir_gateway.fhir.measures import MeasureSpec

#: Stands for every served type.
EVERY_TYPE = "Resource"
Level = Literal["system", "type", "instance"]


@dataclass(frozen=True, slots=True)
class OperationParameter:
    """One parameter of an operation.

    Args:
        name: As in the Parameters resource or in the query.
        use: `in` or `out`.
        min: Least number of repetitions.
        max: Most, or `*`.
        type: R4 datatype or resource type; `Resource` for any resource; None where it has parts.
        doc: What it means, for people.
        parts: Its parts, where it has some instead of a value.
        search_type: For a string that is written like a search value: `token`, `date` …
        target_types: For a Reference: what it may point to; empty for any.
        checked: Whether a resource in it has to be valid; False where that is the question.
    """

    name: str
    use: Literal["in", "out"]
    min: int
    max: int | Literal["*"]
    type: str | None
    doc: str
    parts: tuple["OperationParameter", ...] = ()
    search_type: str | None = None
    target_types: tuple[str, ...] = ()
    checked: bool = True


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """One operation.

    Args:
        code: Without the dollar sign (`find-optimal-slots`).
        resource: The type that it is invoked on, `Resource` for every served type; None at system
            level only.
        levels: Where it can be invoked: `system`, `type`, `instance`.
        affects_state: Whether it changes anything; such an operation is POST only.
        title: A few words.
        doc: What it does, for people; markdown.
        source: The standard, profile or decision that it comes from.
        parameters: In and out, in order.
        get_allowed: Whether GET works too, with the parameters in the query.
        standard: Canonical address of the standard's own definition, where it has one.
        measure: What its MeasureReports are about, where it answers with any.
        csv: Whether it answers as text/csv too.
    """

    code: str
    resource: str | None
    levels: frozenset[Level]
    affects_state: bool
    title: str
    doc: str
    source: str
    parameters: tuple[OperationParameter, ...]
    get_allowed: bool = False
    standard: str | None = None
    measure: MeasureSpec | None = None
    csv: bool = False

    @property
    def inputs(self) -> tuple[OperationParameter, ...]:
        """The parameters that a client sends."""
        return tuple(each for each in self.parameters if each.use == "in")

    @property
    def outputs(self) -> tuple[OperationParameter, ...]:
        """The parameters that the answer has."""
        return tuple(each for each in self.parameters if each.use == "out")

    def concerns(self, type_name: str) -> bool:
        """Whether it is invoked on a resource type, or on one resource of it."""
        return self.resource in (type_name, EVERY_TYPE) and bool(self.levels & {"type", "instance"})

    @property
    def id(self) -> str:
        """Id of its OperationDefinition: `Appointment-find-optimal-slots`."""
        return f"{self.resource}-{self.code}" if self.resource else self.code

    @property
    def url(self) -> str:
        """Canonical address of its OperationDefinition."""
        return f"{CANONICAL}/OperationDefinition/{self.id}"
