"""Is an answer a proper one, and is what was accepted kept as it was sent?"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir import json, xml_reading
from fhir_gateway.fhir.json import parse
from fhir_gateway.fhir.validation import validate
from tests.api.served import Caller, Heard, Sent

#: Seconds; a machine that does other things as well is slow.
BOUND = 10.0
_FORMATS = {"application/fhir+json": parse, "application/fhir+xml": xml_reading.read}
#: What the server says: who it is, and of a Slot who holds it (decision 3).
_OURS = {"id", "meta"}
_OURS_OF_SLOT = {"status", "overbooked"}


def wrong_with(sent: Sent, heard: Heard) -> str | None:
    """What is wrong with an answer; None for nothing."""
    if heard.status >= 500 and heard.status != 501:
        return f"answered {heard.status}"
    if heard.seconds > BOUND:
        return f"took {heard.seconds:.1f} s"
    if heard.status < 400 or sent.method == "HEAD":
        return None
    return _no_outcome(heard)


def _no_outcome(heard: Heard) -> str | None:
    media = heard.headers.get("content-type", "").partition(";")[0]
    if media not in _FORMATS:
        return f"a failure in '{media}'"
    outcome = _FORMATS[media](heard.body)
    try:
        validate(outcome, type_name="OperationOutcome")
    except GatewayError as error:
        return f"no valid OperationOutcome: {error}"
    silent = [each for each in outcome["issue"] if not each.get("diagnostics") or not each["code"]]
    return f"an issue that says nothing: {silent}" if silent else None


def lost(caller: Caller, sent: Sent, heard: Heard) -> str | None:
    """What of an accepted write is not there when it is read; None where all of it is."""
    given = _given(sent) if heard.status in (200, 201) else None
    if given is None:
        return None
    kept = _read_back(caller, sent, heard)
    if kept is None:
        return "not there"
    differing = sorted(_differences(given, kept, given["resourceType"]))
    return f"changed: {differing[:3]}" if differing else None


def _given(sent: Sent) -> dict[str, Any] | None:
    """The resource of a create or update."""
    steps = sent.target.partition("?")[0].strip("/").split("/")
    if sent.method not in ("PUT", "POST") or "$" in sent.target or not 2 <= len(steps) <= 3:
        return None
    media = ";".join(value for name, value in sent.headers if name == "Content-Type")
    if "form" in media:
        return None
    return (xml_reading.read if "xml" in media else parse)(sent.body)


def _read_back(caller: Caller, sent: Sent, heard: Heard) -> dict[str, Any] | None:
    place = heard.headers.get("location") or heard.headers.get("content-location", "")
    path = "/fhir" + place.partition("/fhir")[2]
    found = caller.send(Sent("GET", path))
    return json.parse(found.body) if found.status == 200 else None


def _differences(given: Any, kept: Any, place: str) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(kept, dict):
        names = given.keys() | kept.keys()
        if "." not in place:
            names -= _OURS | (_OURS_OF_SLOT if place == "Slot" else set())
        for name in names:
            yield from _differences(given.get(name), kept.get(name), f"{place}.{name}")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for index, pair in enumerate(zip(given, kept, strict=True)):
            yield from _differences(*pair, f"{place}[{index}]")
    elif _plain(given) != _plain(kept) or type(given) is not type(kept):
        yield f"{place}: {str(given)[:60]!r} became {str(kept)[:60]!r}"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.removeprefix("http://clinic.example/fhir/") if isinstance(value, str) else value
