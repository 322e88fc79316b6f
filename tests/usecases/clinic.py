"""A clinic at work: everything goes in and out through the use cases, on a real database."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.core.clock import FixedClock
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.core.time import parse_instant
from fhir_gateway.fhir import json, parameters
from fhir_gateway.storage import engagements, slot_statuses
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.slot_statuses import SlotState
from fhir_gateway.usecases import react, read, write
from fhir_gateway.usecases.deps import Deps, Policy
from fhir_gateway.usecases.operations import OPERATIONS, Call
from tests.usecases.builders import (
    Resource,
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
)

TENANT = 1
BASE = "http://clinic.example/fhir"
_OPERATIONS = {each.spec.code: each for each in OPERATIONS}


@dataclass(frozen=True, slots=True)
class Clinic:
    """What a client sees, and a look behind the counter."""

    deps: Deps

    def under(self, **policy: Any) -> "Clinic":
        """The same clinic with other decisions."""
        return Clinic(replace(self.deps, policy=Policy(**policy)))

    def seen(self, moment: str, zone: str = "UTC") -> "Clinic":
        """The same clinic at a moment of the calendar, in another zone."""
        tenant = replace(self.deps.tenants[TENANT], zone=ZoneInfo(zone))
        clock = FixedClock(parse_instant(moment))
        return Clinic(replace(self.deps, clock=clock, tenants={TENANT: tenant}))

    async def put(self, *resources: Resource, if_match: int | None = None) -> Resource:
        """Create or replace each under its own id; the last as it is now."""
        for each in resources:
            ref = Ref(each["resourceType"], each["id"])
            updated = await write.update(self.deps, TENANT, ref, dict(each), if_match=if_match)
        return updated.stored.resource()

    async def post(self, resource: Resource) -> Resource:
        return (await write.create(self.deps, TENANT, dict(resource))).resource()

    async def delete(self, reference: str, *, if_match: int | None = None) -> None:
        await write.delete(self.deps, TENANT, _ref(reference), if_match=if_match)

    async def get(self, reference: str) -> Resource:
        return (await read.read(self.deps, TENANT, _ref(reference))).resource()

    async def change(self, reference: str, **elements: Any) -> Resource:
        """Replace some elements of what is stored; None removes one."""
        changed = await self.get(reference) | elements
        return await self.put({name: each for name, each in changed.items() if each is not None})

    async def cancel(self, reference: str) -> Resource:
        return await self.change(reference, status="cancelled")

    async def status(self, *references: str) -> list[str]:
        return [str((await self.get(each))["status"]) for each in references]

    async def all(self, type_name: str, **having: str) -> list[Resource]:
        """Every resource of a type with these primitive elements, the oldest first."""
        async with self.deps.database.transaction(TENANT) as tx:
            rows = await tx.rows(
                "SELECT content FROM history h WHERE tenant = 1 AND type = %s AND version ="
                " (SELECT max(version) FROM history n WHERE n.tenant = 1 AND n.type = h.type"
                " AND n.id = h.id) AND content IS NOT NULL ORDER BY (SELECT min(last_updated)"
                " FROM history o WHERE o.tenant = 1 AND o.type = h.type AND o.id = h.id), id",
                (type_name,),
            )
        found = [json.parse(row[0]) for row in rows]
        return [each for each in found if having.items() <= each.items()]

    async def held(self, appointment: str) -> list[Engagement]:
        """What an Appointment holds, by actor."""
        async with self.deps.database.transaction(TENANT) as tx:
            return await engagements.of_appointment(tx, appointment)

    async def wrong_slots(self) -> list[SlotState]:
        """Slots that say something else than what is held (decision 9)."""
        async with self.deps.database.transaction(TENANT) as tx:
            return await slot_statuses.wrong_slots(tx)

    async def sql(self, statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Look at rows, as the application."""
        async with self.deps.database.transaction(TENANT) as tx:
            return [tuple(each) for each in await tx.rows(statement, params)]

    async def work(self) -> None:
        """Let the workers do everything that is due, and what follows from that."""
        while await react.due(self.deps):
            pass
        assert await self.sql("SELECT error FROM outbox WHERE error IS NOT NULL") == []

    async def work_beside(self) -> Resource:
        """The same while clients are at it."""
        await self.work()
        return {}

    async def time_is_up(self, offer: Resource) -> None:
        """Let the time to answer an offer be over, and the Task's hold with it."""
        for statement, params in (
            ("UPDATE timer SET due = clock_timestamp() WHERE subject = %s", [offer["id"]]),
            ("UPDATE busy SET expires_at = clock_timestamp() WHERE expires_at IS NOT NULL", []),
        ):
            # Each by itself: together they would wait for an answer that waits for them.
            async with self.deps.database.transaction(TENANT) as tx:
                await tx.execute(statement, params)

    async def call(self, code: str, *pairs: tuple[str, str]) -> Resource:
        """Invoke an operation of Appointment by GET."""
        return await self.call_with(code, None, *pairs)

    async def call_with(
        self, code: str, body: Resource | None, *pairs: tuple[str, str]
    ) -> Resource:
        """The same with a body."""
        operation = _OPERATIONS[code]
        values = parameters.read(operation.spec, body, pairs)
        call = Call(None, values, BASE, f"{BASE}/Appointment/${code}")
        return json.parse(await operation.run(self.deps, TENANT, call))

    async def settle(self, *patients: str, starts: Sequence[str] = ("09:00", "09:30")) -> None:
        """Practitioner/p1 with Schedule/s1, Slots of half an hour, and patients."""
        await self.put(a_practitioner(), a_schedule())
        await self.put(*(a_slot(start) for start in starts))
        await self.put(*(a_patient(each) for each in patients or ("ann", "bob", "cem", "dan")))

    async def book(self, start: str = "09:00", patient: str = "ann", **elements: Any) -> Resource:
        """Book a Slot of s1 for a patient."""
        return await self.post(an_appointment(start, patient=patient, **elements))


async def refusal(attempt: Awaitable[object]) -> GatewayError:
    """The failure that something ends in."""
    with pytest.raises(GatewayError) as raised:
        await attempt
    return raised.value


async def refused_with(attempt: Awaitable[object]) -> tuple[Category, str | None]:
    """Category and reason of the failure that something ends in."""
    error = await refusal(attempt)
    return error.category, only_issue(error).details


def only_issue(error: GatewayError) -> Issue:
    (issue,) = error.issues
    return issue


def _ref(reference: str) -> Ref:
    ref = relative(reference)
    assert ref is not None
    return ref
