"""Is what the gateway publishes and answers valid R4, in the eyes of those who have no part in it?

Judged by the definitions that HL7 has published, through a validator of others.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from fhir_gateway.core.refs import walk_references
from fhir_gateway.demo.clinic import sample_clinic
from fhir_gateway.fhir.capability import DEFINED
from tests.compat.conftest import run_script
from tests.compat.installing import HERE, missing
from tests.usecases.builders import later

MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

_R4 = HERE / "node_modules" / "@medplum" / "definitions" / "dist" / "fhir" / "r4"
#: Most of one type that are taken from the sample clinic.
_MOST = 14
#: Published outside R4: FHIR Bulk Data Access 2.0.
BULK_DATA = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"

LENIENT = {"prefer": "handling=lenient"}

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the validator says.

    Attributes:
        counts: How many resources of each kind were looked at.
        wrong: What is wrong with them.
        operations: Canonical address -> code, of the operations that HL7 has published.
    """

    counts: dict[str, int]
    wrong: dict[str, list[str]]
    operations: dict[str, str]


def our_own(http: httpx.Client, type_name: str) -> list[Resource]:
    return contents(http.get(f"/{type_name}").json())


def sample() -> Iterator[Resource]:
    """A part of the sample clinic; what it refers to is in it."""
    chosen: set[str] = set()
    count: Counter[str] = Counter()
    for each in sample_clinic(datetime.now(UTC)).resources:
        kind = each["resourceType"]
        if count[kind] < _MOST and _targets(each) <= chosen:
            count[kind] += 1
            chosen.add(f"{kind}/{each['id']}")
            yield each


def _targets(resource: Resource) -> set[str]:
    return {found["reference"] for _, found in walk_references(resource, "")}


def of_the_clinic(http: httpx.Client) -> list[Resource]:
    """What the gateway makes of a part of the sample clinic."""
    entries = [
        {
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in sample()
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = http.post("/", json=bundle, timeout=60)
    assert answer.status_code == 200, answer.text[:2000]
    return [answer.json(), *contents(answer.json())]


def published_by_us(http: httpx.Client) -> list[Resource]:
    bundles = [http.get(f"/{name}").json() for name in DEFINED]
    inside = [each for bundle in bundles for each in contents(bundle)]
    return [http.get("/metadata").json(), *bundles, *inside]


def answered(http: httpx.Client) -> list[Resource]:
    """Answers of all kinds, after the clinic is there."""
    booked = http.get("/Appointment/booked").json()
    again = {name: value for name, value in booked.items() if name not in ("id", "meta")}
    time = {"start": booked["start"], "end": later(booked["start"], 150)}
    taken = time | {"actor": "Practitioner/p1"}
    answers = {
        http.get("/Appointment?status=booked&_include=Appointment:slot&_count=50"): 200,
        http.get("/Slot?_summary=true&_count=20"): 200,
        http.get("/Patient?_elements=name&colour=red", headers=LENIENT): 200,
        http.get("/_history?_count=100"): 200,
        http.get("/Patient/ann/$everything"): 200,
        http.get("/Patient/ann/$meta"): 200,
        http.get("/Appointment/$check-conflicts", params=taken): 200,
        http.get("/Appointment/$find-optimal-slots", params=time): 200,
        http.post("/Appointment", json=again): 409,
        http.post("/Patient/$validate", json={"resourceType": "Patient", "gender": "f"}): 200,
        http.get("/Nonsense"): 404,
    }
    assert [each.status_code for each in answers] == list(answers.values())
    bundles = [each.json() for each in answers]
    return [*bundles, *(each for bundle in bundles for each in contents(bundle))]


def contents(bundle: Resource) -> list[Resource]:
    return [each["resource"] for each in bundle.get("entry", ()) if "resource" in each]


@pytest.fixture(scope="module")
def judged(http: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    slot = {"resourceType": "Slot", "id": "s", "status": "free", "colour": "red"}
    kinds = {
        "published": published_by_us(http),
        "clinic": of_the_clinic(http),
        "answers": answered(http),
        "at fault": [slot],
    }
    resources = [(kind, each) for kind, found in kinds.items() for each in found]
    file = tmp_path_factory.mktemp("judged") / "resources.ndjson"
    file.write_text("\n".join(json.dumps(each) for _, each in resources), encoding="utf-8")
    run = run_script(str(HERE / "clients" / "validate.js"), str(file))
    assert run.returncode == 0, run.stderr[-2000:]
    wrong: dict[str, list[str]] = {kind: [] for kind in kinds}
    told = json.loads(run.stdout)
    for line, severity, text in told["wrong"]:
        kind, resource = resources[line]
        name = f"{resource['resourceType']}/{resource.get('id')}"
        wrong[kind].append(f"{severity}: {name}: {text}")
    counts = {kind: len(found) for kind, found in kinds.items()}
    return Judgement(counts, wrong, told["operations"])


def test_a_resource_at_fault_is_found(judged: Judgement) -> None:
    """A judge who finds nothing would be of no use."""
    assert any("colour" in each for each in judged.wrong["at fault"])


@pytest.mark.parametrize(("kind", "least"), [("published", 30), ("clinic", 100), ("answers", 100)])
def test_what_the_gateway_sends_is_valid(judged: Judgement, kind: str, least: int) -> None:
    assert judged.counts[kind] >= least
    assert judged.wrong[kind] == []


def test_every_search_parameter_is_the_one_that_is_published(http: httpx.Client) -> None:
    bundle = json.loads((_R4 / "search-parameters.json").read_bytes())
    known = {each["url"]: each for each in [*contents(bundle), *our_own(http, "SearchParameter")]}
    for each in http.get("/metadata").json()["rest"][0]["resource"]:
        for stated in each["searchParam"]:
            found = known[stated["definition"]]
            assert (found["code"], found["type"]) == (stated["name"], stated["type"])
            assert {each["type"], "Resource", "DomainResource"} & set(found["base"])


def test_every_operation_has_a_definition_that_can_be_found(
    http: httpx.Client, judged: Judgement
) -> None:
    own = {each["url"]: each["code"] for each in our_own(http, "OperationDefinition")}
    known = judged.operations | own
    rest = http.get("/metadata").json()["rest"][0]
    places = [rest, *rest["resource"]]
    stated = [one for each in places for one in each.get("operation", ())]
    assert len(stated) > len(rest["resource"])
    for each in stated:
        if not each["definition"].startswith(BULK_DATA):
            assert known[each["definition"]] == each["name"]
