"""Which resources does one `name=value` pair of a search select?

Name, modifier, chain and reverse chain to the left of the equals sign; alternatives to the right.
FHIR R4 sections 3.1.1.4.5 (modifiers), 3.1.1.4.16 (chains) and 3.1.1.4.17 (`_has`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.fhir.catalogue import CATALOGUE, COMMON, SearchParam, param_of, params_of
from fhir_gateway.fhir.search_terms import Context, Value, read_value, split
from fhir_gateway.fhir.spec import element_types

MAX_VALUES = 50
MAX_STEPS = 3

_MODIFIERS: dict[str, tuple[str, ...]] = {
    "token": ("missing", "not", "text", "of-type"),
    "reference": ("missing", "identifier"),
    "string": ("missing", "exact", "contains"),
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "uri": ("missing",),
    "composite": (),
    "special": ("missing",),
}


@dataclass(frozen=True, slots=True)
class ChainStep:
    """From a resource of type source, follow param to resources of type target."""

    source: str
    param: SearchParam
    target: str


@dataclass(frozen=True, slots=True)
class HasStep:
    """A resource of type type_name points back through param."""

    type_name: str
    param: SearchParam


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition; conditions are joined by AND.

    Args:
        param: What is compared.
        modifier: `not`, `missing`, `exact`, `contains`, `identifier`, `text`, `of-type`, a
            resource type, or None.
            `not` selects resources without the element as well.
        values: Alternatives, joined by OR; at least one.
        has: Steps back (`_has`), outermost first; taken before chain.
        chain: Steps forward, in order.
        type_name: The type that param belongs to: the searched one, or the last of the steps.
    """

    param: SearchParam
    modifier: str | None
    values: tuple[Value, ...]
    chain: tuple[ChainStep, ...] = ()
    has: tuple[HasStep, ...] = ()
    type_name: str = ""


#: Modifiers that only some types of element know.
_TEXTUAL = frozenset({"CodeableConcept", "Coding", "Identifier"})
_TYPED = frozenset({"Identifier"})


def modifiers_of(owner: str, param: SearchParam) -> tuple[str, ...]:
    """The modifiers that a parameter of a resource type takes."""
    if param.name in COMMON:
        return ()
    kinds = element_types(owner, param.paths)
    unknown = {"text" if not kinds & _TEXTUAL else "", "of-type" if not kinds & _TYPED else ""}
    targets = param.targets if param.type == "reference" else ()
    return (*(each for each in _MODIFIERS[param.type] if each not in unknown), *targets)


def unknown_parameter(type_name: str, name: str, expression: str) -> GatewayError:
    """The refusal of a parameter that the type does not have, with those that it has."""
    return fail(
        Category.INVALID,
        f"{type_name} has no search parameter '{name[:60]}'. Valid are: "
        + ", ".join(params_of(type_name)),
        expression,
        code="not-supported",
    )


def criterion(type_name: str, key: str, text: str, *, zone: ZoneInfo, base: str) -> Criterion:
    """Read one pair.

    Args:
        type_name: The type searched.
        key: Left of the equals sign: `status:not`, `schedule.actor:Practitioner.name`,
            `_has:Appointment:patient:date`.
        text: Right of it; commas separate alternatives, a backslash escapes.
        zone: For dates without offset.
        base: The tenant's base address, for absolute references.

    Raises:
        GatewayError: invalid, with the parameter's name as its expression.
    """
    owner, has, rest = _reverse_steps(type_name, key)
    owner, chain, last = _forward_steps(owner, rest, key)
    if len(chain) + len(has) > MAX_STEPS:
        text = f"More than {MAX_STEPS} steps in a chain"
        raise fail(Category.INVALID, text, key[:100], code="too-costly")
    name, _, modifier = last.partition(":")
    param = param_of(owner, name)
    if param is None:
        raise unknown_parameter(owner, name, key[:100])
    _check_modifier(owner, param, modifier, key)
    context = Context(owner, param, modifier or None, zone, base)
    return Criterion(param, modifier or None, _values(text, context, key), chain, has, owner)


