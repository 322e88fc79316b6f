"""Requests that a confused or a hostile client would send."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.usecases.operations import OPERATIONS
from tests.api.served import Sent
from tests.api.spoiling import trees, xml
from tests.api.spoiling.addresses import PATHS, targets
from tests.fhir.examples import example, variants
from tests.usecases.builders import (
    a_patient,
    a_practitioner,
    a_response,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
)

Resource = dict[str, Any]
Headers = tuple[tuple[str, str], ...]
JSON: Headers = (("Content-Type", "application/fhir+json"),)
XML: Headers = (("Content-Type", "application/fhir+xml"),)
#: Each is added to what a request has; the same name may come twice.
HEADERS: Headers = (
    ("Accept", "application/fhir+xml"), ("Accept", "text/html"), ("Accept", ";q=,"), ("Accept", ""),
    ("Accept", "application/fhir+json;q=nan"), ("Accept", "*/*;q=1e999"), ("Accept", "a/b," * 2000),
    ("Accept", "application/fhir+json; fhirVersion=3.0"), ("Accept-Encoding", "gzip, br"),
    ("Content-Type", "text/plain"), ("Content-Type", "application/fhir+json; charset=utf-16"),
    ("Content-Type", ""), ("Content-Type", "application/json-patch+json"),
    ("Content-Type", "application/merge-patch+json"), ("Content-Type", "multipart/form-data"),
    ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Encoding", "gzip"),
    ("If-Match", 'W/"1"'), ("If-Match", "*"), ("If-Match", 'W/"99999999999999999999"'),
    ("If-Match", 'W/"1", W/"2"'), ("If-Match", ""), ("If-Match", "é"), ("If-Match", 'W/"-1"'),
    ("If-Match", "²"), ("If-None-Match", "*"), ("If-None-Match", 'W/"1"'), ("If-None-Match", ""),
    ("If-None-Match", "," * 3000), ("If-Modified-Since", "Mon, 02 Mar 2026 09:00:00 GMT"),
    ("If-Modified-Since", "Mon, 02 Mar 2026 09:00:00 +99999999999999"),
    ("If-Modified-Since", "Mon, 02 Mar 99999 09:00:00 GMT"), ("If-Modified-Since", "1"),
    ("If-Modified-Since", "Mon, 01 Jan 0001 00:00:00 +2359"), ("If-Modified-Since", "\x85"),
    ("If-Modified-Since", "Fri, 31 Dec 9999 23:59:59 -2359"), ("If-Modified-Since", ", ; ()"),
    ("If-None-Exist", "identifier=x|y"), ("If-None-Exist", "?"), ("If-None-Exist", "Patient?%"),
    ("If-None-Exist", "é=é"), ("If-None-Exist", "_id=1&_id=2&_count=0"), ("If-None-Exist",
    "_sort=_id"),
    ("Prefer", "return=minimal"), ("Prefer", "return=OperationOutcome"), ("Prefer",
    "handling=lenient"),
    ("Prefer", "respond-async"), ("Prefer", "return=;,=;"), ("X-Request-Id", "a\tb"),
    ("X-Request-Id", "é"),
    ("Origin", "null"), ("Origin", "é"), ("X-Forwarded-Host", "evil.example"), ("Host",
    "b.example"),
    ("X-HTTP-Method-Override", "DELETE"), ("Expect", "100-continue"), ("Range", "bytes=0-1"),
    ("Cookie", "a" * 4000), ("Authorization", "Bearer " + "x" * 4000), ("X-Nothing", "\xff\xfe"),
)  # fmt: skip
POINTERS = (
    "", "/", "/-", "/id", "/meta", "/meta/versionId", "/resourceType", "/name/-", "/name/0",
    "/name/00",
    "/name/-1", "/name/99999999999999999999", "/~0", "/~1", "/~2", "/~", "name", "//",
    "/identifier/-",
    "/status", "/active", "/participant/0/actor", "/participant/-", "/extension", "/contained/0/id",
    "/text",
    "/" + "a/" * 900, "/é", "/_active", "/name/²", "/actor/0/reference", "/start", "/end",
    "/slot/0", None, 5,
)  # fmt: skip
FHIRPATHS = (
    "Patient.active", "Patient.name[0]", "Patient.name", "Patient", "", ".", "Patient.",
    "Patient..name",
    "Patient.name.where(use = 'official')", "Patient.name.where(use='x').given[0]", "Slot.status",
    "Patient.name[99999999999999999999]", "Patient.name[-1]", "%resource", "Patient.name.where(",
    "Appointment.participant[0].actor", "(" * 500, "Patient.name.repeat(given)", "Patient.é", "'x'",
    "Patient.name.where(given.matches('(a+)+$'))", "Patient." + "name." * 150 + "x",
    "Slot.meta.versionId",
)  # fmt: skip


@cache
def resources() -> dict[str, tuple[Resource, ...]]:
    """Valid resources by type, all of which may be written into the small clinic."""
    found = {
        name: [example(name, n)[0] | {"id": "1"} for n in range(min(variants(name), 6))]
        for name in CATALOGUE
    }
    for each in clinic():
        found[each["resourceType"]].append(each)
    soon = datetime.now(UTC) + timedelta(days=3)
    found["Appointment"] += [
        an_appointment("10:00") | {"id": "x1"},
        an_appointment("09:30", status="proposed") | {"id": "x2"},
        an_appointment(schedule=None, start="11:00", patient="bob") | {"id": "x3"},
        a_waitlist_entry("bob", requestedPeriod=[{"start": soon.isoformat()}]),
    ]
    found["AppointmentResponse"].append(a_response("Appointment/x1") | {"id": "x1"})
    return {name: tuple(each) for name, each in found.items()}


@cache
def clinic() -> tuple[Resource, ...]:
    """What is there before the first request: people, free time, and one of each type."""
    small = (a_practitioner(), a_patient("ann"), a_patient("bob"), a_schedule())
    slots = (a_slot(start) for start in ("09:00", "09:30", "10:00", "11:00"))
    return (*small, *slots)


@cache
def seeded() -> tuple[Resource, ...]:
    """What the database holds before the first request."""
    ones = [example(name, 0)[0] | {"id": "1"} for name in CATALOGUE]
    return tuple(dict(each) for each in (*clinic(), *ones))


def _a_resource(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(CATALOGUE)) -> Resource:
    kind = draw(st.sampled_from(kinds))
    return draw(st.sampled_from(resources()[kind]))


def _headers(draw: st.DrawFn, first: Headers = ()) -> Headers:
    odd = st.sampled_from(HEADERS)
    more = draw(st.lists(odd, max_size=2)) if draw(st.integers(0, 4)) == 0 else []
    return (*first, *more)


@st.composite
def writes(draw: st.DrawFn) -> Sent:
    """A create, an update or a validation, in JSON or in XML."""
    valid = _a_resource(draw)
    kind, id_ = valid["resourceType"], draw(st.sampled_from((valid["id"], "f1", "f2")))
    by_id = draw(st.booleans())
    target = f"/fhir/{kind}/{id_}" if by_id else f"/fhir/{kind}"
    target = draw(
        st.sampled_from((target,) * 8 + (f"/fhir/{kind}/$validate", "/fhir", "/fhir/Slot/f1"))
    )
    method = "PUT" if by_id and not target.endswith("validate") else "POST"
    resource = valid | {"id": id_}
    if draw(st.integers(0, 3)) == 0:
        return Sent(method, target, _headers(draw, XML), xml.spoiled(draw, resource))
    body = trees.written(trees.spoiled(draw, resource))
    return Sent(method, target, _headers(draw, JSON), trees.sent(draw, body))


def _entry(draw: st.DrawFn) -> Resource:
    method = draw(st.sampled_from(("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")))
    resource = _a_resource(draw)
    kind = resource["resourceType"]
    url = draw(
        st.sampled_from((kind, f"{kind}/1", f"{kind}/{resource['id']}", f"{kind}?_id=1", *PATHS))
    )
    request = {"method": method, "url": url}
    if draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from(("ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince")))
        request[name] = draw(
            st.sampled_from(('W/"1"', "x", "", "2026-03-02T09:00:00Z", "_id=1", "é"))
        )
    entry: Resource = {"request": request}
    if method in ("POST", "PUT", "PATCH") or draw(st.integers(0, 5)) == 0:
        names = (
            "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
            f"http://clinic.example/fhir/{kind}/1",
            "x",
        )
        entry |= {"fullUrl": draw(st.sampled_from(names)), "resource": resource}
    return entry


@st.composite
def bundles(draw: st.DrawFn) -> Sent:
    """A batch or a transaction."""
    kind = draw(st.sampled_from(("batch", "transaction", "transaction", "document", "history")))
    entries = [_entry(draw) for _ in range(draw(st.integers(0, 4)))]
    times = draw(st.sampled_from((1,) * 30 + (300, 10_000)))
    bundle = trees.spoiled(draw, {"resourceType": "Bundle", "type": kind, "entry": entries}, most=2)
    if times > 1:
        reading = {"request": {"method": "GET", "url": "Patient/ann"}}
        bundle = {"resourceType": "Bundle", "type": kind, "entry": [reading] * times}
    body = trees.sent(draw, trees.written(bundle))
    return Sent("POST", "/fhir", _headers(draw, JSON), body)


def _json_operation(draw: st.DrawFn) -> Resource:
    operation = {
        "op": draw(
            st.sampled_from(("add", "replace", "remove", "test", "move", "copy", "x", None))
        ),
        "path": draw(st.sampled_from(POINTERS)),
        "from": draw(st.sampled_from(POINTERS)),
        "value": draw(st.sampled_from((True, None, "x", [], {}, [{"family": "x"}], 1e17, "@nan@"))),
    }
    left_out = draw(st.sampled_from((("from",), ("value",), (), ("op",), ("path",))))
    return {name: value for name, value in operation.items() if name not in left_out}


def _part(draw: st.DrawFn, name: str) -> Resource:
    values: dict[str, Any] = {
        "type": draw(st.sampled_from(("add", "insert", "delete", "replace", "move", "x"))),
        "path": draw(st.sampled_from(FHIRPATHS)),
        "name": draw(st.sampled_from(("active", "name", "x", ""))),
        "index": draw(st.sampled_from((0, -1, 10**9, "0"))),
        "value": draw(st.sampled_from(("x", True, 1, {"family": "x"}))),
    }
    typed = draw(
        st.sampled_from(
            ("valueString", "valueCode", "valueInteger", "valueHumanName", "valueBoolean")
        )
    )
    return {"name": name, typed: values[name]}


@st.composite
def patches(draw: st.DrawFn) -> Sent:
    """A patch of one of the three kinds, or of the wrong one."""
    valid = _a_resource(draw)
    kind = valid["resourceType"]
    target = draw(
        st.sampled_from((f"/fhir/{kind}/{valid['id']}", f"/fhir/{kind}?_id=1", f"/fhir/{kind}"))
    )
    media = draw(st.sampled_from(("json-patch+json", "merge-patch+json", "fhir+json", "fhir+json")))
    content: Any
    if media == "json-patch+json":
        content = [_json_operation(draw) for _ in range(draw(st.integers(0, 4)))]
        times = draw(st.sampled_from((1,) * 20 + (10_000,)))
        content = content * times
    elif draw(st.booleans()):
        names = ("type", "path", "name", "index", "value")
        parts = [_part(draw, name) for name in names if draw(st.integers(0, 3))]
        operation = {"name": "operation", "part": parts}
        content = {
            "resourceType": "Parameters",
            "parameter": [operation] * draw(st.sampled_from((1, 2, 101))),
        }
    else:
        names = draw(st.lists(st.sampled_from(tuple(valid)), max_size=3))
        content = {name: draw(st.sampled_from((None, valid[name], {}, []))) for name in names}
    body = trees.written(trees.spoiled(draw, content, most=1))
    headers = (("Content-Type", f"application/{media}"),)
    return Sent("PATCH", target, _headers(draw, headers), trees.sent(draw, body))


@st.composite
def invocations(draw: st.DrawFn) -> Sent:
    """An operation, by POST with Parameters."""
    spec = draw(st.sampled_from(OPERATIONS)).spec
    kind = "" if spec.resource is None else spec.resource.replace("Resource", "Patient")
    base = f"/fhir/{kind}".rstrip("/")
    target = f"{base}/1/${spec.code}" if draw(st.booleans()) else f"{base}/${spec.code}"
    given = []
    for each in spec.inputs:
        typed = f"value{(each.type or 'String')[0].upper()}{(each.type or 'String')[1:]}"
        value = draw(st.sampled_from((*_LIKELY.get(each.type or "", ()), "x", 5)))
        if draw(st.booleans()):
            given.append({"name": each.name, typed: value})
    body = {"resourceType": "Parameters", "parameter": given}
    return Sent(
        "POST",
        target,
        _headers(draw, JSON),
        trees.sent(draw, trees.written(trees.spoiled(draw, body, most=1))),
    )


_DAY = datetime.now(UTC).date()
_LIKELY: dict[str, tuple[Any, ...]] = {
    "dateTime": (f"{_DAY}T00:00:00Z", f"{_DAY + timedelta(days=20)}T00:00:00Z", *trees.DATES),
    "date": (f"{_DAY}", *trees.DATES),
    "instant": (f"{_DAY + timedelta(days=14)}T09:00:00Z", *trees.DATES),
    "Reference": (
        {"reference": "Patient/ann"},
        {"reference": "Practitioner/p1"},
        {},
        {"display": "x"},
    ),
    "CodeableConcept": ({"text": "x"}, {"coding": [{"code": "checkup"}]}, {}),
    "boolean": (True, False),
    "code": ("plan", "best", "transfer"),
    "integer": (0, 1, -1, 10**9, 2**40),
    "positiveInt": (30, 0, 10**9),
}


@st.composite
def reads(draw: st.DrawFn) -> Sent:
    """A search, read, history or deletion at an odd address, with odd headers."""
    method = draw(
        st.sampled_from(
            ("GET",) * 8 + ("HEAD", "DELETE", "OPTIONS", "POST", "PUT", "TRACE", "PROPFIND")
        )
    )
    return Sent(method, draw(targets()), _headers(draw, draw(st.sampled_from(((), JSON)))))


@st.composite
def forms(draw: st.DrawFn) -> Sent:
    """A search by POST."""
    kind = draw(st.sampled_from(tuple(CATALOGUE)))
    query = draw(targets(kind)).partition("?")[2]
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    body = query.encode("latin-1", "replace")
    return Sent("POST", f"/fhir/{kind}/_search", _headers(draw, form), trees.sent(draw, body))


def requests() -> st.SearchStrategy[Sent]:
    """Any of them."""
    return st.one_of(
        writes(), writes(), writes(), bundles(), patches(), invocations(), reads(), reads(), forms()
    )
