"""What does an address stand for, and which methods does it take?

Found by dictionary, from the catalogue and the operations' own declarations; nothing is routed
that is not declared.

Source: FHIR R4 sections 3.1.0 (RESTful API) and 3.2.0 (operations).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from fhir_gateway.api.answers import Answer
from fhir_gateway.api.requests import Request
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import ID
from fhir_gateway.fhir.catalogue import CATALOGUE, ResourceType
from fhir_gateway.fhir.compartments import PATIENT
from fhir_gateway.fhir.operations import EVERY_TYPE, OperationSpec
from fhir_gateway.fhir.spec import resource_types
from fhir_gateway.usecases.operations import Operation

#: Answers a request to a place.
Handler = Callable[[Service, Request, "Place"], Awaitable[Answer]]
Methods = Mapping[str, Handler]

_TYPE, _INSTANCE, _SEARCH, _HISTORY, _VERSION = "type", "instance", "_search", "history", "version"
_TYPE_HISTORY = "type-history"

#: Address -> method -> who answers: an R4 interaction, at the address of a type a conditional one.
_INTERACTION: dict[str, dict[str, str]] = {
    _TYPE: {
        "GET": "search-type",
        "POST": "create",
        "PUT": "conditional-update",
        "PATCH": "conditional-patch",
        "DELETE": "conditional-delete",
    },
    _SEARCH: {"GET": "search-type", "POST": "search-type"},
    _INSTANCE: {"GET": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete"},
    _HISTORY: {"GET": "history-instance"},
    _TYPE_HISTORY: {"GET": "history-type"},
    _VERSION: {"GET": "vread"},
}


@dataclass(frozen=True, slots=True)
class Place:
    """What an address stands for.

    Args:
        methods: Which take it, with what each does.
        type: Resource type; empty at system level.
        id: Of the resource, unchecked; empty above instance level.
        version: Of the resource, unchecked.
        patient: Id of the Patient in whose compartment it is.
        is_fhir: Whether it answers in a format of FHIR, which the client has to take.
        csv: Whether it answers as CSV as well.
    """

    methods: Methods
    type: str = ""
    id: str = ""
    version: str = ""
    patient: str = ""
    is_fhir: bool = True
    csv: bool = False

    @property
    def allow(self) -> tuple[str, ...]:
        """The methods, as the Allow header lists them."""
        head = ("HEAD",) if "GET" in self.methods else ()
        return tuple(dict.fromkeys((*self.methods, *head, "OPTIONS")))


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who answers which interaction.

    Args:
        interactions: By R4 interaction code, with `conditional-` before it at the address of a
            type; `search-type` by GET.
        search_by_form: `search-type` by POST.
        history: What has changed in all types.
        operation: Makes who answers an operation.
        metadata: The CapabilityStatement.
        definition: One of our own definitions.
        definitions: Our own definitions of a type, searched.
        export: A bulk export, by method.
        export_file: A file of it.
        system: What is not served at the base address itself, by method.
    """

    interactions: Mapping[str, Handler]
    search_by_form: Handler
    history: Handler
    operation: Callable[[Operation], Handler]
    metadata: Handler
    definition: Handler
    definitions: Handler
    export: Methods
    export_file: Handler
    system: Methods


