"""What should a search find? Slowly, in plain sight, straight from the resources.

Knows nothing of index entries, columns or SQL; of four types it knows the parameters that the
generated searches use. Times without offset are UTC, texts are compared in lower case without
marks.
"""

import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from typing import Any

Resource = dict[str, Any]
Range = tuple[datetime, datetime]

#: Elements that stand once; where they have several codings, they are sorted by the first.
BY_FIRST = ("code", "appointment-type", "business-status")
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def _at(*steps: str) -> Callable[[Resource], list[Any]]:
    def read(resource: Resource) -> list[Any]:
        nodes: list[Any] = [resource]
        for step in steps:
            children = [node[step] for node in nodes if step in node]
            nodes = [
                x for child in children for x in (child if isinstance(child, list) else [child])
            ]
        return nodes

    return read


def _pointing_to(kind: str, *steps: str) -> Callable[[Resource], list[Any]]:
    def read(resource: Resource) -> list[Any]:
        return [each for each in _at(*steps)(resource) if each["reference"].startswith(kind + "/")]

    return read


def _contacts(system: str) -> Callable[[Resource], list[Any]]:
    return lambda resource: [x for x in _at("telecom")(resource) if x.get("system") == system]


def _deceased(resource: Resource) -> list[Any]:
    return [bool(resource.get("deceasedBoolean") or resource.get("deceasedDateTime"))]


#: Type, parameter: kind and values.
PARAMETERS: dict[str, dict[str, tuple[str, Callable[[Resource], list[Any]]]]] = {
    "Slot": {
        "status": ("token", _at("status")),
        "appointment-type": ("token", _at("appointmentType")),
        "service-type": ("token", _at("serviceType")),
        "identifier": ("token", _at("identifier")),
        "schedule": ("reference", _at("schedule")),
        "start": ("date", _at("start")),
        "end": ("date", _at("end")),
    },
    "Appointment": {
        "status": ("token", _at("status")),
        "appointment-type": ("token", _at("appointmentType")),
        "service-type": ("token", _at("serviceType")),
        "part-status": ("token", _at("participant", "status")),
        "patient": ("reference", _pointing_to("Patient", "participant", "actor")),
        "practitioner": ("reference", _pointing_to("Practitioner", "participant", "actor")),
        "slot": ("reference", _at("slot")),
        "date": ("date", _at("start")),
        "requested-period": ("date", _at("requestedPeriod")),
    },
    "Patient": {
        "active": ("token", _at("active")),
        "gender": ("token", _at("gender")),
        "deceased": ("token", _deceased),
        "identifier": ("token", _at("identifier")),
        "phone": ("token", _contacts("phone")),
        "email": ("token", _contacts("email")),
        "family": ("string", _at("name", "family")),
        "given": ("string", _at("name", "given")),
        "name": ("string", lambda x: _at("name", "family")(x) + _at("name", "given")(x)),
        "birthdate": ("date", _at("birthDate")),
        "death-date": ("date", _at("deceasedDateTime")),
        "general-practitioner": ("reference", _at("generalPractitioner")),
    },
    "Task": {
        "status": ("token", _at("status")),
        "code": ("token", _at("code")),
        "business-status": ("token", _at("businessStatus")),
        "patient": ("reference", _at("for")),
        "focus": ("reference", _at("focus")),
        "part-of": ("reference", _at("partOf")),
        "authored-on": ("date", _at("authoredOn")),
        "period": ("date", _at("executionPeriod")),
    },
}


def found(
    resources: list[Resource], criteria: list[tuple[str, str]], sort: list[str]
) -> list[Resource]:
    """The resources that fulfil all criteria, in order."""
    hits = [each for each in resources if all(_holds(each, *pair) for pair in criteria)]
    return sorted(hits, key=cmp_to_key(lambda a, b: _compare(a, b, sort)))


def _holds(resource: Resource, key: str, text: str) -> bool:
    name, _, modifier = key.partition(":")
    kind, read = PARAMETERS[resource["resourceType"]][name]
    values = read(resource)
    if modifier == "missing":
        return bool(values) != (text == "true")
    hit = any(_FITS[kind](value, asked, modifier) for value in values for asked in text.split(","))
    return hit != (modifier == "not")


