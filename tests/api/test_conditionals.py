"""How do clients write what they know by a search?

FHIR R4 sections 3.1.0.4.3 (update), 3.1.0.7.1 (delete) and 3.1.0.8.1 (create).
"""

import asyncio

import pytest
from starlette.types import ASGIApp

from fhir_gateway.usecases.deps import Deps
from tests.api.builders import BASE, ask, issue_of
from tests.api.bundling import MRN, bare_clinic, known_as, total
from tests.usecases.builders import a_patient

MATCH = f"identifier={MRN}|1"
IF_NONE_EXIST = {"If-None-Exist": MATCH}


@pytest.fixture
def app(deps: Deps) -> ASGIApp:
    return bare_clinic(deps)


async def test_what_is_there_already_is_not_created_again(app: ASGIApp) -> None:
    first = await ask(app, "/fhir/Patient", "POST", json=known_as("1"), headers=IF_NONE_EXIST)
    again = await ask(app, "/fhir/Patient", "POST", json=known_as("1"), headers=IF_NONE_EXIST)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("form", [f"?{MATCH}", f"Patient?{MATCH}", f"{BASE}/Patient?{MATCH}"])
async def test_the_condition_is_read_in_the_forms_that_clients_send(
    app: ASGIApp, form: str
) -> None:
    await ask(app, "/fhir/Patient", "POST", json=known_as("1"))
    headers = {"If-None-Exist": form}
    again = await ask(app, "/fhir/Patient", "POST", json=known_as("1"), headers=headers)
    assert again.status_code == 200


async def test_a_condition_in_the_address_of_a_creation_counts_as_well(app: ASGIApp) -> None:
    path = f"/fhir/Patient?{MATCH}"
    first = await ask(app, path, "POST", json=known_as("1"))
    again = await ask(app, path, "POST", json=known_as("1"))
    assert (first.status_code, again.status_code) == (201, 200)


async def test_of_64_creations_under_one_condition_one_creates(app: ASGIApp) -> None:
    patient = {"resourceType": "Patient", "name": [{"family": "Haddad"}]}
    spellings = ("family=Haddad&gender:missing=true", "gender:missing=true&family=Haddad")
    answers = await asyncio.gather(
        *(
            ask(app, "/fhir/Patient", "POST", json=patient,
                headers={"If-None-Exist": spellings[number % 2]})
            for number in range(64)
        )
    )  # fmt: skip
    codes = [each.status_code for each in answers]
    assert (codes.count(201), codes.count(200)) == (1, 63)
    assert len({each.json()["id"] for each in answers}) == 1
    assert await total(app, "Patient?family=Haddad") == 1


async def test_of_64_updates_of_one_version_one_is_done(app: ASGIApp) -> None:
    await ask(app, "/fhir/Patient/ann", "PUT", json=a_patient("ann"))
    answers = await asyncio.gather(
        *(
            ask(app, "/fhir/Patient/ann", "PUT", json=a_patient("ann", gender="female"),
                headers={"If-Match": 'W/"1"'})
            for _ in range(64)
        )
    )  # fmt: skip
    codes = [each.status_code for each in answers]
    assert (codes.count(200), codes.count(412)) == (1, 63)
    assert (await ask(app, "/fhir/Patient/ann")).headers["etag"] == 'W/"2"'


async def test_of_updates_that_may_replace_nothing_one_creates(app: ASGIApp) -> None:
    headers = {"If-None-Match": "*"}
    attempts = (
        ask(app, "/fhir/Patient/ann", "PUT", json=a_patient("ann"), headers=headers)
        for _ in range(8)
    )
    codes = [each.status_code for each in await asyncio.gather(*attempts)]
    assert (codes.count(201), codes.count(412)) == (1, 7)


async def test_an_update_by_search_creates_and_then_replaces(app: ASGIApp) -> None:
    path = f"/fhir/Patient?{MATCH}"
    created = await ask(app, path, "PUT", json=known_as("1"))
    assert created.status_code == 201
    replaced = await ask(app, path, "PUT", json=known_as("1", gender="female"))
    assert replaced.status_code == 200
    assert replaced.json()["id"] == created.json()["id"]
    assert replaced.headers["etag"] == 'W/"2"'
    same = known_as("1", id=created.json()["id"], gender="male")
    assert (await ask(app, path, "PUT", json=same)).headers["etag"] == 'W/"3"'


