"""What do the entries of a batch or transaction ask for?

FHIR R4 section 3.1.0.11 (batch/transaction), Bundle.
"""

from dataclasses import dataclass
from typing import Any, Literal

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import to_relative
from fhir_gateway.fhir.validation import validate

Resource = dict[str, Any]
BundleKind = Literal["batch", "transaction"]

MAX_ENTRIES = 1000
#: Stands for the resource of an entry where the Bundle around it is checked.
_ANY: Resource = {"resourceType": "Parameters"}


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """One entry.

    Args:
        index: Its place in the Bundle, from 0.
        method: Of HTTP.
        path: Below the base address, without slash at either end.
        query: What follows the question mark, as it was sent.
        full_url: By which other entries point to its resource; relative where it is our own.
        resource: What it carries.
        if_match, if_none_match, if_none_exist, if_modified_since: As the headers of that name,
            the last as an instant.
    """

    index: int
    method: str
    path: str
    query: str = ""
    full_url: str | None = None
    resource: Resource | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None
    if_modified_since: str | None = None


def read_requests(bundle: Resource, *, base: str) -> tuple[BundleKind, list[BundleRequest]]:
    """Read a Bundle that was sent to be carried out.

    Args:
        bundle: As `fhir.json.parse` gives it.
        base: The tenant's base address.

    Returns:
        Which of the two it is, and its entries in order; the resources in them are not checked.

    Raises:
        GatewayError: invalid, where it is neither; unprocessable, where it is no valid Bundle;
            too-costly, over 1000 entries.
    """
    kind = bundle.get("type")
    if bundle.get("resourceType") != "Bundle" or kind not in ("batch", "transaction"):
        text = "What is sent to the base address is a Bundle of type batch or transaction"
        raise fail(Category.INVALID, text, "Bundle.type", code="value")
    entries = bundle.get("entry", [])
    if isinstance(entries, list) and len(entries) > MAX_ENTRIES:
        text = f"A Bundle has at most {MAX_ENTRIES} entries; this one has {len(entries)}"
        raise fail(Category.TOO_COSTLY, text, "Bundle.entry")
    # Resources may still point to each other in ways that only a transaction knows.
    validate(_envelope(bundle), type_name="Bundle")
    return kind, [_request(index, each, base) for index, each in enumerate(entries)]


def located(error: GatewayError, index: int) -> GatewayError:
    """The same failure, said of an entry: `Bundle.entry[3].resource.start`."""
    return GatewayError(error.category, *(_located(each, index) for each in error.issues))


def _envelope(bundle: Resource) -> Resource:
    entries = bundle.get("entry")
    if not isinstance(entries, list):
        return bundle
    return bundle | {
        "entry": [
            each | {"resource": _ANY}
            if isinstance(each, dict) and isinstance(each.get("resource"), dict)
            else each
            for each in entries
        ]
    }


def _request(index: int, entry: Resource, base: str) -> BundleRequest:
    asked = entry["request"]
    path, _, query = to_relative(asked["url"], base).partition("?")
    full_url = entry.get("fullUrl")
    return BundleRequest(
        index=index,
        method=asked["method"],
        path=path.strip("/"),
        query=query,
        full_url=None if full_url is None else to_relative(full_url, base),
        resource=entry.get("resource"),
        if_match=asked.get("ifMatch"),
        if_none_match=asked.get("ifNoneMatch"),
        if_none_exist=asked.get("ifNoneExist"),
        if_modified_since=asked.get("ifModifiedSince"),
    )


def _located(issue: Issue, index: int) -> Issue:
    place = f"Bundle.entry[{index}]"
    expression = tuple(_below(place, each) for each in issue.expression) or (place,)
    text = f"{place}: {issue.diagnostics}"
    return Issue(text, expression, issue.code, issue.details, issue.extension)


def _below(place: str, expression: str) -> str:
    kind, dot, rest = expression.partition(".")
    return f"{place}.resource.{rest}" if dot and kind[:1].isupper() else place
