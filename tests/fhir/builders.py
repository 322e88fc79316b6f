"""Resources with defaults that are valid, for tests that change one thing."""

from typing import Any

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir.validation import validate

START = "2026-03-02T09:00:00+03:00"
END = "2026-03-02T09:30:00+03:00"


def an_appointment(**changes: Any) -> dict[str, Any]:
    """A booked appointment; a change to None leaves the element out."""
    resource = {
        "resourceType": "Appointment",
        "id": "a1",
        "status": "booked",
        "start": START,
        "end": END,
        "participant": [
            {"actor": {"reference": "Patient/p1"}, "status": "accepted"},
            {"actor": {"reference": "Practitioner/d1"}, "status": "accepted"},
        ],
    }
    return changed(resource, **changes)


def a_slot(**changes: Any) -> dict[str, Any]:
    resource = {
        "resourceType": "Slot",
        "id": "s1",
        "schedule": {"reference": "Schedule/d1"},
        "status": "free",
        "start": START,
        "end": END,
    }
    return changed(resource, **changes)


def a_patient(**changes: Any) -> dict[str, Any]:
    return changed({"resourceType": "Patient", "id": "p1", "active": True}, **changes)


def changed(resource: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The resource with some elements set, and those set to None left out."""
    merged = resource | {name.rstrip("_"): value for name, value in changes.items()}
    return {name: value for name, value in merged.items() if value is not None}


def refusal(resource: Any, type_name: str | None = None, **options: Any) -> GatewayError | None:
    """Why a resource is refused, by both checks unless told otherwise; None where it is not."""
    both = {"second_opinion": True} | options
    try:
        validate(resource, type_name=type_name or resource["resourceType"], **both)
    except GatewayError as error:
        return error
    return None


def issues(resource: Any, type_name: str | None = None) -> list[tuple[str | None, str]]:
    """(issue code, expression) of everything that is wrong, by our own check."""
    error = refusal(resource, type_name, second_opinion=False)
    found = error.issues if error else ()
    return [(each.code, "".join(each.expression)) for each in found]
