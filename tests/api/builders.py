"""A door with a shelf behind it instead of a database, and somebody who knocks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
from starlette.types import ASGIApp

from fhir_gateway.api.app import make_app
from fhir_gateway.api.use_cases import UseCases
from fhir_gateway.core.clock import FixedClock
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.ids import CountedIds
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.patch import Patch
from fhir_gateway.fhir.search_query import SearchQuery
from fhir_gateway.storage.tenants import Tenant
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations import Call, Operation
from fhir_gateway.usecases.read import Change, Page, Stored, Version
from fhir_gateway.usecases.write import Updated

NOW = datetime(2026, 3, 2, 9, 30, 15, 250_000, tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
BASE = "http://clinic.example/fhir"
TENANTS = {
    1: Tenant(1, "default", "Default", ZoneInfo("Asia/Riyadh")),
    2: Tenant(2, "north", "North", ZoneInfo("Europe/London")),
}
FHIR_JSON = {"content-type": "application/fhir+json"}


def a_slot(id_: str = "s1", **elements: Any) -> dict[str, Any]:
    slot = {
        "resourceType": "Slot",
        "id": id_,
        "schedule": {"reference": "Schedule/d1"},
        "status": "free",
        "start": "2026-03-03T09:00:00Z",
        "end": "2026-03-03T09:30:00Z",
    }
    return slot | elements


def a_version(resource: dict[str, Any], number: int = 1, method: str = "PUT") -> Version:
    stamped = {"resourceType": resource["resourceType"], "id": resource["id"]}
    stamped |= {"meta": {"versionId": str(number)}} | resource
    content = orjson.dumps(stamped)
    return Version(resource["resourceType"], resource["id"], number, NOW, method, content)


@dataclass
class Shelf:
    """Keeps what is written to it, and what it was asked."""

    versions: dict[tuple[int, Ref], list[Version]] = field(default_factory=dict)
    found: Page = field(default_factory=lambda: Page([], [], 0, None))
    asked: list[Any] = field(default_factory=list)

    def put(self, resource: dict[str, Any], tenant: int = 1, method: str = "PUT") -> Stored:
        shelf = self.versions.setdefault((tenant, _ref(resource)), [])
        shelf.append(a_version(resource, len(shelf) + 1, method))
        return stored(shelf[-1])

    async def read(self, _: Deps, tenant: int, ref: Ref) -> Stored:
        if (tenant, ref) not in self.versions:
            raise fail(Category.NOT_FOUND, f"There is no {ref}")
        return stored(self.versions[tenant, ref][-1])

    async def vread(self, _: Deps, tenant: int, ref: Ref, version: int) -> Version:
        await self.read(_, tenant, ref)
        if version > len(self.versions[tenant, ref]):
            raise fail(Category.NOT_FOUND, f"There is no version {version}")
        return self.versions[tenant, ref][version - 1]

    async def history(
        self, _: Deps, tenant: int, ref: Ref, *, before: int | None, after: int | None, limit: int
    ) -> list[Version]:
        await self.read(_, tenant, ref)
        newest_first = self.versions[tenant, ref][::-1]
        if after is not None:
            return [each for each in newest_first if each.version > after][-limit:]
        return [each for each in newest_first if each.version < (before or 999)][:limit]

    async def changes(
        self,
        _: Deps,
        tenant: int,
        type_name: str | None,
        *,
        since: datetime | None,
        after: Change | None,
        back: bool,
        limit: int,
    ) -> list[Version]:
        everything = sorted(
            (version for (owner, _), each in self.versions.items() if owner == tenant
             for version in each if type_name in (None, version.type)),
            key=_order, reverse=True,
        )  # fmt: skip
        place = (after.at, after.type, after.id) if after else (LATEST, "", "")
        recent = [each for each in everything if each.last_updated >= (since or NOW)]
        if back:
            return [each for each in recent if _order(each) > place][-limit:]
        return [each for each in recent if _order(each) < place][:limit]

    async def search(self, _: Deps, __: int, query: SearchQuery) -> Page:
        self.asked.append(query)
        return self.found

    async def create(self, _: Deps, tenant: int, resource: dict[str, Any]) -> Stored:
        self.asked.append(dict(resource))
        return self.put(resource | {"id": "new-1"}, tenant, "POST")

    async def update(
        self,
        _: Deps,
        tenant: int,
        ref: Ref,
        resource: dict[str, Any],
        *,
        if_match: int | None,
        only_new: bool,
    ) -> Updated:
        self.asked.append((ref, if_match))
        created = (tenant, ref) not in self.versions
        if only_new and not created:
            raise fail(Category.PRECONDITION_FAILED, f"{ref} is there")
        return Updated(self.put(resource, tenant), created)

    async def patch(
        self, _: Deps, tenant: int, ref: Ref, change: Patch, *, if_match: int | None
    ) -> Stored:
        self.asked.append((ref, change, if_match))
        return await self.read(_, tenant, ref)

    async def create_where(
        self, _: Deps, tenant: int, resource: dict[str, Any], condition: SearchQuery
    ) -> Updated:
        self.asked.append(condition)
        return Updated(await self.create(_, tenant, resource), created=True)

    async def update_where(
        self,
        _: Deps,
        tenant: int,
        resource: dict[str, Any],
        condition: SearchQuery,
        **preconditions: Any,
    ) -> Updated:
        self.asked.append((condition, preconditions))
        return Updated(self.put({"id": "new-1"} | resource, tenant), created=True)

    async def patch_where(
        self,
        _: Deps,
        tenant: int,
        change: Patch,
        condition: SearchQuery,
        *,
        if_match: int | None,
    ) -> Stored:
        self.asked.append((condition, change, if_match))
        raise fail(Category.NOT_FOUND, "Nothing is found")

    async def delete_where(
        self, _: Deps, tenant: int, condition: SearchQuery, *, if_match: int | None
    ) -> Version | None:
        self.asked.append((condition, if_match))
        return None

    async def delete(
        self, _: Deps, tenant: int, ref: Ref, *, if_match: int | None
    ) -> Version | None:
        self.asked.append((ref, if_match))
        shelf = self.versions.get((tenant, ref), [])
        return next((replace(each, version=each.version + 1) for each in shelf[-1:]), None)

    def use_cases(self, *operations: Operation) -> UseCases:
        return UseCases(
            read=self.read,
            vread=self.vread,
            history=self.history,
            changes=self.changes,
            search=self.search,
            create=self.create,
            create_where=self.create_where,
            update=self.update,
            update_where=self.update_where,
            patch=self.patch,
            patch_where=self.patch_where,
            delete=self.delete,
            delete_where=self.delete_where,
            operations=operations,
        )


def _order(version: Version) -> tuple[datetime, str, str]:
    return version.last_updated, version.type, version.id


def _ref(resource: dict[str, Any]) -> Ref:
    return Ref(resource["resourceType"], resource["id"])


def stored(version: Version) -> Stored:
    content = version.content or b""
    return Stored(version.type, version.id, version.version, version.last_updated, content)


def an_operation(
    code: str = "count", *, affects_state: bool = False, get_allowed: bool = True
) -> Operation:
    """Answers with a Parameters resource that repeats how it was called."""

    async def run(_: Deps, tenant: int, call: Call) -> bytes:
        said = f"{tenant} {call.ref} {dict(call.values)} {call.address}"
        value = {"name": "called", "valueString": said}
        return orjson.dumps({"resourceType": "Parameters", "parameter": [value]})

    spec = OperationSpec(
        code=code,
        resource="Slot",
        levels=frozenset({"type", "instance"}),
        affects_state=affects_state,
        title="Count",
        doc="Counts.",
        source="test",
        parameters=(OperationParameter("limit", "in", 0, 1, "integer", "How many."),),
        get_allowed=get_allowed,
    )
    return Operation(spec, run)


@dataclass
class Log:
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, action: str, **ids: Any) -> None:
        self.lines.append({"action": action} | ids)


def deps_without_database(log: Log | None = None) -> Deps:
    return Deps(
        database=None,  # type: ignore[arg-type]
        worker_role="",
        clock=FixedClock(NOW),
        ids=CountedIds(),
        tenants=TENANTS,
        signing_key=b"k" * 32,
        log=log or Log(),
    )


async def always_ready() -> bool:
    return True


def an_app(
    shelf: Shelf | None = None,
    *operations: Operation,
    log: Log | None = None,
    use_cases: UseCases | None = None,
    **options: Any,
) -> ASGIApp:
    chosen = use_cases or (shelf or Shelf()).use_cases(*operations)
    settings: dict[str, Any] = {"ready": always_ready, "software_version": "1.2.3"} | options
    return make_app(deps_without_database(log), use_cases=chosen, **settings)


async def ask(
    app: ASGIApp,
    path: str,
    method: str = "GET",
    *,
    json: Any = None,
    headers: dict[str, str] | Sequence[tuple[str, str]] = (),
    content: bytes | None = None,
    origin: str = "http://clinic.example",
) -> httpx.Response:
    """Send one request; a JSON body is sent as FHIR JSON unless the headers say otherwise."""
    told = list(headers.items() if isinstance(headers, dict) else headers)
    if json is not None:
        content = orjson.dumps(json)
        told = [*FHIR_JSON.items(), *told] if "content-type" not in dict(told) else told
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=origin) as client:
        return await client.request(method, path, headers=told, content=content)


def issue_of(response: httpx.Response) -> dict[str, Any]:
    """The only issue of an OperationOutcome."""
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"
    (issue,) = outcome["issue"]
    assert isinstance(issue, dict)
    return issue


def raising(error: Exception) -> UseCases:
    """A floor below that cannot read."""

    async def read(_: Deps, __: int, ___: Ref) -> Stored:
        raise error

    return UseCases(read=read, operations=())
