"""How does a client take all records with it? FHIR Bulk Data Access 2.0."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.storage import exports
from fhir_gateway.storage.exports import ExportJob
from fhir_gateway.usecases import read
from fhir_gateway.usecases.deps import Deps

#: How long an export can be fetched.
KEPT = timedelta(hours=24)
#: Resources that are read in one transaction.
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export offers.

    Attributes:
        job: The export.
        types: Those of its types of which there is something.
        expires: Until when it can be fetched; aware.
    """

    job: ExportJob
    types: tuple[str, ...]
    expires: datetime


async def start(deps: Deps, tenant: int, job: ExportJob) -> None:
    """Begin an export; those that are too old end.

    Raises:
        GatewayError: not-found or gone, where there is no such Group.
    """
    await _patients(deps, tenant, job)
    async with deps.database.transaction(tenant) as tx:
        await exports.forget_before(tx, job.created_at - KEPT)
        await exports.keep(tx, job)


async def manifest(deps: Deps, tenant: int, job_id: str) -> Manifest:
    """What an export offers now.

    Raises:
        GatewayError: not-found, where there is none of that id, or not any more.
    """
    job = await _job(deps, tenant, job_id)
    patients = await _patients(deps, tenant, job)
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        types = [
            name
            for name in job.types
            if await exports.contents(tx, job, name, patients=patients, after="", limit=1)
        ]
    return Manifest(job, tuple(types), job.created_at + KEPT)


async def cancel(deps: Deps, tenant: int, job_id: str) -> None:
    """End an export.

    Raises:
        GatewayError: not-found, where there is none of that id.
    """
    async with deps.database.transaction(tenant) as tx:
        if not await exports.forget(tx, job_id):
            raise _none(job_id)


async def lines(deps: Deps, tenant: int, job_id: str, type_name: str) -> AsyncIterator[bytes]:
    """The resources of one type as NDJSON, in pieces of many lines.

    Raises:
        GatewayError: not-found, at once, where the export or its file is not there.
    """
    job = await _job(deps, tenant, job_id)
    if type_name not in job.types:
        raise fail(Category.NOT_FOUND, f"This export has no {type_name[:60]}")
    return _pieces(deps, tenant, job, type_name)


async def _pieces(deps: Deps, tenant: int, job: ExportJob, type_name: str) -> AsyncIterator[bytes]:
    patients = await _patients(deps, tenant, job)
    after = ""
    while True:
        # A transaction of its own, so that a slow reader holds no connection.
        async with deps.database.transaction(tenant) as tx:
            found = await exports.contents(
                tx, job, type_name, patients=patients, after=after, limit=_PAGE
            )
        if not found:
            return
        yield b"".join(content + b"\n" for _, content in found)
        after = found[-1][0]


async def _job(deps: Deps, tenant: int, job_id: str) -> ExportJob:
    async with deps.database.transaction(tenant) as tx:
        job = await exports.read(tx, job_id)
    if job is None or job.created_at + KEPT < deps.clock.now():
        raise _none(job_id)
    return job


def _none(job_id: str) -> Exception:
    return fail(Category.NOT_FOUND, f"There is no export '{job_id[:64]}', or not any more")


async def _patients(deps: Deps, tenant: int, job: ExportJob) -> tuple[str, ...] | None:
    """The Patients who are in the Group of an export; None for one without a Group."""
    if job.group_id is None:
        return None
    group = (await read.read(deps, tenant, Ref("Group", job.group_id))).resource()
    found = [
        ref.id
        for each in group.get("member", ())
        if (ref := reference_of(each.get("entity"))) and ref.type == "Patient"
        if not each.get("inactive")
    ]
    return tuple(dict.fromkeys(found))