class Router:
    """The addresses of one tenant; the same for all.

    Args:
        handlers: Who answers.
        operations: All that are served.
        definitions: Types of which only our own definitions are served.
        types: The served types by name.
    """

    def __init__(
        self,
        handlers: Handlers,
        operations: Iterable[Operation],
        definitions: Iterable[str],
        types: Mapping[str, ResourceType] = CATALOGUE,
    ) -> None:
        self._types = {name: _offered(handlers, served) for name, served in types.items()}
        self._metadata = Place({"GET": handlers.metadata})
        self._system = Place(handlers.system)
        self._export = handlers.export
        self._export_file: Methods = {"GET": handlers.export_file}
        self._history = Place({"GET": handlers.history})
        self._definitions = frozenset(definitions)
        self._definition: Methods = {"GET": handlers.definition}
        self._search_definitions: Methods = {"GET": handlers.definitions}
        self._operations: dict[tuple[str, str], dict[str, Methods]] = {}
        self._as_csv: set[str] = set()
        for each in operations:
            self._add(each.spec, handlers.operation(each))

    def _add(self, spec: OperationSpec, handler: Handler) -> None:
        by_get = spec.get_allowed and not spec.affects_state
        methods: Methods = ({"GET": handler} if by_get else {}) | {"POST": handler}
        for level in spec.levels:
            key = ("" if level == "system" else spec.resource or "", level)
            self._operations.setdefault(key, {})[spec.code] = methods
        if spec.csv:
            self._as_csv.add(spec.code)

    def find(self, path: str) -> Place:
        """What a path below the base address stands for.

        Args:
            path: Percent-decoded, without slash at either end; empty for the base itself.

        Raises:
            GatewayError: not-found, or unsupported for what R4 knows and we do not serve.
        """
        steps = path.split("/")
        first, count = steps[0], len(steps)
        offered = self._types.get(first)
        if offered is None:
            return self._elsewhere(steps)
        if count == 1:
            return Place(offered[_TYPE], first)
        second = steps[1]
        if count == 2:
            if second[:1] not in ("$", "_"):
                return Place(offered[_INSTANCE], first, second)
            return self._special(offered, first, second)
        if count == 3 and steps[2][:1] == "$":
            return self._invoked(first, "instance", steps[2][1:], second)
        if count == 3 and steps[2] == "_history":
            return Place(offered[_HISTORY], first, second)
        if count == 4 and steps[2] == "_history":
            return Place(offered[_VERSION], first, second, steps[3])
        if count == 3 or (count == 4 and steps[3] == "_search"):
            return self._compartment(steps)
        return _nothing(path)

    def _compartment(self, steps: list[str]) -> Place:
        """What belongs to a patient, of one type. R4 section 3.1.1.2 (compartments)."""
        kind, id_, inside = steps[:3]
        if inside not in CATALOGUE:
            _nothing("/".join(steps))
        if kind != "Patient" or inside not in PATIENT:
            text = f"{kind} has no compartment with {inside} in it; search {inside} by a parameter"
            raise fail(Category.UNSUPPORTED, text)
        if not ID.fullmatch(id_):
            raise fail(Category.NOT_FOUND, f"There is no {kind}/{id_[:64]}")
        by_form = self._types[inside][_SEARCH]
        methods = by_form if len(steps) == 4 else {"GET": self._types[inside][_TYPE]["GET"]}
        return Place(methods, inside, patient=id_)

    def _special(self, offered: Mapping[str, Methods], kind: str, step: str) -> Place:
        if step == "_search":
            return Place(offered[_SEARCH], kind)
        if step[:1] == "$":
            return self._invoked(kind, "type", step[1:])
        if step == "_history":
            return Place(offered[_TYPE_HISTORY], kind)
        return _nothing(f"{kind}/{step}")

    def _invoked(self, kind: str, level: str, code: str, id_: str = "") -> Place:
        everywhere = self._operations.get((EVERY_TYPE, level), {}) if kind else {}
        served = everywhere | self._operations.get((kind, level), {})
        if code in served:
            return Place(served[code], kind, id_, csv=code in self._as_csv)
        where = f"{kind} at {level} level" if kind else "the base address"
        listed = ", ".join(f"${each}" for each in sorted(served)) or "none"
        text = f"There is no operation ${code[:60]} on {where}. Served there: {listed}"
        raise fail(Category.NOT_FOUND, text, code="not-supported")

    def _elsewhere(self, steps: list[str]) -> Place:
        first, count = steps[0], len(steps)
        if count == 1:
            if first == "metadata":
                return self._metadata
            if not first:
                return self._system
            if first[0] == "$":
                return self._invoked("", "system", first[1:])
            if first == "_history":
                return self._history
            if first == "_search":
                text = "A search over all types is not offered; name a type"
                raise fail(Category.UNSUPPORTED, text)
        if first in self._definitions:
            if count == 1:
                return Place(self._search_definitions, first)
            if count == 2:
                return Place(self._definition, first, steps[1])
            text = f"Of {first} only {first} and {first}/id of our own are served"
            raise fail(Category.UNSUPPORTED, text)
        if first == "_export" and count == 2:
            return Place(self._export, id=steps[1], is_fhir=False)
        if first == "_export" and count == 3:
            return Place(self._export_file, steps[2], steps[1], is_fhir=False)
        return self._no_type(first)

    def _no_type(self, name: str) -> NoReturn:
        what = "is not served here" if name in resource_types() else "is no resource type of R4"
        listed = ", ".join(sorted({*self._types, *self._definitions}))
        text = f"'{name[:60]}' {what}. Served are: {listed}"
        raise fail(Category.NOT_FOUND, text, code="not-supported")


def _offered(handlers: Handlers, served: ResourceType) -> dict[str, Methods]:
    offered: dict[str, Methods] = {
        address: {
            method: handlers.interactions[code]
            for method, code in methods.items()
            if code.removeprefix("conditional-") in served.interactions
        }
        for address, methods in _INTERACTION.items()
    }
    if "search-type" in served.interactions:
        offered[_SEARCH] = dict(offered[_SEARCH]) | {"POST": handlers.search_by_form}
    return offered


def _nothing(path: str) -> NoReturn:
    raise fail(Category.NOT_FOUND, f"There is nothing at '{path[:100]}'")
