"""How should the answer to a search look?

The parameters that change the result and not the selection: `_sort`, `_count`, `_include`,
`_revinclude`, `_summary`, `_elements`, `_total` and our cursor. FHIR R4 section 3.1.1.5.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.catalogue import CATALOGUE, COMMON, SearchParam, param_of, params_of

DEFAULT_COUNT = 20
MAX_COUNT = 1000
#: Backward, each is looked for by itself; forward, all that a resource points to is read at once.
MAX_REVINCLUDES = 50
#: Names the place where a page goes on; made by the server, opaque to clients.
CURSOR = "_cursor"

#: Of these kinds of parameter no value comes before another.
UNORDERED = ("composite", "special")

SortKey = tuple[SearchParam | str, bool]


@dataclass(frozen=True, slots=True)
class Include:
    """One reference parameter to follow, forward (`_include`) or backward (`_revinclude`).

    Args:
        source: The type that holds the reference.
        param: The reference parameter.
        target: Only resources of that type; None for all.
        iterate: Whether included resources are followed as well.
    """

    source: str
    param: SearchParam
    target: str | None = None
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """All that is asked about the answer.

    Args:
        count: Page size, 0 to 1000; 0 asks for the total only.
        sort: (parameter, or `_id` or `_lastUpdated`; descending), first key first.
        includes: Forward.
        revincludes: Backward.
        total: `accurate`, `estimate`, `none` or None where not said.
        summary: `true`, `text`, `data`, `count` or None.
        elements: Root elements to keep; empty for all.
        cursor: Where the page begins; None for the first.
    """

    count: int = DEFAULT_COUNT
    sort: tuple[SortKey, ...] = ()
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    total: str | None = None
    summary: str | None = None
    elements: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    type_name: str
    modifier: str
    text: str
    results: Results = field(default_factory=Results)


def is_result_parameter(key: str) -> bool:
    """Whether a key belongs to the result and not to the selection."""
    return key.partition(":")[0] in _READ


def read_result_parameter(type_name: str, key: str, text: str, results: Results) -> Results:
    """Add what one pair asks for; an empty value asks for nothing.

    Raises:
        ValueError: with a sentence that says what would be right.
        GatewayError: too-costly.
    """
    name, _, modifier = key.partition(":")
    allowed = ("", "iterate", "recurse") if name in ("_include", "_revinclude") else ("",)
    if modifier not in allowed:
        raise ValueError(f"'{name}' has no modifier ':{modifier[:60]}'")
    if not text:
        return results
    return _READ[name](_Asked(type_name, modifier, text, results))


def _count(asked: _Asked) -> Results:
    if not re.fullmatch(r"[0-9]{1,18}", asked.text):
        raise ValueError("a number from 0 on")
    return replace(asked.results, count=min(int(asked.text), MAX_COUNT))


def _sort(asked: _Asked) -> Results:
    keys = tuple(_sort_key(asked.type_name, each) for each in asked.text.split(","))
    return replace(asked.results, sort=asked.results.sort + keys)


def _sort_key(type_name: str, text: str) -> SortKey:
    name = text.removeprefix("-")
    param = param_of(type_name, name)
    if param is None or param.type in UNORDERED:
        known = params_of(type_name).values()
        valid = ", ".join(x.name for x in known if x.type not in UNORDERED)
        raise ValueError(f"{type_name} cannot be sorted by '{name[:60]}'. Valid are: {valid}")
    return name if name in COMMON else param, text.startswith("-")


def _include(asked: _Asked) -> Results:
    found = _includes(asked, backward=False)
    return replace(asked.results, includes=_joined(asked.results.includes, found))


def _revinclude(asked: _Asked) -> Results:
    joined = _joined(asked.results.revincludes, _includes(asked, backward=True))
    if len(joined) > MAX_REVINCLUDES:
        text = f"More than {MAX_REVINCLUDES} references to follow back"
        raise fail(Category.INVALID, text, "_revinclude", code="too-costly")
    return replace(asked.results, revincludes=joined)


def _joined(old: tuple[Include, ...], new: tuple[Include, ...]) -> tuple[Include, ...]:
    return tuple(dict.fromkeys((*old, *new)))


def _includes(asked: _Asked, *, backward: bool) -> tuple[Include, ...]:
    iterate = asked.modifier != ""
    if asked.text == "*" and not backward:
        sources = CATALOGUE if iterate else (asked.type_name,)
        return tuple(each for source in sources for each in _every(source, iterate, None))
    source, _, rest = asked.text.partition(":")
    if source not in CATALOGUE or not rest:
        raise ValueError("the form is Type:parameter or Type:parameter:Target, or Type:*")
    pointed = asked.type_name if backward and not iterate else None
    if rest == "*":
        return _every(source, iterate, pointed)
    name, _, target = rest.partition(":")
    param = param_of(source, name)
    if param is None or param.type != "reference":
        valid = ", ".join(each.name for each in _references(source))
        raise ValueError(f"{source} has no reference '{name[:60]}'. Valid are: {valid}")
    return (_checked(Include(source, param, target or None, iterate), pointed, asked.type_name),)


def _checked(include: Include, pointed: str | None, type_name: str) -> Include:
    targets = include.param.targets
    for target in (include.target, pointed):
        if target is not None and targets and target not in targets:
            name = f"{include.source}:{include.param.name}"
            raise ValueError(f"{name} points to {' or '.join(targets)}, not to {target[:60]}")
    if pointed and include.target not in (None, pointed):
        raise ValueError(f"the target of a _revinclude here is {type_name}")
    if pointed is None and include.source != type_name and not include.iterate:
        raise ValueError(f"the source of an _include here is {type_name}; others need ':iterate'")
    return include


def _every(source: str, iterate: bool, pointed: str | None) -> tuple[Include, ...]:
    return tuple(
        Include(source, param, None, iterate)
        for param in _references(source)
        if pointed is None or not param.targets or pointed in param.targets
    )


def _references(type_name: str) -> list[SearchParam]:
    return [each for each in CATALOGUE[type_name].params if each.type == "reference"]


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise ValueError(f"one of {', '.join(allowed)}")
    return text


def _total(asked: _Asked) -> Results:
    return replace(asked.results, total=_one_of(asked.text, ("none", "estimate", "accurate")))


def _summary(asked: _Asked) -> Results:
    text = _one_of(asked.text, ("true", "text", "data", "count", "false"))
    return replace(asked.results, summary=None if text == "false" else text)


def _elements(asked: _Asked) -> Results:
    names = asked.text.split(",")
    if not all(re.fullmatch(r"[a-z][A-Za-z]{0,63}", each) for each in names):
        raise ValueError("names of root elements, separated by commas")
    return replace(asked.results, elements=tuple(dict.fromkeys((*asked.results.elements, *names))))


def _cursor(asked: _Asked) -> Results:
    if not re.fullmatch(r"[A-Za-z0-9_\-.~=]{1,1500}", asked.text):
        raise ValueError("it is not one that this server gave out")
    return replace(asked.results, cursor=asked.text)


_READ: dict[str, Callable[[_Asked], Results]] = {
    "_count": _count,
    "_sort": _sort,
    "_include": _include,
    "_revinclude": _revinclude,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    CURSOR: _cursor,
}

#: Everything that changes the answer and not the selection.
RESULT_PARAMETERS = tuple(_READ)
