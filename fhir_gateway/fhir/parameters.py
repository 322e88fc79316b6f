"""What did the client pass to an operation, and how is the answer written?

Reads a posted Parameters resource, or the query of a GET, by the operation's own declaration.
FHIR R4 section 3.2.0.1 (executing an operation), Parameters.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.time import format_instant, parse_instant
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.parameter_values import from_property, from_query
from fhir_gateway.fhir.validation import validate

__all__ = ["OperationParameter", "OperationSpec", "Values", "read", "write"]

#: They concern the answer's form and are read elsewhere.
_NOT_PARAMETERS = frozenset({"_format", "_pretty"})
_MAX_PAIRS = 200

Pair = tuple[str, Any]


class Values(dict[str, list[Any]]):
    """What was passed: name -> values in the order in which they came; absent names are absent.

    A value is: str for every textual type and for dates of every precision; int, Decimal, bool;
    for a Reference its literal text, or the Reference itself where it has only an identifier; for
    a Coding, CodeableConcept, Period and so on the object; for a resource the resource; for
    parts another Values.
    """

    def first(self, name: str, default: Any = None) -> Any:
        """The first value of that name."""
        return self[name][0] if self.get(name) else default

    def all(self, name: str) -> list[Any]:
        """Every value of that name; an empty list for none."""
        return self.get(name, [])

    def moment(self, name: str) -> datetime | None:
        """The first value of that name as an aware time; None where it is absent or a mere date."""
        return next(iter(self.moments(name)), None)

    def moments(self, name: str) -> list[datetime]:
        """Those values of that name that are times with an offset."""
        return [parse_instant(each) for each in self.all(name) if "T" in str(each)]


def read(
    spec: OperationSpec,
    body: Mapping[str, Any] | None,
    query: Sequence[tuple[str, str]] = (),
) -> Values:
    """Read the input of an operation.

    Args:
        spec: The operation.
        body: A Parameters resource; or a bare resource, where exactly one input parameter takes
            one of that type; None for GET.
        query: Percent-decoded pairs, in order. With a body they are read as well.

    Returns:
        The values, checked against the declaration. The resources among them have been checked
        as part of the Parameters; a bare one has not.

    Raises:
        GatewayError: invalid, with every issue; the expression is `Parameters.parameter[2]`,
            or the name of the parameter in a query.
    """
    reading = _Reading(spec.inputs, "Parameters.parameter" if body is not None else "")
    if body is not None:
        reading.add_body(dict(body))
    if len(query) > _MAX_PAIRS:
        raise fail(Category.INVALID, f"More than {_MAX_PAIRS} parameters", code="too-costly")
    for name, text in query:
        if name not in _NOT_PARAMETERS:
            reading.add_pair(name, text)
    return reading.values()


def write(spec: OperationSpec, pairs: Iterable[Pair]) -> dict[str, Any]:
    """Build the Parameters resource of an answer.

    Args:
        spec: The operation; its `out` parameters give the types.
        pairs: (name, value) in order. A value is what `Values` holds; an aware datetime is written
            as an instant, a text for a Reference becomes its `reference`, for a parameter with
            parts it is pairs again, and None leaves the parameter out.

    Raises:
        KeyError: a name that the operation does not declare.
    """
    parameters = _written(spec.outputs, pairs)
    resource: dict[str, Any] = {"resourceType": "Parameters"}
    return resource | ({"parameter": parameters} if parameters else {})


def _written(
    declared: tuple[OperationParameter, ...], pairs: Iterable[Pair]
) -> list[dict[str, Any]]:
    by_name = {each.name: each for each in declared}
    return [
        {"name": name} | _content(by_name[name], value)
        for name, value in pairs
        if value is not None
    ]


def _content(parameter: OperationParameter, value: Any) -> dict[str, Any]:
    if parameter.type is None:
        return {"part": _written(parameter.parts, value)}
    if isinstance(value, dict) and "resourceType" in value:
        return {"resource": value}
    if isinstance(value, datetime):
        value = format_instant(value)
    if parameter.type == "Reference" and isinstance(value, str):
        value = {"reference": value}
    if isinstance(value, float):
        value = Decimal(str(value))
    return {f"value{parameter.type[0].upper()}{parameter.type[1:]}": value}


class _Reading:
    """Collects values and all that is wrong with them, for one level of parameters."""

    def __init__(self, declared: tuple[OperationParameter, ...], place: str) -> None:
        self._declared = {each.name: each for each in declared}
        self._place = place
        self._values = Values()
        self._seen: Counter[str] = Counter()
        self._issues: list[Issue] = []

    def add_body(self, body: dict[str, Any]) -> None:
        kind = body.get("resourceType")
        if kind != "Parameters":
            self._add_bare(body, str(kind))
            return
        try:
            validate(self._to_be_checked(body), type_name="Parameters")
        except GatewayError as error:
            raise GatewayError(Category.INVALID, *error.issues) from error
        self.add_all(body.get("parameter", ()))

    def _to_be_checked(self, body: dict[str, Any]) -> dict[str, Any]:
        """The Parameters, with something valid in the place of what is judged later."""
        unchecked = {name for name, each in self._declared.items() if not each.checked}
        elements = body.get("parameter")
        if not unchecked or not isinstance(elements, list):
            return body
        return body | {"parameter": [_judged_later(each, unchecked) for each in elements]}

    def add_all(self, elements: Sequence[dict[str, Any]]) -> None:
        for index, each in enumerate(elements):
            self._add(each, f"{self._place}[{index}]")

    def add_pair(self, name: str, text: str) -> None:
        declared = self._known(name, name[:60])
        if declared is not None:
            self._take(declared, name[:60], lambda: from_query(declared, text))

    def values(self) -> Values:
        for name, declared in self._declared.items():
            if self._seen[name] < declared.min:
                text = f"The parameter '{name}' is missing: {declared.doc}"
                self._issues.append(Issue(text, (self._place or name,), "required"))
        if self._issues:
            raise GatewayError(Category.INVALID, *self._issues)
        return self._values

    def _add_bare(self, body: dict[str, Any], kind: str) -> None:
        takers = [each for each in self._declared.values() if each.type in (kind, "Resource")]
        if len(takers) == 1:
            self._take(takers[0], self._place, lambda: body)
            return
        text = f"The body must be a Parameters resource, not '{kind[:60]}'"
        self._issues.append(Issue(text, ("resourceType",), "invalid"))

    def _add(self, element: dict[str, Any], place: str) -> None:
        declared = self._known(element["name"], place)
        if declared is None:
            return
        if declared.type is None:
            self._take(declared, place, lambda: _parts(declared, element, place))
        else:
            self._take(declared, place, lambda: from_property(declared, element))

    def _known(self, name: str, place: str) -> OperationParameter | None:
        if name not in self._declared:
            valid = ", ".join(self._declared) or "none"
            text = f"There is no parameter '{name[:60]}'. Valid are: {valid}"
            self._issues.append(Issue(text, (place,), "not-supported"))
        return self._declared.get(name)

    def _take(self, declared: OperationParameter, place: str, value: Callable[[], Any]) -> None:
        self._seen[declared.name] += 1
        if declared.max != "*" and self._seen[declared.name] > declared.max:
            text = f"'{declared.name}' is allowed {declared.max} times at most"
            self._issues.append(Issue(text, (place,), "structure"))
            return
        try:
            self._values.setdefault(declared.name, []).append(value())
        except ValueError as error:
            text = f"Bad value for '{declared.name}': {error}"
            self._issues.append(Issue(text, (place,), "value"))
        except GatewayError as error:
            self._issues.extend(error.issues)


def _judged_later(element: Any, names: set[str]) -> Any:
    if not isinstance(element, dict) or not isinstance(element.get("resource"), dict):
        return element
    if not any(element.get("name") == each for each in names):
        return element
    kept = {name: each for name, each in element.items() if name != "resource"}
    return kept | {"resource": {"resourceType": "Parameters"}}


def _parts(declared: OperationParameter, element: dict[str, Any], place: str) -> Values:
    if "part" not in element:
        raise ValueError("it has parts, not a value")
    reading = _Reading(declared.parts, f"{place}.part")
    reading.add_all(element["part"])
    return reading.values()
