"""Do the commands for messages to other systems show and do what they say?"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.ids import RandomIds
from fhir_gateway.demo.messages import demo_message
from fhir_gateway.hl7.ack import AckCode, acknowledge
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import peek
from fhir_gateway.storage import dispatches
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.roles import Role
from fhir_gateway.storage.tenants import all_tenants, signing_key
from fhir_gateway.usecases import send_v2
from fhir_gateway.usecases.deps import Deps
from tests.cli.conftest import Run
from tests.cli.listener import NOW, Listener
from tests.usecases.clinic import TENANT, Clinic
from tests.workers.receiver import a_destination

S12 = demo_message("S12", now=NOW)


async def _refused(url: str) -> None:
    """Ann's booking is refused by the EHR; her cancellation waits behind it, Bob's booking not."""
    database = await open_database(url, size=4)
    tenants = {each.id: each for each in await all_tenants(database)}
    told = a_destination(1)
    key = await signing_key(database)
    deps = Deps(database, Role.WORKER, SystemClock(), RandomIds(), tenants, key)
    clinic = Clinic(replace(deps, destinations={TENANT: (told,)}))
    await clinic.settle()
    booked = await clinic.book()
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.book("09:30", patient="bob")
    async with database.transaction(TENANT) as tx:
        (first, *_) = await dispatches.claim(tx, told.name, 1)
    refusal = acknowledge(peek(first.raw), AckCode.AE, control_id="1", now=NOW)
    await send_v2.answered(clinic.deps, TENANT, told, refusal, 0.5)
    await database.close()


@pytest.fixture
def refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three messages in the database that the commands see, the first of them refused."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    asyncio.run(_refused(database_url))


def listed(run: Run, *options: str) -> list[dict[str, Any]]:
    """What `list` shows, the oldest first."""
    found: list[dict[str, Any]] = json.loads(
        run("outbound", "list", "--json", *options).stdout
    )  # fmt: skip
    return found[::-1]


def states(run: Run, *options: str) -> list[str]:
    return [each["state"] for each in listed(run, *options)]


@pytest.mark.usefixtures("refused")
def test_messages_are_listed_and_shown(run: Run) -> None:
    first, behind, other = listed(run)
    assert [each["event"] for each in (first, behind, other)] == ["SIU^S12", "SIU^S15", "SIU^S12"]
    assert [each["blocked"] for each in (first, behind, other)] == [False, True, False]
    assert states(run, "--state", "rejected") == ["rejected"]
    assert states(run, "--destination", "nobody") == []
    table = run("outbound", "list").stdout
    assert "waits for an earlier one" in table
    assert "AE: 207" in table
    shown = run("outbound", "show", first["id"]).stdout
    assert "MSA|AE|" in shown
    assert f"control_id: {first['control_id']}" in shown
    assert json.loads(run("outbound", "show", first["id"], "--json").stdout)["attempts"] == 1


@pytest.mark.usefixtures("refused")
def test_a_stuck_message_is_sent_again_once(run: Run) -> None:
    first, behind, _ = listed(run)
    assert run("outbound", "retry", first["id"]).exit_code == 0
    assert states(run) == ["sent", "queued", "queued"]
    result = run("outbound", "retry", behind["id"])
    assert (result.exit_code, result.stdout.strip()) == (1, f"{behind['id']} is not stuck")


@pytest.mark.usefixtures("refused")
def test_all_that_is_stuck_is_sent_again(run: Run) -> None:
    assert run("outbound", "retry", "--all", "--destination", "lab").stdout == ""
    assert run("outbound", "retry", "--all").exit_code == 0
    assert states(run) == ["sent", "queued", "queued"]


@pytest.mark.usefixtures("refused")
def test_a_message_is_skipped_once(run: Run) -> None:
    first, *_ = listed(run)
    assert run("outbound", "skip", first["id"]).exit_code == 0
    assert states(run) == ["skipped", "queued", "queued"]
    assert not any(each["blocked"] for each in listed(run))
    assert run("outbound", "skip", first["id"]).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "999"), "there is no message 999"),
        (("list", "--tenant", "nowhere"), "there is no tenant 'nowhere'"),
        (("retry",), "name messages, or give --all"),
        (("retry", "1", "--all"), "name messages, or give --all"),
    ],
)
@pytest.mark.usefixtures("refused")
def test_what_is_not_there_is_said(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run("outbound", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


@contextmanager
def a_receiver(*options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`listen` in a process of its own; where it is, and itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fhir_gateway", "listen", "--port", "0", *options],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = re.search(r"127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        yield found[0], process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_receiver_shows_answers_and_tells_back(
    run: Run, listener: Listener, tmp_path: Path
) -> None:
    (tmp_path / "s12.hl7").write_bytes(S12)
    back = f"127.0.0.1:{listener.port}"
    with a_receiver("--count", "1", "--echo", "--to", back) as (place, process):
        assert run("send", tmp_path / "s12.hl7", "--to", place).stdout.startswith("AA")
        shown, _ = process.communicate(timeout=30)
        assert process.returncode == 0
    assert S12.decode().replace("\r", "\n").strip() in shown
    assert "echo answered AA" in shown
    (echo,) = (Message.parse(each) for each in listener.received)
    sent = Message.parse(S12)
    assert echo.sender == (sent.msh.text(5), sent.msh.text(6))
    assert echo.control_id != sent.control_id
    assert echo.all("PID")[0].raw == sent.all("PID")[0].raw


def test_a_receiver_refuses_where_it_is_told_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s12.hl7").write_bytes(S12)
    with a_receiver("--answer", "ar", "--count", "1") as (place, process):
        result = run("send", tmp_path / "s12.hl7", "--to", place)
        process.communicate(timeout=30)
    assert (result.exit_code, result.stdout[:2]) == (1, "AR")


@pytest.mark.usefixtures("refused")
def test_the_state_of_each_destination_is_shown(run: Run) -> None:
    (row, *_) = json.loads(run("outbound", "status", "--json").stdout)
    assert (row["states"]["rejected"], row["atFault"]) == (1, 1)
    assert "1 wait for people" in row["warnings"]
    assert run("outbound", "status", "--check").exit_code == 1
    assert row["destination"] in run("outbound", "status").stdout
