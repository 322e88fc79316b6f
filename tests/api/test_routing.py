"""Is everything that is declared routed, and nothing else?"""

import pytest

from fhir_gateway.fhir.catalogue import CATALOGUE
from tests.api.builders import Shelf, an_app, an_operation, ask, issue_of


@pytest.mark.parametrize("name", CATALOGUE)
async def test_every_type_of_the_catalogue_is_served(name: str) -> None:
    shelf = Shelf()
    shelf.put({"resourceType": name, "id": "x1"})
    app = an_app(shelf)
    paths = ("x1", "x1/_history", "x1/_history/1", "_search", "?_id=x1")
    codes = [(await ask(app, f"/fhir/{name}/{path}")).status_code for path in paths]
    assert codes == [200] * 5


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("", "GET, POST, OPTIONS, HEAD"),
        ("/metadata", "GET, HEAD, OPTIONS"),
        ("/Slot", "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("/Slot/_search", "GET, POST, HEAD, OPTIONS"),
        ("/Slot/s1", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("/Slot/s1/_history", "GET, HEAD, OPTIONS"),
        ("/Slot/_history", "GET, HEAD, OPTIONS"),
        ("/_history", "GET, HEAD, OPTIONS"),
        ("/Slot/s1/_history/1", "GET, HEAD, OPTIONS"),
        ("/Slot/$count", "GET, POST, HEAD, OPTIONS"),
        ("/StructureDefinition/score", "GET, HEAD, OPTIONS"),
        ("/StructureDefinition", "GET, HEAD, OPTIONS"),
    ],
)
@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "PROPFIND"])
async def test_another_method_is_answered_with_those_that_are_taken(
    path: str, allow: str, method: str
) -> None:
    response = await ask(an_app(None, an_operation()), f"/fhir{path}", method)
    assert response.status_code == 405
    assert response.headers["allow"] == allow
    assert allow in issue_of(response)["diagnostics"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/fhir/Observation", "is not served here"),
        ("/fhir/Observation/1", "is not served here"),
        ("/fhir/slot", "is no resource type of R4"),
        ("/fhir/nonsense/1/2/3/4", "is no resource type of R4"),
        ("/fhir/.well-known/smart-configuration", "is no resource type of R4"),
    ],
)
async def test_an_unknown_type_is_not_found_and_the_served_ones_are_named(
    path: str, says: str
) -> None:
    response = await ask(an_app(), path)
    assert response.status_code == 404
    issue = issue_of(response)
    assert says in issue["diagnostics"]
    assert "Appointment, AppointmentResponse" in issue["diagnostics"]


@pytest.mark.parametrize(
    "path",
    [
        "/fhir/Slot/_nonsense",
        "/fhir/Slot/s1/_nonsense",
        "/fhir/Slot/s1/nonsense",
        "/fhir/Slot/s1/_history/1/2",
        "/fhir/Slot/s1/x/1",
        "/fhir/metadata/1",
    ],
)
async def test_an_address_that_stands_for_nothing_is_not_found(path: str) -> None:
    response = await ask(an_app(), path)
    assert response.status_code == 404
    assert issue_of(response)["diagnostics"]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/fhir", "GET"),
        ("/fhir/", "GET"),
        ("/fhir/_search", "POST"),
        ("/fhir/Patient/p1/Slot", "GET"),
        ("/fhir/Location/l1/Appointment", "GET"),
        ("/fhir/StructureDefinition/score/_history", "GET"),
    ],
)
async def test_what_r4_knows_and_we_do_not_offer_is_called_that(path: str, method: str) -> None:
    response = await ask(an_app(), path, method)
    assert response.status_code == 501
    assert issue_of(response)["code"] == "not-supported"


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("Patient/p1/Appointment?_count=1", "GET"),
        ("Patient/p1/Appointment/_search?_count=1", "GET"),
        ("Patient/p1/Appointment/_search?_count=1", "POST"),
    ],
)
async def test_a_compartment_is_searched_within_one_patient(path: str, method: str) -> None:
    shelf = Shelf()
    bundle = (await ask(an_app(shelf), f"/fhir/{path}", method)).json()
    assert (shelf.asked[0].type, shelf.asked[0].patient) == ("Appointment", "p1")
    assert bundle["link"][0]["url"].endswith("/fhir/Patient/p1/Appointment?_count=1")


@pytest.mark.parametrize("id_", ["p 1", "p" * 65])
async def test_nobody_has_a_compartment_under_an_id_that_cannot_be(id_: str) -> None:
    assert (await ask(an_app(), f"/fhir/Patient/{id_}/Appointment")).status_code == 404
