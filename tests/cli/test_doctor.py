"""Does `doctor` see what is and what is not in order?"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fhir_gateway.doctor import Finding, examine
from fhir_gateway.settings import Settings
from fhir_gateway.storage.cluster import SUPERUSER
from tests.cli.conftest import Run
from tests.conftest import Server


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


async def _examined(**settings: object) -> dict[str, Finding]:
    given = {"http_port": 0, "mllp_port": 0, "database_url": None, **settings}
    return {each[0]: each for each in await examine(Settings.model_validate(given))}


async def test_before_the_first_start_nothing_is_made(tmp_path: Path) -> None:
    found = await _examined(data_dir=tmp_path / "new")
    assert found["database"][1:] == (
        True,
        f"none in {tmp_path / 'new'} yet; `serve` makes one there",
    )
    assert os.listdir(tmp_path) == []


async def test_a_database_of_ones_own_is_looked_through(database_url: str) -> None:
    found = await _examined(database_url=database_url)
    assert all(ok for _, ok, _ in found.values())
    assert "from DATABASE_URL" in found["database"][2]
    assert found["slots of default"][2] == "every Slot says what is held"


async def test_a_database_that_cannot_be_reached_is_said_to_be_so() -> None:
    found = await _examined(database_url="postgresql://nobody@127.0.0.1:1/nothing")
    _, ok, text = found["database"]
    assert not ok
    assert text.startswith("The database cannot be reached")


@pytest.mark.parametrize(
    ("text", "name", "ok", "said"),
    [
        ("application: LAB", "lab", True, "lab"),
        ("application: LAB", "other", False, "a port names other; no file"),
        ("aplication: LAB", "lab", False, "lab.yaml: aplication: there is no such setting"),
    ],
)
async def test_descriptions_of_senders_are_looked_through(
    tmp_path: Path, text: str, name: str, ok: bool, said: str
) -> None:
    for kind in ("senders", "listeners"):
        (tmp_path / kind).mkdir()
    (tmp_path / "senders" / "lab.yaml").write_text(f"{text}\n")
    (tmp_path / "listeners" / "a.yaml").write_text(f"port: 0\nsender: {name}\n")
    found = await _examined(data_dir=tmp_path / "new", config_dir=tmp_path)
    assert found["senders"][1] is ok
    assert said in found["senders"][2]


@pytest.mark.parametrize("port", ["http", "mllp"])
async def test_a_port_that_somebody_else_has_is_said_to_be_so(
    taken: int, tmp_path: Path, port: str
) -> None:
    found = await _examined(data_dir=tmp_path / "new", **{f"{port}_port": taken})
    _, ok, text = found[f"{port} port"]
    assert not ok
    assert text == f"127.0.0.1:{taken}: Address already in use; choose another --{port}-port"


@pytest.mark.parametrize(
    ("content", "ok", "says"),
    [
        ("{sender: {application: A}, receiver: {application: B}, host: b, port: 1}", True, "ehr"),
        ("{host: b, prot: 1}", False, "prot: Extra inputs are not permitted"),
    ],
)
async def test_who_is_told_of_changes_is_said(
    tmp_path: Path, content: str, ok: bool, says: str
) -> None:
    (tmp_path / "destinations").mkdir()
    (tmp_path / "destinations" / "ehr.yaml").write_text(content, "utf-8")
    found = await _examined(data_dir=tmp_path / "new", config_dir=tmp_path)
    assert found["destinations"][1] is ok
    assert says in found["destinations"][2]


def test_what_is_not_in_order_is_told_by_the_exit_status(
    run: Run, taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FHIR_GATEWAY_HTTP_PORT", str(taken))
    result = run("doctor", "--data-dir", tmp_path / "new")
    assert result.exit_code == 1
    assert "fails" in result.stdout


def test_the_sql_for_an_administrator_can_be_copied(
    run: Run, servers: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = servers("embedded")
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
        connection.execute("CREATE DATABASE own OWNER plain")
        monkeypatch.setenv("DATABASE_URL", server.url("own", "plain"))
        result = run("doctor")
        connection.execute("DROP DATABASE own")
        connection.execute("DROP ROLE plain")
    assert result.exit_code == 1
    assert "An administrator has to run" in result.stdout
    grant = 'GRANT "fhir_gateway_owner", "fhir_gateway_app", "fhir_gateway_worker" TO "plain"'
    assert [line for line in result.stdout.splitlines() if line.startswith(grant)] != []