async def test_an_update_by_search_may_bring_the_id_of_a_new_resource(app: ASGIApp) -> None:
    path = f"/fhir/Patient?{MATCH}"
    created = await ask(app, path, "PUT", json=known_as("1", id="mine"))
    assert (created.status_code, created.json()["id"]) == (201, "mine")
    other = await ask(app, path, "PUT", json=known_as("1", id="another"))
    assert other.status_code == 400
    assert issue_of(other)["expression"] == ["Patient.id"]
    taken = await ask(app, "/fhir/Patient?identifier=x|2", "PUT", json=known_as("2", id="mine"))
    assert taken.status_code == 409


async def test_of_updates_by_one_search_one_creates(app: ASGIApp) -> None:
    path = "/fhir/Patient?family=Haddad"
    patient = {"resourceType": "Patient", "name": [{"family": "Haddad"}]}
    attempts = (ask(app, path, "PUT", json=patient) for _ in range(8))
    codes = [each.status_code for each in await asyncio.gather(*attempts)]
    assert (codes.count(201), codes.count(200)) == (1, 7)


async def test_an_update_by_search_goes_by_the_version_too(app: ASGIApp) -> None:
    path = f"/fhir/Patient?{MATCH}"
    await ask(app, path, "PUT", json=known_as("1"))
    stale = await ask(app, path, "PUT", json=known_as("1"), headers={"If-Match": 'W/"7"'})
    assert stale.status_code == 412
    absent = {"If-None-Match": "*"}
    assert (await ask(app, path, "PUT", json=known_as("1"), headers=absent)).status_code == 412


async def test_a_patch_by_search_changes_the_one_that_is_found(app: ASGIApp) -> None:
    path = f"/fhir/Patient?{MATCH}"
    assert (await ask(app, path, "PATCH", json={"gender": "male"})).status_code == 404
    await ask(app, path, "PUT", json=known_as("1"))
    patched = await ask(app, path, "PATCH", json={"gender": "male"})
    assert (patched.status_code, patched.json()["gender"]) == (200, "male")


async def test_a_deletion_by_search_deletes_the_one_that_is_found(app: ASGIApp) -> None:
    path = f"/fhir/Patient?{MATCH}"
    assert (await ask(app, path, "DELETE")).status_code == 204
    created = await ask(app, path, "PUT", json=known_as("1"))
    gone = await ask(app, path, "DELETE")
    assert (gone.status_code, gone.headers["etag"]) == (204, 'W/"2"')
    assert (await ask(app, f"/fhir/Patient/{created.json()['id']}")).status_code == 410


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
async def test_a_condition_that_selects_several_changes_nothing(app: ASGIApp, method: str) -> None:
    for name in ("ann", "bob"):
        await ask(app, f"/fhir/Patient/{name}", "PUT", json=a_patient(name, gender="female"))
    query, headers = {"POST": ("", {"If-None-Exist": "gender=female"})}.get(
        method, ("?gender=female", {})
    )
    body = {"resourceType": "Patient", "active": True}
    response = await ask(app, f"/fhir/Patient{query}", method, json=body, headers=headers)
    assert response.status_code == 412
    assert issue_of(response)["code"] == "multiple-matches"
    assert await total(app, "Patient?active:missing=true") == 2


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize(
    ("condition", "status"), [("", 412), ("_count=1", 412), ("nonsense=1", 400)]
)
async def test_a_condition_that_says_nothing_changes_nothing(
    app: ASGIApp, method: str, condition: str, status: int
) -> None:
    await ask(app, "/fhir/Patient/ann", "PUT", json=a_patient("ann"))
    query, headers = {"POST": ("", {"If-None-Exist": condition})}.get(
        method, (f"?{condition}", {"Prefer": "handling=lenient"})
    )
    body = {"resourceType": "Patient", "active": True}
    response = await ask(app, f"/fhir/Patient{query}", method, json=body, headers=headers)
    assert response.status_code == status
    assert await total(app, "Patient?active:missing=true") == 1
