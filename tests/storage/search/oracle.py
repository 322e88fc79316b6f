"""What should a search find? Slowly, in plain sight, straight from the resources.

Knows nothing of index entries, columns or SQL. FHIR R4 section 3.1.1; where that leaves a choice,
decision 11 of the records.
"""

from functools import cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

from tests.storage.search.oracle_parameters import PARAMETERS, Resource
from tests.storage.search.oracle_values import cut, fits, sort_values, target

#: Elements that stand once; where they have several codings, they are sorted by the first.
BY_FIRST = ("code", "appointment-type", "business-status")
#: So many times are references followed.
DEPTH = 5


class Oracle:
    """Answers searches in a world of resources.

    Args:
        resources: With `meta.lastUpdated`.
        zone: Of dates without offset.
    """

    def __init__(self, resources: list[Resource], zone: ZoneInfo) -> None:
        self._world = {name_of(each): each for each in resources}
        self._zone = zone
        # Asked again and again in a large world.
        self._held: dict[tuple[str, str, str], bool] = {}
        self._pointing: dict[tuple[str, str], dict[str, list[Resource]]] = {}

    def found(
        self, type_name: str, criteria: list[tuple[str, str]], sort: list[str]
    ) -> list[Resource]:
        """The resources of a type that fulfil all criteria, in order."""
        all_ = [each for each in self._world.values() if each["resourceType"] == type_name]
        hits = [each for each in all_ if all(self._holds(each, *pair) for pair in criteria)]

        def order(one: Resource, other: Resource) -> int:
            return self._compare(one, other, sort)

        return sorted(hits, key=cmp_to_key(order))

    def beside(self, matches: list[Resource], asked: list[tuple[str, str]]) -> set[str]:
        """What travels with these hits: `Type/id`.

        Args:
            matches: Of one page.
            asked: Pairs of `_include` and `_revinclude`, with or without `:iterate`.
        """
        seen = {name_of(each) for each in matches}
        newest, following = seen, asked
        for _ in range(DEPTH):
            steps = [self._step(self._world[name], *pair) for name in newest for pair in following]
            newest = {name for step in steps for name in step} - seen
            seen = seen | newest
            following = [(key, text) for key, text in asked if key.endswith(":iterate")]
        return seen - {name_of(each) for each in matches}

    def _step(self, resource: Resource, key: str, text: str) -> list[str]:
        type_name = resource["resourceType"]
        source, name, kind = (*(text if text != "*" else f"{type_name}:*").split(":"), "")[:3]
        names = [
            each
            for each, parameter in PARAMETERS[source].items()
            if parameter.kind == "reference" and name in (each, "*")
        ]
        if key.startswith("_revinclude"):
            pointing = [self._pointing_to(source, each, name_of(resource)) for each in names]
            return [name_of(x) for found in pointing for x in found if kind in ("", type_name)]
        if source != type_name:
            return []
        targets = [x for each in names for x in self._targets(resource, each)]
        return [name_of(x) for x in targets if kind in ("", x["resourceType"])]

    def _holds(self, resource: Resource, key: str, text: str) -> bool:
        question = (name_of(resource), key, text)
        if question not in self._held:
            self._held[question] = self._fulfils(resource, key, text)
        return self._held[question]

    def _fulfils(self, resource: Resource, key: str, text: str) -> bool:
        if key.startswith("_has:"):
            _, source, name, rest = key.split(":", 3)
            pointing = self._pointing_to(source, name, name_of(resource))
            return any(self._holds(each, rest, text) for each in pointing)
        link, dot, rest = key.partition(".")
        name, _, modifier = link.partition(":")
        if dot:
            targets = self._targets(resource, name)
            return any(
                self._holds(each, rest, text)
                for each in targets
                if modifier in ("", each["resourceType"])
            )
        return self._fits(resource, name, modifier, text)

    def _fits(self, resource: Resource, name: str, modifier: str, text: str) -> bool:
        kind, read, _ = PARAMETERS[resource["resourceType"]][name]
        values = read(resource)
        if modifier == "missing":
            return bool(values) != (text == "true")
        alternatives = cut(text, ",")
        hit = any(
            fits(kind, value, asked, modifier, self._zone)
            for value in values
            for asked in alternatives
        )
        return hit != (modifier == "not")

    def _targets(self, resource: Resource, name: str) -> list[Resource]:
        values = PARAMETERS[resource["resourceType"]][name].read(resource)
        names = [target(value) for value in values]
        return [self._world[each] for each in names if each in self._world]

    def _pointing_to(self, source: str, name: str, wanted: str) -> list[Resource]:
        if (source, name) not in self._pointing:
            pointing: dict[str, list[Resource]] = {}
            for each in self._world.values():
                if each["resourceType"] == source:
                    for aim in self._targets(each, name):
                        pointing.setdefault(name_of(aim), []).append(each)
            self._pointing[source, name] = pointing
        return self._pointing[source, name].get(wanted, [])

    def _compare(self, one: Resource, other: Resource, sort: list[str]) -> int:
        for key in sort:
            descending, name = key.startswith("-"), key.removeprefix("-")
            a, b = (self._sort_value(each, name, descending) for each in (one, other))
            if a == b:
                continue
            if a is None or b is None:
                return 1 if a is None else -1
            return -1 if (a < b) != descending else 1
        return -1 if one["id"] < other["id"] else 1

    def _sort_value(self, resource: Resource, name: str, descending: bool) -> Any:
        kind, read, _ = PARAMETERS[resource["resourceType"]][name]
        values = [text for value in read(resource) for text in sort_values(kind, value, self._zone)]
        if name in BY_FIRST:
            return next(iter(values), None)
        return (max if descending else min)(values, default=None)


def name_of(resource: Resource) -> str:
    """`Type/id`."""
    return f"{resource['resourceType']}/{resource['id']}"
