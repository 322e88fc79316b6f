"""Random searches in worlds of `random_resources`, of everything that R4 lets one ask."""

from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

from tests.storage.search.oracle_parameters import PARAMETERS
from tests.storage.search.oracle_values import BASE
from tests.storage.search.random_resources import (
    CHANGED,
    CODES,
    DATES,
    FOREIGN,
    NAMES,
    NUMBERS,
    TEXTS,
    TIMES,
    UNITS,
    URIS,
    Sizes,
)

Pairs = list[tuple[str, str]]

MAX_STEPS = 3
_PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_ASKED_TIMES = (
    *TIMES,
    "2026-03-02T09:00",
    "2026-03-02T09:00Z",
    "2026-03-02T10:00+01:00",
    "2026-03-02T09:00:00",
)
_IMPLIED = "http://hl7.org/fhir/"
_TOKENS = {
    "Slot.status": ("free", "busy", f"{_IMPLIED}slotstatus|free", f"{_IMPLIED}slotstatus|"),
    "status": ("booked", "busy", "requested", "planned", "final"),
    "gender": ("male", "female", f"{_IMPLIED}administrative-gender|other"),
    "part-status": ("accepted", "declined"),
    "phone": ("x", "y", "z"),
    "email": ("x", "y", "z"),
} | dict.fromkeys(("active", "deceased", "overbooked"), ("true", "false"))
#: A chain through these has to say which type is meant.
_OF_SEVERAL_TYPES = ("actor", "general-practitioner")


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, in which order, what comes along, and how much at a time."""

    type_name: str
    criteria: Pairs
    sort: list[str]
    beside: Pairs
    total: str | None
    count: int

    @property
    def text(self) -> str:
        """As a client writes it."""
        order = [("_sort", ",".join(self.sort))] if self.sort else []
        total = [("_total", self.total)] if self.total else []
        pairs = [*self.criteria, *order, *self.beside, *total, ("_count", str(self.count))]
        return f"{self.type_name}?" + "&".join(f"{key}={quote(value)}" for key, value in pairs)


@st.composite
def searches(
    draw: st.DrawFn, sizes: Sizes, counts: st.SearchStrategy[int], *, steps: int = MAX_STEPS
) -> Search:
    """Any search; without chains where steps is 0."""
    type_name = draw(st.sampled_from(sorted(sizes)))
    criteria = [
        draw(criterion(type_name, sizes, steps)) for _ in range(draw(st.sampled_from((0, 1, 1, 2))))
    ]
    along = draw(st.sampled_from((0, 0, 0, 1, 2, 3))) if steps else 0
    return Search(
        type_name,
        criteria,
        draw(sorts(type_name)),
        draw(st.lists(_include(type_name), min_size=along, max_size=along, unique=True)),
        draw(st.sampled_from((None, None, "none", "accurate", "estimate"))),
        draw(counts),
    )


def sorts(type_name: str) -> st.SearchStrategy[list[str]]:
    """Up to five keys of an order."""
    parameters = PARAMETERS[type_name].items()
    names = st.sampled_from(sorted(name for name, each in parameters if each.kind != "composite"))
    keys = st.builds(lambda name, sign: sign + name, names, st.sampled_from(("", "-")))
    return st.integers(0, 5).flatmap(
        lambda most: st.lists(keys, max_size=most, unique_by=lambda key: key.removeprefix("-"))
    )


@st.composite
def criterion(
    draw: st.DrawFn, type_name: str, sizes: Sizes, steps: int, *, back: bool = True
) -> tuple[str, str]:
    """One condition, with at most so many steps of a chain before it, or of `_has`.

    A chain goes on to another chain, not back again.
    """
    way = draw(st.sampled_from(("plain", "plain", "chain", "has"))) if steps else "plain"
    pointing = _pointing_at(type_name) if back and way == "has" else []
    links = _links(type_name) if way == "chain" else []
    if pointing:
        source, name = draw(st.sampled_from(pointing))
        key, text = draw(criterion(source, sizes, steps - 1))
        return f"_has:{source}:{name}:{key}", text
    if links:
        link, target = draw(st.sampled_from(links))
        key, text = draw(criterion(target, sizes, steps - 1, back=False))
        return f"{link}.{key}", text
    return draw(_plain(type_name, sizes))


def _pointing_at(type_name: str) -> list[tuple[str, str]]:
    return [
        (source, name)
        for source, parameters in PARAMETERS.items()
        for name, parameter in parameters.items()
        if parameter.kind == "reference" and type_name in (parameter.to or PARAMETERS)
    ]


def _links(type_name: str) -> list[tuple[str, str]]:
    """How a chain can begin, and where it leads to."""
    links = []
    for name, parameter in PARAMETERS[type_name].items():
        if parameter.kind == "reference":
            links += [(f"{name}:{kind}", kind) for kind in parameter.to or PARAMETERS]
            links += [(name, kind) for kind in parameter.to if name not in _OF_SEVERAL_TYPES]
    return links


def _plain(type_name: str, sizes: Sizes) -> st.SearchStrategy[tuple[str, str]]:
    own = [name for name in sorted(PARAMETERS[type_name]) if not name.startswith("_")]
    return st.sampled_from([*own, *own, *sorted(PARAMETERS[type_name])]).flatmap(
        lambda name: st.sampled_from(_modifiers(type_name, name)).flatmap(
            lambda modifier: st.tuples(
                st.just(f"{name}:{modifier}" if modifier else name),
                _values(type_name, name, modifier, sizes),
            )
        )
    )


def _modifiers(type_name: str, name: str) -> list[str]:
    kind = PARAMETERS[type_name][name].kind
    if name in ("_id", "_lastUpdated") or kind == "composite":
        return [""]
    further = {
        "token": [] if f"{type_name}.{name}" in _TOKENS or name in _TOKENS else ["text"],
        "string": ["exact", "contains"],
        "reference": ["identifier", *PARAMETERS[type_name][name].to],
    }.get(kind, [])
    not_ = ["not"] if kind == "token" else []
    typed = ["of-type"] if name == "identifier" else []
    return ["", "", "missing", *not_, *further, *typed]


def _values(type_name: str, name: str, modifier: str, sizes: Sizes) -> st.SearchStrategy[str]:
    if modifier == "missing":
        return st.sampled_from(("true", "false"))
    one = _value(type_name, name, modifier, sizes)
    return st.lists(one, min_size=1, max_size=3).map(",".join)


def escaped(text: str, separators: str = ",|$") -> str:
    """With a backslash before what would separate."""
    text = text.replace("\\", "\\\\")
    for each in separators:
        text = text.replace(each, "\\" + each)
    return text


#: Of an element without a list of codes of its own.
_ANY_TOKEN = (*(escaped(code, ",$") for code in CODES), "|x", "urn:a|", "|z")


def _value(type_name: str, name: str, modifier: str, sizes: Sizes) -> st.SearchStrategy[str]:
    kind = PARAMETERS[type_name][name].kind
    if modifier == "text":
        return st.sampled_from((*TEXTS, "FLU", "g", "grippe")).map(escaped)
    if modifier == "of-type":
        coded = st.tuples(st.sampled_from(CODES), st.sampled_from(CODES))
        return coded.map(lambda two: _of_type(*two))
    if kind == "token" or modifier == "identifier":
        named = _TOKENS.get(f"{type_name}.{name}", _TOKENS.get(name, _ANY_TOKEN))
        return st.sampled_from(named if kind == "token" else _ANY_TOKEN)
    if kind == "reference":
        return _reference(PARAMETERS[type_name][name].to, modifier, sizes)
    return {
        "id": st.integers(0, sizes[type_name]).map(str),
        "string": st.sampled_from((*NAMES, "a", "o", "li")).map(escaped),
        "uri": st.sampled_from(URIS).map(escaped),
        "number": _number(),
        "quantity": _quantity(),
        "composite": st.builds(
            "{}${}".format,
            st.sampled_from(_ANY_TOKEN),
            _quantity() if name.endswith("quantity") else st.sampled_from(_ANY_TOKEN),
        ),
        "date": st.builds(
            str.__add__,
            st.sampled_from(_PREFIXES),
            st.sampled_from((*DATES, *_ASKED_TIMES, *CHANGED)),
        ),
    }[kind]


_ASKED_UNITS = (
    "",
    *(f"|{system}|{code}" for system, code, _ in UNITS),
    "||min",
    "||minutes",
    "||h",
)


def _quantity() -> st.SearchStrategy[str]:
    return st.builds(str.__add__, _number(), st.sampled_from(_ASKED_UNITS))


def _number() -> st.SearchStrategy[str]:
    return st.builds(str.__add__, st.sampled_from(_PREFIXES), st.sampled_from(NUMBERS))


def _of_type(kind: str, value: str) -> str:
    system, _, code = kind.rpartition("|")
    return "|".join(escaped(each) for each in (system, code, value.rpartition("|")[2]))


def _reference(to: tuple[str, ...], modifier: str, sizes: Sizes) -> st.SearchStrategy[str]:
    kinds = (modifier,) if modifier else to or ("Appointment", "Slot", "Patient")
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            lambda begin, number: f"{begin}{number}",
            st.sampled_from(("", f"{kind}/", f"{BASE}{kind}/", f"{FOREIGN}{kind}/")),
            st.integers(0, sizes[kind]),
        )
    )


def _include(type_name: str) -> st.SearchStrategy[tuple[str, str]]:
    forward = [
        (source, f"{source}:{name}{target}")
        for source, parameters in PARAMETERS.items()
        for name, parameter in parameters.items()
        if parameter.kind == "reference"
        for target in ("", *(f":{kind}" for kind in parameter.to))
    ]
    here = [("_include", text) for source, text in forward if source == type_name]
    back = [
        ("_revinclude", f"{source}:{name}{target}")
        for source, name in _pointing_at(type_name)
        for target in ("", f":{type_name}")
    ]
    wide = [("_include", f"{type_name}:*")] if here else []
    wide += [("_include", "*")] if here else []
    wide += [
        ("_revinclude", f"{source}:*") for source in {name for name, _ in _pointing_at(type_name)}
    ]
    further = [("_include:iterate", text) for _, text in forward]
    further += [("_include:iterate", "*")]
    further += [("_revinclude:iterate", text) for _, text in forward]
    near = sorted([*here, *back, *wide])
    return st.sampled_from(near or further) | st.sampled_from(further)
