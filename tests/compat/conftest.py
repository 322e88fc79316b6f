"""One gateway for all clients: a process of its own, with a small clinic in its database."""

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Copies, Server
from tests.flows.gateway import Gateway, a_gateway
from tests.usecases.builders import (
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
)

TIMES = ("09:00", "09:30", "10:00", "10:30", "11:00")
#: The first of these times is taken, by Patient/ann.
CLINIC = (
    a_practitioner(),
    a_patient("ann", name=[{"family": "Archer"}]),
    a_patient("bob"),
    a_schedule(),
    *map(a_slot, TIMES),
    an_appointment("09:00", id="booked"),
)


@pytest.fixture(scope="package")
def gateway(servers: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that believes a proxy on this machine."""
    settings = {
        "DATABASE_URL": Copies(servers).url("embedded"),
        "FHIR_GATEWAY_TRUSTED_PROXIES": "127.0.0.1",
    }
    with a_gateway(tmp_path_factory.mktemp("compat"), **settings) as running:
        for each in CLINIC:
            path = f"{running.base}/{each['resourceType']}/{each['id']}"
            assert httpx.put(path, json=each).status_code == 201
        yield running


@pytest.fixture(scope="package")
def http(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client of its FHIR base address."""
    with httpx.Client(base_url=gateway.base, timeout=20) as client:
        yield client


def outcome_of(response: httpx.Response) -> dict[str, Any]:
    """The first issue of an OperationOutcome."""
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"
    issue: dict[str, Any] = response.json()["issue"][0]
    assert issue["code"]
    assert issue["diagnostics"]
    assert issue["details"]["text"] not in ("", issue["diagnostics"])
    return issue


def run_script(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a script of one of the JavaScript clients."""
    return subprocess.run(
        ["node", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
