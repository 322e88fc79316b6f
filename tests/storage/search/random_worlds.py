"""Small random worlds and searches in them, made so that most searches find something."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.storage.search.oracle import PARAMETERS
from tests.storage.search.worlds import (
    Resource,
    appointment,
    concept,
    patient,
    references,
    slot,
    task,
)

_CODES = ("urn:a|x", "urn:a|y", "urn:b|x", "x", "z")
_TIMES = (
    "2026-03-01T23:30:00Z",
    "2026-03-02T00:30:00+01:00",
    "2026-03-02T09:00:00Z",
    "2026-03-02T09:00:00.250Z",
    "2026-04-01T00:00:00Z",
)
_DATES = ("2025", "2026", "2026-03", "2026-03-02", "2026-04-01")
_NAMES = ("Ali", "Alí", "ALICE", "Øre", "Bo", "bob", "Li Bo")
_PERIODS = (
    {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T09:00:00Z"},
    {"start": "2026-03-02"},
    {"end": "2026-03"},
)
_REFERENCES = {
    "schedule": ("Schedule/a", "Schedule/b"),
    "patient": ("Patient/a", "Patient/b", "Patient/c"),
    "practitioner": ("Practitioner/a", "Practitioner/b"),
    "slot": ("Slot/a", "Slot/b"),
    "general-practitioner": ("Practitioner/a", "Organization/a", "Organization/b"),
    "focus": ("Appointment/a", "Slot/a", "Patient/a"),
    "part-of": ("Task/a", "Task/b"),
}
_TOKENS = {
    "status": ("free", "busy", "booked", "requested"),
    "gender": ("male", "female", "other"),
    "active": ("true", "false"),
    "deceased": ("true", "false"),
    "part-status": ("accepted", "declined"),
}
_PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

_concepts = st.lists(st.sampled_from(_CODES), min_size=1, max_size=2, unique=True).map(
    lambda codes: concept(*codes)
)


def _concept_of_one() -> st.SearchStrategy[Resource]:
    return st.sampled_from(_CODES).map(concept)


def _coded(value: str) -> st.SearchStrategy[Resource]:
    return st.sampled_from(_CODES).map(lambda code: _identifier(code, value))


def _identifier(code: str, name: str) -> Resource:
    system, bar, value = code.rpartition("|")
    return ({"system": system} if bar else {}) | {name: value}


def _few(each: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(each, min_size=1, max_size=3)


def _pointing(name: str) -> st.SearchStrategy[Resource]:
    return st.sampled_from(_REFERENCES[name]).map(lambda text: references(text)[0])


_contact = st.builds(
    lambda system, value: {"system": system, "value": value},
    st.sampled_from(("phone", "email")),
    st.sampled_from(("x", "y")),
)
_participant = st.builds(
    lambda name, status: {"actor": references(name)[0], "status": status},
    st.sampled_from(_REFERENCES["patient"] + _REFERENCES["practitioner"]),
    st.sampled_from(_TOKENS["part-status"]),
)
_times = st.sampled_from(_TIMES)

_ELEMENTS: dict[str, st.SearchStrategy[Resource]] = {
    "Slot": st.fixed_dictionaries(
        {
            "status": st.sampled_from(("free", "busy")),
            "schedule": _pointing("schedule"),
            "start": _times,
            "end": st.sampled_from(("2026-04-01T00:00:00Z", "2026-04-01T00:30:00Z")),
        },
        optional={
            "appointmentType": _concept_of_one(),
            "serviceType": _few(_concepts),
            "identifier": _few(_coded("value")),
        },
    ),
    "Appointment": st.fixed_dictionaries(
        {"status": st.sampled_from(("booked", "busy")), "participant": _few(_participant)},
        optional={
            "start": _times,
            "appointmentType": _concept_of_one(),
            "serviceType": _few(_concepts),
            "slot": _few(_pointing("slot")),
            "requestedPeriod": _few(st.sampled_from(_PERIODS)),
        },
    ),
    "Patient": st.fixed_dictionaries(
        {},
        optional={
            "active": st.booleans(),
            "gender": st.sampled_from(_TOKENS["gender"]),
            "identifier": _few(_coded("value")),
            "telecom": _few(_contact),
            "name": _few(
                st.fixed_dictionaries(
                    {"family": st.sampled_from(_NAMES)},
                    optional={"given": _few(st.sampled_from(_NAMES))},
                )
            ),
            "birthDate": st.sampled_from(_DATES),
            "deceasedDateTime": st.sampled_from(_DATES + _TIMES),
            "generalPractitioner": _few(_pointing("general-practitioner")),
        },
    ),
    "Task": st.fixed_dictionaries(
        {"status": st.sampled_from(("requested", "busy"))},
        optional={
            "code": _concepts,
            "businessStatus": _concept_of_one(),
            "for": _pointing("patient"),
            "focus": _pointing("focus"),
            "partOf": _few(_pointing("part-of")),
            "authoredOn": st.sampled_from(_DATES + _TIMES),
            "executionPeriod": st.sampled_from(_PERIODS),
        },
    ),
}
_BUILD = {"Slot": slot, "Appointment": appointment, "Patient": patient, "Task": task}

Criteria = list[tuple[str, str]]


def populations(type_name: str) -> st.SearchStrategy[list[Resource]]:
    """Up to a dozen resources of a type; ids are letters."""
    return st.lists(_ELEMENTS[type_name], max_size=12).map(
        lambda every: [
            _BUILD[type_name](chr(ord("a") + number), **elements)
            for number, elements in enumerate(every)
        ]
    )


@dataclass(frozen=True, slots=True)
class Search:
    """Conditions, order and page size."""

    criteria: Criteria
    sort: list[str]
    count: int

    def text(self, type_name: str) -> str:
        order = [("_sort", ",".join(self.sort))] if self.sort else []
        pairs = [*self.criteria, *order, ("_count", str(self.count))]
        return f"{type_name}?" + "&".join(f"{key}={quote(value)}" for key, value in pairs)


@dataclass(frozen=True, slots=True)
class World:
    """Resources of one type, and what is searched in them."""

    type_name: str
    resources: list[Resource]
    searches: list[Search]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    type_name = draw(st.sampled_from(sorted(_ELEMENTS)))
    search = st.builds(Search, criteria(type_name), sorts(type_name), st.integers(1, 5))
    searches = st.lists(search, min_size=1, max_size=8)
    return World(type_name, draw(populations(type_name)), draw(searches))


@st.composite
def criteria(draw: st.DrawFn, type_name: str) -> Criteria:
    """Up to two conditions."""
    names = draw(st.lists(st.sampled_from(sorted(PARAMETERS[type_name])), max_size=2))
    return [draw(_criterion(PARAMETERS[type_name][name][0], name)) for name in names]


def sorts(type_name: str) -> st.SearchStrategy[list[str]]:
    """Up to two keys of an order."""
    names = st.sampled_from([*sorted(PARAMETERS[type_name]), "_id"])
    keys = st.builds(lambda name, sign: sign + name, names, st.sampled_from(("", "-")))
    return st.lists(keys, max_size=2, unique_by=lambda key: key.removeprefix("-"))


def _criterion(kind: str, name: str) -> st.SearchStrategy[tuple[str, str]]:
    missing = st.sampled_from(("true", "false")).map(lambda text: (f"{name}:missing", text))
    values = st.lists(_value(kind, name), min_size=1, max_size=2).map(",".join)
    modifiers = {"token": ("", ":not"), "string": ("", ":exact", ":contains")}.get(kind, ("",))
    asked = st.tuples(st.sampled_from(modifiers).map(lambda modifier: name + modifier), values)
    return st.one_of(asked, asked, asked, missing)


def _value(kind: str, name: str) -> st.SearchStrategy[str]:
    if kind == "token":
        return st.sampled_from(_TOKENS.get(name, (*_CODES, "|x", "urn:a|", "|z")))
    if kind == "reference":
        full = _REFERENCES[name]
        return st.sampled_from(full + tuple(text.partition("/")[2] for text in full))
    if kind == "string":
        return st.sampled_from((*_NAMES, "a", "o", "li"))
    return st.builds(str.__add__, st.sampled_from(_PREFIXES), st.sampled_from(_DATES + _TIMES))
