"""Valid JSON that is no valid resource any more, and bytes that are no valid JSON."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from fhir_gateway.fhir import json

Draw = st.DrawFn
#: Stand in a tree for bytes that no tree can hold; they are put in when it is written.
RAW: dict[str, bytes] = {
    "@nan@": b"NaN",
    "@infinity@": b"-Infinity",
    "@huge@": b"1e999999999",
    "@digits@": b"9" * 5000,
    "@int64@": b"9223372036854775808",
    "@zeros@": b"1.0000000000000000000000000000000000000000",
    "@nul@": b'"a\\u0000b"',
    "@bare-nul@": b'"a\x00b"',
    "@half@": b'"\\ud800"',
    "@other-half@": b'"\\udc00\\ud800"',
    "@latin@": b'"\xe9"',
    "@overlong@": b'"\xc0\xaf"',
    "@surrogate@": b'"\xed\xa0\x80"',
    "@control@": b'"\x01"',
    "@deep-list@": b"[" * 200 + b"]" * 200,
    "@deepest-list@": b"[" * 50_000 + b"]" * 50_000,
    "@deep-object@": b'{"a":' * 80 + b"1" + b"}" * 80,
    "@unfinished@": b'{"a":[1',
    "@twice@": b'{"system":"a","system":"b"}',
    "@comment@": b"/* x */ 1",
    "@comma@": b"[1,]",
    "@single@": b"'x'",
    "@hex@": b"0x10",
    "@long-key@": b'{"' + b"k" * 70_000 + b'":1}',
}
DATES = (
    "2026-02-30", "2026-13-01", "0000-01-01", "9999-12-31T23:59:59Z", "10000-01-01", "2026",
    "2026-03-02T24:00:00Z", "2026-06-30T23:59:60Z", "2026-03-02T09:00", "2026-03-02T09:00:00",
    "2026-03-02T09:00:00+99:99", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-03-02T09:00:00.123456789012345Z", "2026-3-2", " 2026-03-02", "now",
    "2026-03-02t09:00:00z",
    "1582-10-10", "٢٠٢٦-٠٣-٠٢",
)  # fmt: skip
REFERENCES = (
    "", "#", "#none", "#inner", "Patient", "Patient/", "/Patient/1", "Patient/1/", "patient/1",
    "Patient/1/_history", "Patient/1/_history/0", "Patient/1/_history/99999999999999999999",
    "Patient/1#x", "Patient?identifier=x|y", "Patient?", "Nothing/1", "urn:uuid:x",
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "urn:oid:1.2", "http://clinic.example/fhir",
    "http://clinic.example/fhir/Patient/1", "http://clinic.example/fhir/", "http://[::1",
    "https://other.example/fhir/Patient/1", "javascript:alert(1)", "../Patient/1", "Patient/..",
    "Patient/%2e%2e", "Patient/1?x", "Patient/" + "x" * 65, "Patient/é", "Patient/1 ", "\t",
    "a" * 9000,
    "Practitioner/1", "Appointment/1", "Slot/1", "Schedule/1", "Group/1", "List/1",
)  # fmt: skip
TEXTS = (
    "", " ", "\n", "x" * 100_000, "é" * 1000, "\u202e", "\ufeff", "\ufffe", "\u2028", "👩‍👩‍👧",
    "e\u0301",
    "<script>", "'; DROP TABLE resource; --", "%s%s%n", "${jndi:ldap://x}", "\\", "\\u0000", "|",
    "a|b|c", "true", "null", "1", "-0", "1e5", "\x7f", "\U0010ffff", "http://" + "a" * 3000,
    "<div xmlns='http://www.w3.org/1999/xhtml'><script>x</script></div>", "<div", "a,b", "$",
    "=1+1",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 2**31, 2**31 - 1, -(2**63), 10**17, [], {}, [None], [[]], [{}],
    {"": 1}, [None, None], {"resourceType": "Patient"}, {"reference": {"reference": "x"}},
    {"reference": 5}, {"coding": [None]}, {"coding": {"code": "x"}}, [1, "a", None, {}],
    {"value": 10**17, "unit": "x", "system": "http://unitsofmeasure.org", "code": "Cel"},
    {"start": "2027", "end": "2026"}, {"start": "9999-12-31T23:59:59Z"}, {"end": "0001-01-01"},
)  # fmt: skip
_EXTENSION_URL = "https://example.org/x"
EXTENSIONS: tuple[Any, ...] = (
    {}, {"url": ""}, {"valueString": "x"}, {"url": _EXTENSION_URL}, {"url": 5, "valueString": "x"},
    {"url": _EXTENSION_URL, "valueString": "x", "valueInteger": 1},
    {"url": _EXTENSION_URL, "valueString": "x", "extension": [{"url": "y", "valueCode": "z"}]},
    {"url": _EXTENSION_URL, "extension": []}, {"url": _EXTENSION_URL, "valueNothing": 1},
    {"url": _EXTENSION_URL, "_valueString": {"id": "x"}},
    {"url": _EXTENSION_URL, "valueReference": {"reference": "#"}}, None, "x",
    {"url": _EXTENSION_URL, "valueDateTime": "2026-02-30"},
    {"url": "https://fhir-gateway.example/StructureDefinition/waitlist", "valueInteger": 10**9},
)  # fmt: skip
BESIDE: tuple[Any, ...] = (
    {"id": "x"}, {}, None, [], [None, None, {"id": "x"}], [{"id": "x"}, None], "x", 5,
    {"extension": []}, {"extension": [{"url": "x"}]}, {"id": ""}, {"colour": 1}, [{}],
)  # fmt: skip
TWINS = (
    "valueString", "valueBoolean", "startDateTime", "onsetAge", "onsetString", "onsetDateTime",
    "deceasedBoolean", "deceasedDateTime", "multipleBirthInteger", "occurrenceDateTime",
    "occurrencePeriod", "medicationReference", "servicedDate", "servicedPeriod", "asNeededBoolean",
    "performedString", "abatementString",
)  # fmt: skip
NAMES = (
    "colour", "", " ", "__proto__", "resourceType", "Id", "id", "ID", "meta", "_id", "_",
    "extension",
    "fhir_comments", "contained", "text", "language", "implicitRules", "status", "a" * 300,
    "modifierExtension", "identifier", "é", "a.b", "a[0]", "constructor",
)  # fmt: skip


def a_ring(*names: str) -> list[Any]:
    """Contained resources that point to each other in a circle."""
    following = (*names[1:], names[0])
    pairs = zip(names, following, strict=True)
    return [
        {"resourceType": "Organization", "id": name, "partOf": {"reference": f"#{other}"}}
        for name, other in pairs
    ]


CONTAINED: tuple[Any, ...] = (
    a_ring("a", "b"), a_ring("a"), [{}], [None], {}, "x", [{"resourceType": "Nothing", "id": "a"}],
    [{"resourceType": "Patient"}], [{"resourceType": "Patient", "id": "a",
    "contained": a_ring("b")}],
    [{"resourceType": "Observation", "id": "a", "status": "final"}],
    [{"resourceType": "Patient", "id": "a", "meta": {"versionId": "1"}}],
    [{"resourceType": "Bundle", "id": "a", "type": "batch", "entry": [{}]}],
    [{"resourceType": "Patient", "id": "#a"}], a_ring("a", "b") * 2,
    [{"resourceType": "Patient", "id": f"p{n}"} for n in range(500)],
)  # fmt: skip

Place = tuple[Any, Any]


def places(node: Any) -> list[Place]:
    """Every (container, key or index) below a node."""
    pairs = list(node.items() if isinstance(node, dict) else enumerate(node))
    found = [(node, key) for key, _ in pairs]
    for _, child in pairs:
        if isinstance(child, dict | list):
            found += places(child)
    return found


def nested(depth: int) -> dict[str, Any]:
    """An extension in an extension in an extension."""
    inner: dict[str, Any] = {"url": "x", "valueString": "x"}
    for _ in range(depth):
        inner = {"url": "x", "extension": [inner]}
    return inner


def _value(draw: Draw) -> Any:
    pool = draw(st.sampled_from((DATES, REFERENCES, TEXTS, OTHERS, tuple(RAW))))
    return deepcopy(draw(st.sampled_from(pool)))


def _spoil(draw: Draw, place: Place) -> None:
    container, key = place
    kind = draw(st.sampled_from(_KINDS))
    value = container[key]
    if kind == "replace":
        container[key] = _value(draw)
    elif kind == "delete":
        del container[key]
    elif kind == "wrap":
        container[key] = draw(st.sampled_from(([value], [value, value], {"value": value}, {})))
    elif kind == "unwrap":
        container[key] = value[0] if isinstance(value, list) and value else str(value)
    elif kind == "repeat":
        container[key] = [value] * draw(st.sampled_from((2, 60, 1000)))
    elif kind == "nest":
        container[key] = {"extension": [nested(draw(st.sampled_from((3, 20, 31, 32, 35))))]}
    elif isinstance(container, dict):
        _add(draw, container, key, kind)


def _add(draw: Draw, container: dict[str, Any], key: str, kind: str) -> None:
    if kind == "stand-in":
        del container[key]
        container[f"_{key}"] = {"extension": [{"url": _EXTENSION_URL, "valueString": "x"}]}
    elif kind == "beside":
        container[f"_{key}"] = deepcopy(draw(st.sampled_from(BESIDE)))
    elif kind == "extend":
        container["extension"] = [deepcopy(draw(st.sampled_from(EXTENSIONS)))]
    elif kind == "twin":
        container[draw(st.sampled_from(TWINS))] = _value(draw)
    elif kind == "contain":
        container["contained"] = deepcopy(draw(st.sampled_from(CONTAINED)))
    elif kind == "rename":
        container[draw(st.sampled_from((*NAMES, key.upper())))] = container.pop(key)
    else:
        container[draw(st.sampled_from(NAMES))] = _value(draw)


_KINDS = (
    "replace", "replace", "replace", "delete", "wrap", "unwrap", "repeat", "nest", "beside",
    "extend",
    "twin", "stand-in", "contain", "rename", "add",
)  # fmt: skip


def spoiled(draw: Draw, tree: Any, *, most: int = 3) -> Any:
    """A copy of a tree in which up to so many things are changed; none is possible, too."""
    copy = deepcopy(tree)
    for _ in range(draw(st.integers(0, most))):
        found = places(copy)
        if found:
            _spoil(draw, found[draw(st.integers(0, len(found) - 1))])
    return copy


def written(tree: Any) -> bytes:
    """The bytes of a spoiled tree."""
    body = json.dump(tree)
    if b'"@' in body:
        for name, raw in RAW.items():
            body = body.replace(b'"%s"' % name.encode(), raw)
    return body


#: What happens to bytes on their way.
_TRANSPORT = (
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: body[: len(body) // 2],
    lambda body: body + body,
    lambda body: body.decode("utf-8", "replace").encode("utf-16"),
    lambda body: body.replace(b'"status":', b'"status":"x","status":'),
    lambda body: body.replace(b"}", b',"id":"x"}', 1),
    lambda body: b" " * 50_000 + body,
    lambda body: body.replace(b":", b" :\t\r\n", 5),
    lambda body: b"",
    lambda body: b"\x1f\x8b" + body,
    lambda body: body.replace(b"e", b"\\u0065", 3),
)


def sent(draw: Draw, body: bytes) -> bytes:
    """The same bytes; now and then as a bad line would leave them."""
    if draw(st.integers(0, 9)):
        return body
    return draw(st.sampled_from(_TRANSPORT))(body)
