"""How is an object of a given type checked?

Each structure of the table becomes a plan once: a function for every JSON property, so that a
check is a walk over the properties that are there. FHIR R4 section 2.6.2 (JSON).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from fhir_gateway.fhir.findings import Findings, Path
from fhir_gateway.fhir.invariants import Invariant, invariants_of
from fhir_gateway.fhir.json import Written
from fhir_gateway.fhir.primitives import PRIMITIVES, Kind, Primitive, kind_of
from fhir_gateway.fhir.references import check_reference
from fhir_gateway.fhir.spec import Element, Structure, structure

#: Checks the value of one property: value, the object that it is in, its place.
Check = Callable[[Any, dict[str, Any], Path, Findings], None]

_PRIMITIVE_PROPERTIES = Structure(
    "Element",
    {
        "id": Element("id", "string", 0, many=False),
        "extension": Element("extension", "Extension", 0, many=True),
    },
    (),
    (),
)
_PYTHON_TYPES: dict[Kind, frozenset[type]] = {
    "string": frozenset({str}),
    "number": frozenset({int, float, Decimal, Written}),
    "boolean": frozenset({bool}),
}
#: An extension alone does not stand for a value of these: our own rules need to read them.
_NEEDS_VALUE = frozenset({"code", "instant"})
#: Nor for these, by which requests are read.
_NEEDED = frozenset({("Parameters.parameter", "name"), ("Bundle.entry.request", "url")})


@dataclass(frozen=True, slots=True)
class Plan:
    """The check of one structure.

    Args:
        name: The structure's name.
        checks: By property name, `_` siblings of primitives included.
        required: (name, the other name that satisfies it as well: its `_` sibling or itself).
        choices: (name without [x], whether one is required, the properties of each member).
        invariants: Judged on every object of the structure.
        whole: Whether it is a resource, which may say its resourceType.
    """

    name: str
    checks: dict[str, Check]
    required: tuple[tuple[str, str], ...]
    choices: tuple[tuple[str, bool, frozenset[str]], ...]
    invariants: tuple[Invariant, ...]
    whole: bool

    def check(self, node: Any, path: Path, findings: Findings) -> None:
        """Note everything that is wrong with an object and below."""
        if not isinstance(node, dict):
            findings.add(path, "structure", f"must be an object, not {kind_of(node)}")
            return
        if not node:
            findings.add(path, "structure", "is an empty object; leave it out instead")
            return
        checks = self.checks
        for name, value in node.items():
            check = checks.get(name)
            if check is not None:
                check(value, node, (path, name), findings)
            elif name != "resourceType" or not self.whole:
                self._refuse_unknown(name, path, findings)
        for name, other in self.required:
            if name not in node and other not in node:
                findings.add((path, name), "required", "is missing; it must be there")
        for choice in self.choices:
            _check_choice(node, *choice, path, findings)
        for rule in self.invariants:
            if not rule.holds(node):
                place = (path, rule.at) if rule.at else path
                findings.add(place, "invariant", f"breaks a rule: {rule.sentence} ({rule.key})")

    def _refuse_unknown(self, name: str, path: Path, findings: Findings) -> None:
        known = ", ".join(each for each in self.checks if not each.startswith("_"))
        findings.add(
            (path, name[:60]),
            "structure",
            f"is no element of {self.name}. Known are: {known[:600]}",
        )


@cache
def plan(name: str) -> Plan | None:
    """The plan of a structure; None where it is not in the table (or is a primitive)."""
    found = _PRIMITIVE_PROPERTIES if name == "Element" else structure(name)
    return None if found is None else _plan_of(found)


def _plan_of(found: Structure) -> Plan:
    checks: dict[str, Check] = {}
    for each in found.elements.values():
        checks[each.name] = _check_of(each)
        if _extensible(found, each):
            checks[f"_{each.name}"] = _check_siblings if each.many else _check_sibling
    return Plan(
        found.name,
        checks,
        tuple((name, _other_name(found, found.elements[name])) for name in found.required),
        tuple(
            (stem, required, frozenset(names) | {f"_{name}" for name in names})
            for stem, required, names in found.choices
        ),
        invariants_of(found.name),
        "implicitRules" in found.elements,
    )


def _extensible(found: Structure, element: Element) -> bool:
    """Ids of elements, addresses of extensions and narratives are bare values in JSON."""
    if element.type == "xhtml" or (found.name, element.name) == ("Extension", "url"):
        return False
    return element.type in PRIMITIVES and (element.name != "id" or element.type == "id")


def _other_name(found: Structure, element: Element) -> str:
    bare = element.type in _NEEDS_VALUE or element.type not in PRIMITIVES
    bare = bare or (found.name, element.name) in _NEEDED
    return element.name if bare else f"_{element.name}"


def _check_choice(
    node: dict[str, Any],
    stem: str,
    required: bool,
    names: frozenset[str],
    path: Path,
    findings: Findings,
) -> None:
    found = [name for name in node if name in names]
    if not found:
        if required:
            findings.add((path, f"{stem}[x]"), "required", "is missing; it must be there")
        return
    if len(found) > 1 and len({each.lstrip("_") for each in found}) > 1:
        listed = " and ".join(sorted(found))
        findings.add((path, stem), "structure", f"is there as {listed}; only one is allowed")


def _check_of(element: Element) -> Check:
    one = _check_one(element)
    return _check_list(one, element.type in PRIMITIVES) if element.many else one


def _check_one(element: Element) -> Check:
    primitive = PRIMITIVES.get(element.type)
    if primitive is not None:
        return _check_primitive(primitive, element)
    if element.type == "Resource":
        return _check_resource(None)
    if element.type == "Reference":
        return _check_reference(element.targets)
    if element.codes is not None:
        return _check_concept(element)
    return _check_object(element.type)


def _check_object(type_name: str) -> Check:
    def check(value: Any, _: dict[str, Any], path: Path, findings: Findings) -> None:
        found = plan(type_name)
        if found is not None:
            found.check(value, path, findings)

    return check


def _check_resource(type_name: str | None) -> Check:
    def check(value: Any, _: dict[str, Any], path: Path, findings: Findings) -> None:
        findings.resource(value, type_name, path, findings)

    return check


def _check_reference(targets: tuple[str, ...]) -> Check:
    def check(value: Any, _: dict[str, Any], path: Path, findings: Findings) -> None:
        found = plan("Reference")
        if found is not None:
            found.check(value, path, findings)
        if isinstance(value, dict):
            check_reference(value, targets, path, findings)

    return check


def _check_concept(element: Element) -> Check:
    """A CodeableConcept with a required binding: one of its codings is from the value set."""
    codes = element.codes or frozenset()

    def check(value: Any, _: dict[str, Any], path: Path, findings: Findings) -> None:
        found = plan(element.type)
        before = len(findings.issues)
        if found is not None:
            found.check(value, path, findings)
        if len(findings.issues) > before or any(
            each.get("system") == element.system and each.get("code") in codes
            for each in value.get("coding", ())
        ):
            return
        findings.add(
            path,
            "code-invalid",
            f"must have a coding of {element.system} with one of {', '.join(sorted(codes))}",
        )

    return check


def _check_primitive(primitive: Primitive, element: Element) -> Check:
    fits, codes, kinds = primitive.fits, element.codes, _PYTHON_TYPES[primitive.kind]

    def check(value: Any, _: dict[str, Any], path: Path, findings: Findings) -> None:
        # The exact type, because a JSON true is an int to isinstance.
        if type(value) in kinds and fits(value) and (codes is None or value in codes):
            return
        findings.add(path, *_complaint(value, primitive, codes))

    return check


def _complaint(value: Any, primitive: Primitive, codes: frozenset[str] | None) -> tuple[str, str]:
    """The issue code and sentence for a primitive that is wrong."""
    kind = kind_of(value)
    if kind != primitive.kind:
        return "structure", f"must be {primitive.right}; it is a JSON {kind}"
    if not primitive.fits(value):
        shown = f"'{value[:60]}'" if isinstance(value, str) else str(value)[:60]
        return "value", f"must be {primitive.right}: {shown} is not"
    return "code-invalid", f"is '{value[:60]}'; it must be one of {_listed(codes or frozenset())}"


def _listed(codes: frozenset[str]) -> str:
    return ", ".join(sorted(codes)) if len(codes) <= 40 else f"{len(codes)} codes of R4"


def _check_list(one: Check, primitive: bool) -> Check:
    def check(value: Any, node: dict[str, Any], path: Path, findings: Findings) -> None:
        if not isinstance(value, list):
            findings.add(path, "structure", f"must be an array, not {kind_of(value)}")
            return
        if not value:
            findings.add(path, "structure", "is an empty array; leave it out instead")
            return
        siblings = node.get(f"_{path[1]}") if primitive else None
        for index, each in enumerate(value):
            if each is None and _has(siblings, index):
                continue
            one(each, node, (path, index), findings)

    return check


def _has(siblings: Any, index: int) -> bool:
    return isinstance(siblings, list) and index < len(siblings) and siblings[index] is not None


def _check_sibling(value: Any, _: dict[str, Any], path: Path, findings: Findings) -> None:
    """`_start` beside `start`: id and extensions of a primitive."""
    found = plan("Element")
    if found is not None:
        found.check(value, path, findings)


def _check_siblings(value: Any, node: dict[str, Any], path: Path, findings: Findings) -> None:
    """`_given` beside `given`: two arrays in step, with null where there is nothing."""
    if not isinstance(value, list) or not value:
        findings.add(path, "structure", f"must be an array with members, not {kind_of(value)}")
        return
    values = node.get(str(path[1])[1:])
    if isinstance(values, list) and len(values) != len(value):
        findings.add(
            path,
            "structure",
            f"has {len(value)} members and its values {len(values)}; they must go in step",
        )
    for index, each in enumerate(value):
        if each is not None or not _has(values, index):
            _check_sibling(each, node, (path, index), findings)
