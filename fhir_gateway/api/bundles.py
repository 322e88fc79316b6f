"""How are many requests in one Bundle answered over HTTP?

A batch asks the door for each entry as if it had come alone; a transaction is carried out as one.

Source: FHIR R4 section 3.1.0.11 (batch/transaction).
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from fhir_gateway.api.answers import FHIR_JSON, Answer
from fhir_gateway.api.bundle_entries import bundled, step_of
from fhir_gateway.api.errors import failure
from fhir_gateway.api.interactions import deleted, shown, written
from fhir_gateway.api.requests import Request
from fhir_gateway.api.routing import Place
from fhir_gateway.api.searches import page_of
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.time import format_instant
from fhir_gateway.fhir.bundle_references import leads_to_entry_only, pointers
from fhir_gateway.fhir.bundle_requests import BundleRequest, located, read_requests
from fhir_gateway.fhir.bundles import ResponseEntry, responses
from fhir_gateway.fhir.json import dump
from fhir_gateway.usecases.transaction import Done
from fhir_gateway.usecases.transaction_step import Step

#: Answers a request whatever happens; the second argument is its query.
Ask = Callable[[Request, bytes], Awaitable[Answer]]


class Bundles:
    """Answers what is posted to the base address.

    Args:
        ask: Answers a single request.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def __call__(self, service: Service, request: Request, _: Place) -> Answer:
        """Carry out a batch or transaction."""
        kind, entries = read_requests(await request.bundle(), base=request.base)
        if kind == "batch":
            body = responses("batch-response", await self._batch(request, entries))
        else:
            done = await _transaction(service, request, entries)
            body = responses("transaction-response", done)
        return Answer(HTTPStatus.OK, body)

    async def _batch(self, request: Request, entries: list[BundleRequest]) -> list[ResponseEntry]:
        names = {each.full_url for each in entries}
        return [_response(each, await self._one(request, each, names)) for each in entries]

    async def _one(self, request: Request, entry: BundleRequest, names: set[str | None]) -> Answer:
        if not entry.path and entry.method == "POST":
            return failure(fail(Category.INVALID, "A Bundle in a Bundle is not carried out"))
        for each in pointers(entry.resource, ""):
            if leads_to_entry_only(each.text) and each.text in names:
                text = "The entries of a batch cannot point to each other; send a transaction"
                return failure(fail(Category.UNPROCESSABLE, text))
        try:
            alone = bundled(request, entry)
        except GatewayError as error:
            return failure(error)
        return await self._ask(alone, entry.query.encode())


async def _transaction(
    service: Service, request: Request, entries: list[BundleRequest]
) -> list[ResponseEntry]:
    asked: list[Request] = []
    steps: list[Step] = []
    for each in entries:
        try:
            alone = bundled(request, each)
            alone.take_query(each.query.encode())
            steps.append(step_of(alone, each))
        except GatewayError as error:
            raise located(error, each.index) from error
        asked.append(alone)
    done = await service.use_cases.transact(
        service.deps, request.tenant.id, steps, base=request.base
    )
    return [
        _response(entry, _answer(*each))
        for entry, each in zip(entries, zip(asked, steps, done, strict=True), strict=True)
    ]


def _answer(request: Request, step: Step, done: Done) -> Answer:
    """The answer that a step would have had as a request of its own."""
    if step.method == "DELETE":
        what = f"{step.type}/{step.id}" if step.id else f"What was selected of {step.type}"
        return deleted(request, what, done.version)
    if done.page is not None and step.condition is not None:
        return page_of(request, step.condition, done.page)
    if done.stored is None:
        seen = done.version
        if seen is None or seen.content is None:
            raise RuntimeError("a step was not carried out")
        return shown(request, seen, seen.content)
    if step.method == "GET":
        return shown(request, done.stored, done.stored.content)
    by_post = step.method == "POST"
    return written(request, done.stored, created=done.created, by_post=by_post)


def _response(entry: BundleRequest, answer: Answer) -> ResponseEntry:
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    body = _resource(answer) if entry.method != "HEAD" and answer.body else None
    location = headers.get("location") or headers.get("content-location")
    return ResponseEntry(
        status=f"{answer.status.value} {answer.status.phrase}",
        content=None if _is_outcome(answer) else body,
        outcome=body if _is_outcome(answer) else None,
        full_url=location.partition("/_history/")[0] if location and body else None,
        location=location,
        etag=headers.get("etag"),
        last_modified=_instant(headers.get("last-modified")),
    )


def _resource(answer: Answer) -> bytes:
    """What is no resource comes as a Binary. FHIR R4 Binary."""
    if answer.media == FHIR_JSON:
        return answer.body
    data = b64encode(answer.body).decode()
    media = answer.media.decode().partition(";")[0]
    return dump({"resourceType": "Binary", "contentType": media, "data": data})


def _is_outcome(answer: Answer) -> bool:
    return answer.body.startswith(b'{"resourceType":"OperationOutcome"')


def _instant(http_date: str | None) -> str | None:
    return None if http_date is None else format_instant(parsedate_to_datetime(http_date))
