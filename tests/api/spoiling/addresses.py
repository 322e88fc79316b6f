"""Addresses that a confused or a hostile client would ask for."""

from urllib.parse import quote

from hypothesis import strategies as st

from fhir_gateway.fhir.catalogue import CATALOGUE, params_of
from fhir_gateway.fhir.search_results import RESULT_PARAMETERS
from tests.api.spoiling.trees import DATES, REFERENCES

PATHS = (
    "", "/", "metadata", "_history", "_search", "$export", "$meta", "$nothing", "$", "Patient",
    "Patient/ann",
    "Patient/1/_history", "Patient/1/_history/1", "Patient/1/_history/0", "Patient/1/_history/x",
    "Patient/1/_history/99999999999999999999", "Patient/_history", "Patient/1/$everything",
    "Patient/1/$meta",
    "Patient/$everything", "Patient/$export", "Group/1/$export", "Patient/1/Appointment",
    "Patient/1/*",
    "Appointment/$find-optimal-slots", "Appointment/$check-conflicts", "Slot/1", "Slot/s1-0900",
    "Slot?_id=1",
    "Patient/" + "x" * 65, "Patient//1", "Patient/1/", "Patient/%00", "Patient/%2F", "Patient/%FF",
    "Patient/%",
    "Patient/%zz", "Patient/é", "Patient/1%0d%0aX:y", "..", "../fhir/Patient", "Patient/../Slot",
    "%2e%2e",
    "OperationDefinition", "StructureDefinition/waitlist", "CodeSystem/reason", "SearchParameter/x",
    "Binary/1",
    "Observation", "patient", "Patient;x=1", "_export/x", "_export/x/Patient",
    "Patient/1?_format=xml", "Nothing",
    "Patient/$validate", "AuditEvent", "Provenance/1", "x" * 5000, "a/" * 2000,
    "https://other.example/fhir/Slot",
)  # fmt: skip
VALUES = (
    *DATES, *REFERENCES[:-1], "", ",", ",,", "a,b", "\\,", "\\", "|", "||", "a|b|c", "$", "ge2026",
    "gt", "ap2026-03",
    "ne1", "eb1e400", "1e-400", "9" * 300, "0.0000000001", "NaN", "-0",
    "5.4|http://unitsofmeasure.org|mg", "5|||",
    "true", "false", "maybe", "%", "_", "*", "a" * 3000, "é", "\x00", "'", '"', "\u202e", "😀",
    "(a+)+$", ".*",
    ",".join("x" * 50), ",".join(map(str, range(1000))), "http://a|1", "urn:uuid:x", "null",
    "lt9999-12-31", "sa0001",
    "ge-0001-01-01", "2026-03-02T09:00:00+03:00", "2026-03-02T09:00:00 03:00", "free", "booked",
    "Patient/ann", "ann",
)  # fmt: skip
MODIFIERS = (
    "", "", "", ":exact", ":contains", ":missing", ":not", ":text", ":in", ":below", ":above",
    ":identifier",
    ":of-type", ":Patient", ":Nothing", ":", "::", ":iterate", ":exact:not", ".name", ".", "..",
    ":Patient.name",
    ".patient.name", ":Patient.general-practitioner:Practitioner.name", ".organization" * 10,
)  # fmt: skip
HAS = (
    "_has:Appointment:patient:date", "_has:Appointment:patient:_has:AuditEvent:entity:agent",
    "_has", "_has:", "_has::",
    "_has:Appointment:patient", "_has:Nothing:x:y", "_has:Appointment:nothing:_id",
    "_has:Appointment:date:_id",
    "_has:Appointment:patient:slot.schedule.actor", "_has:Slot:schedule:status:not",
    "_has:Group:member:" * 12 + "_id",
    "_has:Appointment:patient:_has:Appointment:patient:_id", "_HAS:Appointment:patient:date",
)  # fmt: skip
RESULTS = {
    "_count": ("0", "-1", "1", "1000", "1001", "1000000000", "9" * 30, "x", "1.5", "", "²"),
    "_sort": ("_id", "-_id", "--_id", "x", "", ",", "_id,_id", "_lastUpdated", "-",
    "status,start,end,_id,x", "_score"),
    "_include": ("*", "Patient:*", "Appointment:actor", "Appointment:actor:Patient", "x", ":", "",
    "Slot:schedule"),
    "_revinclude": ("Appointment:actor", "*", "Appointment:*", "Slot:schedule", "Provenance:target",
    "x:y:z:w"),
    "_total": ("accurate", "estimate", "none", "x", ""),
    "_summary": ("true", "text", "data", "count", "false", "x"),
    "_elements": ("id", "status,start", "", "x", "id.x", "meta", "a" * 300),
    "_cursor": ("x", "", "=" * 100, "W10", "bnVsbA", "eyJhIjoxfQ", "a.b",
    "WyIyMDI2IiwiUGF0aWVudCIsIjEiXQ", "0", "9" * 9),
}  # fmt: skip
OTHERS = (
    "_format", "_pretty", "_since", "_at", "_text", "_content", "_filter", "_query", "_contained",
    "_list", "_type",
    "_typeFilter", "_outputFormat", "", "__proto__", "é", "\x00", "a" * 300, "start", "end",
    "actor", "mode", "profile",
)  # fmt: skip
#: As they stand on the wire.
RAW = ("%", "%zz", "%FF=%FE", "=", "&&&", "a&b&c", "_id=%00", "_id=1;_id=2", "?", "_id=%u0041",
"+=+", "&" * 500,
       "_id=1&" * 250, "_include:iterate=Appointment:actor&_revinclude:iterate=Appointment:actor",
       "_include:iterate=Organization:partof&_count=1000", "x=" + "y" * 20_000,
       "x=" + "y" * 100_000,
       "_include:recurse=*&_include:iterate=Patient:*", "\xe9=\xe9", "_id=\xff")  # fmt: skip


@st.composite
def targets(draw: st.DrawFn, kind: str | None = None) -> str:
    """A path with a query.

    Args:
        kind: A type to search; None for any address.
    """
    served = kind or draw(st.sampled_from(tuple(CATALOGUE)))
    path = served if kind or draw(st.booleans()) else draw(st.sampled_from(PATHS))
    pairs = [_pair(draw, served) for _ in range(draw(st.integers(0, 3)))]
    query = "&".join(
        f"{quote(name, safe=':._')}={quote(value, safe=',|/:')}" for name, value in pairs
    )
    if draw(st.integers(0, 9)) == 0:
        query = f"{query}&{draw(st.sampled_from(RAW))}"
    joint = "&" if "?" in path else "?"
    whole = f"/fhir/{path}{joint}{query}" if query else f"/fhir/{path}"
    return whole.replace(" ", "%20")


def _pair(draw: st.DrawFn, kind: str) -> tuple[str, str]:
    sort = draw(st.integers(0, 9))
    if sort < 3:
        name = draw(st.sampled_from(tuple(RESULTS)))
        suffix = draw(st.sampled_from(("", "", "", ":iterate", ":x")))
        return name + suffix, draw(st.sampled_from(RESULTS[name]))
    value = draw(st.sampled_from(VALUES))
    if sort == 3:
        return draw(st.sampled_from(HAS)), value
    if sort == 4:
        return draw(st.sampled_from((*OTHERS, *RESULT_PARAMETERS))), value
    return draw(st.sampled_from(tuple(params_of(kind)))) + draw(st.sampled_from(MODIFIERS)), value