def _token_fits(value: Any, asked: str, _: str) -> bool:
    system, bar, code = asked.rpartition("|")
    return any(
        (not code or code == own_code) and (not bar or system == own_system)
        for own_system, own_code in codings(value)
    )


def codings(value: Any) -> Iterator[tuple[str, str]]:
    """The (system, code) of a boolean, code, CodeableConcept, Identifier or ContactPoint."""
    if isinstance(value, bool):
        yield "", str(value).lower()
    elif isinstance(value, str):
        yield "", value
    else:
        for each in value.get("coding", [value]):
            yield each.get("system", ""), each.get("code", each.get("value"))


def _reference_fits(value: Any, asked: str, modifier: str) -> bool:
    kind, _, own = value["reference"].partition("/")
    if "/" in asked:
        return bool(value["reference"] == asked)
    return bool(own == asked) and modifier in ("", kind)


def _string_fits(value: str, asked: str, modifier: str) -> bool:
    if modifier == "exact":
        return value == asked
    own, wanted = plain(value), plain(asked)
    return wanted in own if modifier == "contains" else own.startswith(wanted)


def plain(text: str) -> str:
    """Lower case, without marks."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(each for each in parts if not unicodedata.combining(each)).lower()


def _date_fits(value: Any, asked: str, _: str) -> bool:
    prefix, text = (asked[:2], asked[2:]) if asked[:2].isalpha() else ("eq", asked)
    low, high = own_range(value)
    first, last = written_range(text)
    contained = first <= low and high <= last
    around = max(last - first, timedelta(days=1))
    return {
        "eq": contained,
        "ne": not contained,
        "gt": high > last,
        "lt": low < first,
        "ge": high > last or contained,
        "le": low < first or contained,
        "sa": low >= last,
        "eb": high <= first,
        "ap": low < last + around and high > first - around,
    }[prefix]


def own_range(value: Any) -> Range:
    """From when to when a date or Period of a resource is; a time is a moment."""
    if isinstance(value, str):
        low, high = written_range(value)
        return low, low + timedelta(microseconds=1) if "T" in value else high
    low = own_range(value["start"])[0] if "start" in value else FIRST
    return low, own_range(value["end"])[1] if "end" in value else LAST


def written_range(text: str) -> Range:
    """From when to when a date is, by its precision."""
    if "T" in text:
        low = datetime.fromisoformat(text)
        return low, low + timedelta(seconds=1)
    year, month, day = (int(each) for each in f"{text}-01-01".split("-")[:3])
    low = datetime(year, month, day, tzinfo=UTC)
    if len(text) == 10:
        return low, low + timedelta(days=1)
    if len(text) == 7:
        return low, (low + timedelta(days=31)).replace(day=1)
    return low, low.replace(year=year + 1)


_FITS: dict[str, Callable[[Any, str, str], bool]] = {
    "token": _token_fits,
    "reference": _reference_fits,
    "string": _string_fits,
    "date": _date_fits,
}


def _compare(one: Resource, other: Resource, sort: list[str]) -> int:
    for key in sort:
        descending, name = key.startswith("-"), key.removeprefix("-")
        a, b = (_sort_value(each, name, descending) for each in (one, other))
        if a == b:
            continue
        if a is None or b is None:
            return 1 if a is None else -1
        return -1 if (a < b) != descending else 1
    return -1 if one["id"] < other["id"] else 1


def _sort_value(resource: Resource, name: str, descending: bool) -> Any:
    if name == "_id":
        return resource["id"]
    kind, read = PARAMETERS[resource["resourceType"]][name]
    values = [text for value in read(resource) for text in _SORT_VALUES[kind](value)]
    if name in BY_FIRST:
        return next(iter(values), None)
    return (max if descending else min)(values, default=None)


_SORT_VALUES: dict[str, Callable[[Any], list[Any]]] = {
    "token": lambda value: [code for _, code in codings(value) if code],
    "reference": lambda value: [value["reference"]],
    "string": lambda value: [plain(value)],
    "date": lambda value: [own_range(value)[0]],
}
