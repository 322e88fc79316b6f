"""What is known about a patient? FHIR R4 Patient/$everything."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.fhir.bundles import Entry, Link, searchset
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.compartments import CARE_DATE, PATIENT, SHARED
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.search_criteria import Criterion, criterion
from fhir_gateway.fhir.search_query import CURSOR, MAX_COUNT, Include, SearchQuery
from fhir_gateway.storage import compartments
from fhir_gateway.storage.compartments import Belonging
from fhir_gateway.storage.resources import Stored
from fhir_gateway.storage.search_includes import included
from fhir_gateway.usecases import read
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call

_COUNT = 100

SPEC = OperationSpec(
    code="everything",
    resource="Patient",
    levels=frozenset({"type", "instance"}),
    affects_state=False,
    title="Everything about a patient",
    doc="The patient, all that belongs to the patient (R4's compartment and Tasks), and what these"
    " point to, in pages. On the type: of all patients. start and end limit what has a date of"
    " care, and leave out what has none; patients, insurance and the like always come.",
    source="FHIR R4 OperationDefinition Patient-everything",
    parameters=(
        OperationParameter("start", "in", 0, 1, "date", "Care from this day on"),
        OperationParameter("end", "in", 0, 1, "date", "Care until this day"),
        OperationParameter("_since", "in", 0, 1, "instant", "Only what has changed since then"),
        OperationParameter("_type", "in", 0, "*", "code", "Only these types"),
        OperationParameter("_count", "in", 0, 1, "integer", "Size of a page, 1 to 1000; 100"),
        OperationParameter(CURSOR, "in", 0, 1, "string", "Where a page goes on; from its link"),
        OperationParameter("return", "out", 1, 1, "Bundle", "One page"),
    ),
    get_allowed=True,
    standard="http://hl7.org/fhir/OperationDefinition/Patient-everything",
)


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with a Bundle of the kind searchset.

    What belongs to the patient is on exactly one page; what it points to comes along on each page
    where something points to it. The total, of one patient, counts what belongs to the patient.

    Raises:
        GatewayError: not-found or gone, where there is no such Patient; invalid, for an unknown
            type or a page size out of range.
    """
    count = call.values.first("_count", _COUNT)
    if not 1 <= count <= MAX_COUNT:
        raise fail(Category.INVALID, f"_count is 1 to {MAX_COUNT}", "_count", code="value")
    types = _types(call)
    if call.ref is not None:
        await read.read(deps, tenant, call.ref)
    wanted = _wanted(call, types, deps.tenants[tenant].zone)
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        found = await compartments.members(tx, wanted, after=_after(call), limit=count + 1)
        total = await compartments.count(tx, wanted) if call.ref is not None else None
        page = found[:count]
        beside = await included(tx, SearchQuery("Patient", includes=_includes(types)), page)
    following = page[-1].ref if len(found) > count else None
    entries = _entries(call.base, page, beside.resources)
    return searchset(entries, total, _links(call, following))


def _types(call: Call) -> tuple[str, ...]:
    asked = [name for text in call.values.all("_type") for name in str(text).split(",")]
    unknown = [name for name in asked if name not in CATALOGUE]
    if unknown:
        raise fail(Category.INVALID, f"'{unknown[0][:60]}' is not served here", "_type")
    return tuple(asked) or tuple(CATALOGUE)


def _wanted(call: Call, types: tuple[str, ...], zone: ZoneInfo) -> Belonging:
    parts = [(name, _criteria(call, name, zone)) for name in PATIENT if name in types]
    return Belonging(call.ref.id if call.ref else None, parts)


def _criteria(call: Call, name: str, zone: ZoneInfo) -> list[Criterion]:
    date = CARE_DATE.get(name)
    asked = [("_lastUpdated", f"ge{each}") for each in call.values.all("_since")]
    if date is not None:
        asked += [(date, f"ge{each}") for each in call.values.all("start")]
        asked += [(date, f"le{each}") for each in call.values.all("end")]
    return [criterion(name, *pair, zone=zone, base=call.base) for pair in asked]


def _includes(types: tuple[str, ...]) -> tuple[Include, ...]:
    """What members point to that belongs to nobody; never another patient's records."""
    targets = [each for each in SHARED if each in types]
    return tuple(
        Include(source, param, target)
        for source in PATIENT
        for param in CATALOGUE[source].params
        if param.type == "reference"
        for target in targets
        if not param.targets or target in param.targets
    )


def _after(call: Call) -> Ref | None:
    cursor = call.values.first(CURSOR)
    if cursor is None:
        return None
    try:
        ref = relative(urlsafe_b64decode(f"{cursor}===").decode())
    except ValueError:
        ref = None
    if ref is None or ref.type not in PATIENT:
        raise fail(Category.INVALID, "This is not a page; begin again", CURSOR, code="value")
    return ref


def _links(call: Call, following: Ref | None) -> list[Link]:
    links = [("self", call.address)]
    if following is not None:
        cursor = urlsafe_b64encode(str(following).encode()).decode().rstrip("=")
        asked = [(name, str(each)) for name in call.values if name != CURSOR
                 for each in call.values[name]]  # fmt: skip
        path, _, called = call.address.partition("?")
        # What the address says beside its parameters, such as the format, goes on as well.
        beside = [pair for pair in parse_qsl(called) if pair[0] not in call.values]
        query = urlencode([*asked, *beside, (CURSOR, cursor)], quote_via=quote, safe=":,/$")
        links.append(("next", f"{path}?{query}"))
    return links


def _entries(base: str, page: list[Stored], beside: list[Stored]) -> Iterator[Entry]:
    for each in page:
        yield Entry(f"{base}/{each.ref}", each.content, "match")
    for each in beside:
        yield Entry(f"{base}/{each.ref}", each.content, "include")