def _reverse_steps(type_name: str, key: str) -> tuple[str, tuple[HasStep, ...], str]:
    steps: list[HasStep] = []
    owner, rest = type_name, key
    while rest.split(":")[0] == "_has":
        parts = rest.split(":", 3)
        if len(parts) != 4 or not parts[3]:
            raise fail(
                Category.INVALID,
                "A reverse chain is _has:Type:reference-parameter:parameter",
                key[:100],
            )
        source, name, rest = parts[1], parts[2], parts[3]
        if source not in CATALOGUE:
            raise _unknown_type(source, key)
        param = param_of(source, name)
        if param is None or param.type != "reference":
            raise unknown_parameter(source, name, key[:100])
        if param.targets and owner not in param.targets:
            raise fail(Category.INVALID, f"{source}.{name} does not point to {owner}", key[:100])
        steps.append(HasStep(source, param))
        owner = source
    return owner, tuple(steps), rest


def _forward_steps(owner: str, rest: str, key: str) -> tuple[str, tuple[ChainStep, ...], str]:
    *links, last = rest.split(".")
    steps: list[ChainStep] = []
    for position, link in enumerate(links):
        name, _, kind = link.partition(":")
        param = param_of(owner, name)
        if param is None:
            raise unknown_parameter(owner, name, key[:100])
        if param.type != "reference":
            raise fail(Category.INVALID, f"'{name}' is not a reference to follow", key[:100])
        following = (*links, last)[position + 1].partition(":")[0]
        target = _target(param, kind, following, key)
        steps.append(ChainStep(owner, param, target))
        owner = target
    return owner, tuple(steps), last


def _target(param: SearchParam, kind: str, following: str, key: str) -> str:
    possible = [each for each in param.targets or CATALOGUE if each in CATALOGUE]
    if kind:
        if kind not in possible:
            raise _unknown_type(kind, key, possible)
        return kind
    fitting = [each for each in possible if param_of(each, following) is not None]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise fail(
            Category.INVALID,
            f"Nothing that '{param.name}' points to has a search parameter '{following[:60]}'",
            key[:100],
        )
    forms = " or ".join(f"{param.name}:{each}.{following}" for each in fitting[:8])
    raise fail(Category.INVALID, f"Say which type is meant: {forms}", key[:100])


def _unknown_type(kind: str, key: str, possible: Iterable[str] = CATALOGUE) -> GatewayError:
    return fail(
        Category.INVALID,
        f"'{kind[:60]}' is none of the types {', '.join(possible)}",
        key[:100],
    )


def _check_modifier(owner: str, param: SearchParam, modifier: str, key: str) -> None:
    allowed = modifiers_of(owner, param)
    if not modifier and not key.rpartition(".")[2].endswith(":"):
        return
    if modifier in allowed or (param.type == "reference" and _any_type(param, modifier)):
        return
    listed = ", ".join(f":{each}" for each in allowed) or "none"
    raise fail(
        Category.INVALID,
        f"'{param.name}' has no modifier ':{modifier[:60]}'. Valid are: {listed}",
        key[:100],
    )


def _any_type(param: SearchParam, modifier: str) -> bool:
    return not param.targets and modifier in CATALOGUE


def _values(text: str, context: Context, key: str) -> tuple[Value, ...]:
    parts = split(text, ",")
    if len(parts) > MAX_VALUES:
        raise fail(Category.INVALID, f"More than {MAX_VALUES} values", key[:100], code="too-costly")
    if not all(parts):
        raise fail(Category.INVALID, f"'{key[:60]}' needs a value", key[:100])
    if context.modifier == "missing" and len(parts) > 1:
        raise fail(Category.INVALID, "':missing' takes true or false", key[:100])
    try:
        return tuple(read_value(part, context) for part in parts)
    except ValueError as error:
        raise fail(
            Category.INVALID, f"Bad value for '{key[:60]}': {error}", key[:100], code="value"
        ) from error
