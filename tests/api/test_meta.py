"""Are labels told where they are?"""

from typing import Any

import pytest
from starlette.types import ASGIApp

from tests.api.builders import ask
from tests.usecases.builders import a_location, a_patient

NEW = {"system": "urn:t", "code": "new", "display": "New"}
VIP = {"code": "vip"}
SECRET = {"system": "urn:s", "code": "R"}


@pytest.fixture
async def labelled(clinic: ASGIApp) -> ASGIApp:
    people = (
        a_patient("ann", meta={"tag": [NEW, VIP], "profile": ["urn:p"]}),
        a_patient("bob", meta={"tag": [NEW], "security": [SECRET]}),
        a_location("room", meta={"tag": [{"system": "urn:t", "code": "old"}]}),
    )
    for each in people:
        await ask(clinic, f"/fhir/{each['resourceType']}/{each['id']}", "PUT", json=each)
    return clinic


async def meta(app: ASGIApp, address: str, method: str = "GET") -> dict[str, Any]:
    response = await ask(app, f"/fhir/{address}", method)
    assert response.status_code == 200, response.text
    (parameter,) = response.json()["parameter"]
    assert parameter["name"] == "return"
    value: dict[str, Any] = parameter["valueMeta"]
    return value


async def test_the_meta_of_a_resource_is_told(labelled: ASGIApp) -> None:
    told = await meta(labelled, "Patient/ann/$meta")
    assert told == (await ask(labelled, "/fhir/Patient/ann")).json()["meta"]
    assert told["tag"] == [NEW, VIP]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_labels_of_a_type_are_told(labelled: ASGIApp, method: str) -> None:
    assert await meta(labelled, "Patient/$meta", method) == {
        "profile": ["urn:p"],
        "security": [SECRET],
        "tag": [{"system": "urn:t", "code": "new"}, VIP],
    }


async def test_the_labels_of_all_types_are_told(labelled: ASGIApp) -> None:
    tags = (await meta(labelled, "$meta"))["tag"]
    assert [each["code"] for each in tags] == ["new", "old", "vip"]


async def test_where_there_are_none_none_are_told(clinic: ASGIApp) -> None:
    assert await meta(clinic, "Slot/$meta") == {}


@pytest.mark.parametrize(
    ("path", "status"), [("Patient/nobody/$meta", 404), ("Nonsense/$meta", 404)]
)
async def test_of_what_is_not_there_nothing_is_told(
    clinic: ASGIApp, path: str, status: int
) -> None:
    assert (await ask(clinic, f"/fhir/{path}")).status_code == status
