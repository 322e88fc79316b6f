"""By what can the resources of the generated worlds be found, as R4's expressions read?

A parameter is its type, the elements it reads and, for a reference, what it may point to.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from fhir_gateway.core.codes import EXT_SCORE

Resource = dict[str, Any]
Read = Callable[[Resource], list[Any]]


class Parameter(NamedTuple):
    """Type of the parameter, its values in a resource, and the types that it may point to.

    A value of a composite is the elements of its components, each with its kind.
    """

    kind: str
    read: Read
    to: tuple[str, ...] = ()


def _at(*steps: str) -> Read:
    def read(resource: Resource) -> list[Any]:
        nodes: list[Any] = [resource]
        for step in steps:
            children = [node[step] for node in nodes if step in node]
            nodes = [
                x for child in children for x in (child if isinstance(child, list) else [child])
            ]
        return nodes

    return read


def _either(*reads: Read) -> Read:
    return lambda resource: [value for read in reads for value in read(resource)]


def _contacts(system: str) -> Read:
    return lambda resource: [x for x in _at("telecom")(resource) if x.get("system") == system]


def _deceased(resource: Resource) -> list[Any]:
    return [bool(resource.get("deceasedBoolean") or resource.get("deceasedDateTime"))]


def _token(*steps: str) -> Parameter:
    return Parameter("token", _at(*steps))


def _date(*steps: str) -> Parameter:
    return Parameter("date", _at(*steps))


def _reference(path: str, to: str = "") -> Parameter:
    read, kinds = _at(*path.split(".")), tuple(to.split())
    return Parameter(
        "reference",
        lambda resource: [
            each for each in read(resource) if not kinds or named_type(each) in (None, *kinds)
        ],
        kinds,
    )


def _composite(path: str, *components: tuple[str, Read]) -> Parameter:
    return Parameter(
        "composite",
        lambda resource: [
            [(kind, read(element)) for kind, read in components] for element in _at(path)(resource)
        ],
    )


def _score(resource: Resource) -> list[Any]:
    found = [each for each in resource.get("extension", []) if each["url"] == EXT_SCORE]
    parts = [part for each in found for part in each["extension"] if part["url"] == "total"]
    return [part["valueDecimal"] for part in parts]


def named_type(reference: Resource) -> str | None:
    """The type of resource that a Reference says it points to."""
    if "reference" in reference:
        return str(reference["reference"].split("/_history/")[0].split("/")[-2])
    return reference.get("type")


_names = _either(_at("name", "family"), _at("name", "given"), _at("name", "text"))
_COMMON = {
    "_id": Parameter("id", _at("id")),
    "_lastUpdated": _date("meta", "lastUpdated"),
    "_tag": _token("meta", "tag"),
    "_security": _token("meta", "security"),
    "_profile": Parameter("uri", _at("meta", "profile")),
    "_source": Parameter("uri", _at("meta", "source")),
}
_OWN: dict[str, dict[str, Parameter]] = {
    "Slot": {
        "status": _token("status"),
        "overbooked": _token("overbooked"),
        "appointment-type": _token("appointmentType"),
        "service-type": _token("serviceType"),
        "identifier": _token("identifier"),
        "schedule": _reference("schedule", "Schedule"),
        "start": _date("start"),
        "end": _date("end"),
    },
    "Appointment": {
        "status": _token("status"),
        "appointment-type": _token("appointmentType"),
        "service-type": _token("serviceType"),
        "part-status": _token("participant", "status"),
        "actor": _reference("participant.actor", "Patient Practitioner"),
        "patient": _reference("participant.actor", "Patient"),
        "practitioner": _reference("participant.actor", "Practitioner"),
        "slot": _reference("slot", "Slot"),
        "date": _date("start"),
        "requested-period": _date("requestedPeriod"),
        "score": Parameter("number", _score),
    },
    "Patient": {
        "active": _token("active"),
        "gender": _token("gender"),
        "deceased": Parameter("token", _deceased),
        "identifier": _token("identifier"),
        "phone": Parameter("token", _contacts("phone")),
        "email": Parameter("token", _contacts("email")),
        "family": Parameter("string", _at("name", "family")),
        "given": Parameter("string", _at("name", "given")),
        "name": Parameter("string", _names),
        "birthdate": _date("birthDate"),
        "death-date": _date("deceasedDateTime"),
        "general-practitioner": _reference("generalPractitioner", "Practitioner"),
    },
    "Practitioner": {
        "active": _token("active"),
        "identifier": _token("identifier"),
        "family": Parameter("string", _at("name", "family")),
        "name": Parameter("string", _names),
    },
    "Schedule": {
        "active": _token("active"),
        "identifier": _token("identifier"),
        "actor": _reference("actor", "Patient Practitioner"),
        "date": _date("planningHorizon"),
    },
    "Task": {
        "status": _token("status"),
        "code": _token("code"),
        "business-status": _token("businessStatus"),
        "patient": _reference("for", "Patient"),
        "subject": _reference("for"),
        "focus": _reference("focus"),
        "part-of": _reference("partOf", "Task"),
        "authored-on": _date("authoredOn"),
        "period": _date("executionPeriod"),
    },
    "Encounter": {
        "status": _token("status"),
        "class": _token("class"),
        "length": Parameter("quantity", _at("length")),
        "patient": _reference("subject", "Patient"),
        "appointment": _reference("appointment", "Appointment"),
        "part-of": _reference("partOf", "Encounter"),
        "date": _date("period"),
        "location-period": _date("location", "period"),
    },
    "RiskAssessment": {
        "probability": Parameter(
            "number",
            _either(_at("prediction", "probabilityDecimal"), _at("prediction", "probabilityRange")),
        ),
        "risk": _token("prediction", "qualitativeRisk"),
        "patient": _reference("subject", "Patient"),
        "appointment": _reference("basis", "Appointment"),
        "date": Parameter("date", _either(_at("occurrenceDateTime"), _at("occurrencePeriod"))),
    },
    "PlanDefinition": {
        "url": Parameter("uri", _at("url")),
        "name": Parameter("string", _at("name")),
        "context": _token("useContext", "valueCodeableConcept"),
        "context-type": _token("useContext", "code"),
        "context-quantity": Parameter(
            "quantity",
            _either(_at("useContext", "valueQuantity"), _at("useContext", "valueRange")),
        ),
        "context-type-value": _composite(
            "useContext", ("token", _at("code")), ("token", _at("valueCodeableConcept"))
        ),
        "context-type-quantity": _composite(
            "useContext",
            ("token", _at("code")),
            ("quantity", _either(_at("valueQuantity"), _at("valueRange"))),
        ),
        "effective": _date("effectivePeriod"),
    },
}
#: By type and name.
PARAMETERS = {type_name: _COMMON | own for type_name, own in _OWN.items()}
