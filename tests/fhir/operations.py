"""An operation with a parameter of every kind, for tests."""

from typing import Any

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir.parameters import OperationParameter, OperationSpec, read

START = "2026-03-02T09:00:00+03:00"


def an_input(
    name: str, kind: str | None, low: int = 0, high: Any = 1, **more: Any
) -> OperationParameter:
    return OperationParameter(name, "in", low, high, kind, f"The {name}", **more)


def an_output(name: str, kind: str | None, high: Any = "*", **more: Any) -> OperationParameter:
    return OperationParameter(name, "out", 0, high, kind, f"The {name}", **more)


_WEIGHT = (an_input("code", "code", 1), an_input("value", "decimal", 1))
SPEC = OperationSpec(
    code="try",
    resource="Appointment",
    levels=frozenset({"type"}),
    affects_state=False,
    title="Try",
    doc="Tries what can be passed.",
    source="none",
    parameters=(
        an_input("start", "dateTime", 1),
        an_input("patient", "Reference", target_types=("Patient",)),
        an_input("actor", "Reference", 0, "*", target_types=("Practitioner", "Location")),
        an_input("service-type", "CodeableConcept", 0, "*"),
        an_input("class", "Coding"),
        an_input("day", "date", 0, 2),
        an_input("duration", "positiveInt"),
        an_input("share", "decimal"),
        an_input("policy", "code"),
        an_input("explain", "boolean"),
        an_input("mrn", "Identifier"),
        an_input("window", "Period"),
        an_input("appointment", "Appointment"),
        an_input("weight", None, 0, "*", parts=_WEIGHT),
        an_output("conflict", "Reference"),
        an_output("alternative", "Period"),
        an_output("at", "instant"),
        an_output("share", "decimal"),
        an_output(
            "result", None, parts=(an_output("text", "string"), an_output("count", "integer"))
        ),
        an_output("return", "Bundle"),
    ),
    get_allowed=True,
)


def a_body(*parameters: dict[str, Any], start: bool = True) -> dict[str, Any]:
    """A Parameters resource, with the required start."""
    given = [{"name": "start", "valueDateTime": START}] if start else []
    return {"resourceType": "Parameters", "parameter": [*given, *parameters]}


def read_refusal(body: dict[str, Any] | None, *query: tuple[str, str]) -> GatewayError | None:
    """Why the input is refused; None where it is not."""
    try:
        read(SPEC, body, query)
    except GatewayError as error:
        return error
    return None
