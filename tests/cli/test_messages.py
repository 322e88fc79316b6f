"""The messages of the inbox on the command line, beside the database of a gateway."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.ids import RandomIds
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.roles import Role
from fhir_gateway.storage.tenants import all_tenants, signing_key
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.receive_v2 import receive
from tests.cli.conftest import Run
from tests.mapping.builders import siu

ANN, DOE = "PID|1||A1||Ash^Ann", "AIP|1||D1^Doe"
GOOD = siu(ANN, DOE, sch={2: "F-1"})
VISIT = siu(ANN, DOE, "PV1|1|O" + "|" * 17 + "V-7", sch={1: "", 2: ""})

Received = Callable[..., None]


async def _receive(url: str, raws: tuple[bytes, ...]) -> None:
    database = await open_database(url, size=2)
    tenants = {each.id: each for each in await all_tenants(database)}
    key = await signing_key(database)
    deps = Deps(database, Role.WORKER, SystemClock(), RandomIds(), tenants, key)
    for raw in raws:
        await receive(deps, 1, raw, "198.51.100.7:4711")
    await database.close()


@pytest.fixture
def received(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Received:
    """Lets messages come in, at the database that the commands see."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda *raws: asyncio.run(_receive(database_url, raws))


def listed(run: Run, *options: str) -> list[tuple[str, str]]:
    """Control id and state of what `list` shows."""
    rows = json.loads(run("messages", "list", "--json", *options).stdout)
    return [(each["controlId"], each["state"]) for each in rows]


def named(raw: bytes, control_id: str) -> bytes:
    return raw.replace(b"|M-1|", f"|{control_id}|".encode())


def number_of(run: Run, control_id: str) -> str:
    (row,) = json.loads(run("messages", "list", "--json", "--control-id", control_id).stdout)
    return str(row["id"])


def test_messages_are_listed_the_newest_first_and_found(run: Run, received: Received) -> None:
    received(named(GOOD, "C-1"), named(VISIT, "C-2"))
    assert listed(run) == [("C-2", "error"), ("C-1", "sent")]
    assert listed(run, "--state", "error") == [("C-2", "error")]
    assert listed(run, "--mrn", "A1", "--limit", "1") == [("C-2", "error")]
    assert listed(run, "--appointment", "F-1") == [("C-1", "sent")]
    assert listed(run, "--sender", "EHR", "*", "--since", "2020-01-01") == listed(run)
    assert listed(run, "--until", "2020-01-01T00:00:00Z") == []
    table = run("messages", "list").stdout
    assert "EHR/CLINIC" in table
    assert "neither a filler id (SCH-2) nor a placer id (SCH-1) (SCH^1^2, SCH^1^1)" in table


@pytest.mark.parametrize("state", ["transformed", "queued"])
def test_a_state_in_which_nothing_rests_says_so(run: Run, received: Received, state: str) -> None:
    result = run("messages", "list", "--state", state)
    assert "No such message." in result.stdout
    assert f"No message stays '{state}'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("list", "--state", "lost"), "there is no state 'lost'; there are received"),
        (("list", "--since", "yesterday"), "--since yesterday"),
        (("show", "999999"), "There is no message 999999"),
        (("list", "--tenant", "north"), "there is no tenant north; there are default"),
        (("replay",), "say which"),
        (("skip", "1", "--reason", " "), "A reason is needed"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_status_2(
    run: Run, received: Received, arguments: tuple[str, ...], says: str
) -> None:
    result = run("messages", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_message_is_shown_as_it_came_as_fhir_and_with_its_answer(
    run: Run, received: Received
) -> None:
    received(named(GOOD, "C-1"))
    shown = run("messages", "show", number_of(run, "C-1"), "--provenance").stdout
    assert "PID|1||A1||Ash^Ann" in shown
    assert "MSA|AA|C-1" in shown
    assert "It amounts to S12." in shown
    assert "PID^1^5^1^1" in shown
    assert '"resourceType": "Appointment"' in shown
    told = json.loads(run("messages", "show", number_of(run, "C-1"), "--json").stdout)
    assert told["stored"]["status"] == "booked"
    assert told["fhir"]["resources"][0]["start"] == told["stored"]["start"]
    assert told["answer"].startswith("MSH|")


def test_what_waits_is_applied_once_the_profile_of_its_sender_is_there(
    run: Run, received: Received, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(named(VISIT, "C-1"), named(GOOD, "C-2"))
    without = run("messages", "replay", "--all")
    assert (without.exit_code, without.stdout.splitlines()[-1]) == (1, "1 error")
    (tmp_path / "senders").mkdir()
    path = tmp_path / "senders" / "ehr.yaml"
    path.write_text("application: EHR\nidentity_fields: [PV1-19]\n")
    monkeypatch.setenv("FHIR_GATEWAY_CONFIG_DIR", str(tmp_path))
    done = run("messages", "replay", "--sender", "EHR", "CLINIC")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "1 applied")
    assert listed(run, "--mrn", "A1") == [("C-2", "sent"), ("C-1", "sent")]
    assert run("messages", "replay", "--all").stdout.strip() == "Nothing waits."
    again = run("messages", "replay", number_of(run, "C-1"))
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (1, "1 not-waiting")


def test_what_waits_is_skipped_with_a_reason(run: Run, received: Received) -> None:
    received(named(VISIT, "C-1"), named(GOOD, "C-2"))
    one, other = number_of(run, "C-1"), number_of(run, "C-2")
    result = run("messages", "skip", one, other, "--reason", "sent by mistake")
    assert result.exit_code == 1
    assert f"not waiting, left as they are: {other}" in result.stdout
    assert listed(run) == [("C-2", "sent"), ("C-1", "filtered")]
    assert "skipped: sent by mistake" in run("messages", "list").stdout


def test_a_profile_is_suggested_and_compared_with_the_messages_of_the_inbox(
    run: Run, received: Received, tmp_path: Path
) -> None:
    received(*(named(VISIT.replace(b"V-7", f"V-{n // 2}".encode()), f"C-{n}") for n in range(8)))
    out = tmp_path / "ehr.yaml"
    suggested = run("profile", "suggest", "--inbox", "--sender", "EHR", "CLINIC", "--out", out)
    assert "the present profile reads 0, the suggested one 8" in suggested.stdout
    compared = run("profile", "diff", "--profile", out)
    assert "outcome: refused: the appointment has neither" in compared.stdout
    assert "8 of 8 messages would come to something else." in compared.stdout
    assert listed(run, "--state", "error", "--limit", "100") == listed(run, "--limit", "100")


def test_without_a_database_nothing_is_made(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    result = run("messages", "list", "--data-dir", tmp_path / "new")
    assert result.exit_code == 2
    assert "There is no database in" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_message_is_corrected_from_a_file(run: Run, received: Received, tmp_path: Path) -> None:
    received(named(VISIT, "C-1"))
    number = number_of(run, "C-1")
    right = tmp_path / "right.hl7"
    right.write_bytes(named(GOOD, "C-1"))
    edit = ("messages", "edit", number, "--reason", "no id", "--file", right, "--by", "Eve")
    declined = run(*edit, given="n\n")
    assert (declined.exit_code, listed(run)) == (1, [("C-1", "error")])
    done = run(*edit, "--yes")
    assert "SCH^1^2" in done.stdout
    assert "read: S12" in done.stdout
    assert f"which corrects {number}" in done.stdout
    assert listed(run) == [("C-1", "sent"), ("C-1", "filtered")]
    assert "corrected: as " in run("messages", "list").stdout
    assert run(*edit, "--yes").exit_code == 2


def test_a_correction_that_is_applied_no_more_is_not_called_applied(
    run: Run, received: Received, tmp_path: Path
) -> None:
    received(named(VISIT, "C-1"), named(GOOD, "C-2").replace(b"S12", b"S13"))
    right = tmp_path / "right.hl7"
    right.write_bytes(named(GOOD, "C-1"))
    number = number_of(run, "C-1")
    done = run("messages", "edit", number, "--reason", "no id", "--file", right, "--yes")
    assert done.exit_code == 0
    assert "not applied, since a newer message had been; kept as message" in done.stdout


def test_a_message_is_corrected_in_an_editor(
    run: Run, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(named(VISIT, "C-1"))
    number = number_of(run, "C-1")
    edit = ("messages", "edit", number, "--reason", "no id", "--yes")
    monkeypatch.setenv("VISUAL", "true")
    assert "nothing has been changed" in run(*edit).stderr
    monkeypatch.setenv("VISUAL", "sed -i 's/^SCH||/SCH||F-9/'")
    assert run(*edit).exit_code == 0
    assert listed(run, "--appointment", "F-9") == [("C-1", "sent")]


def test_the_state_of_each_feed_is_shown(run: Run, received: Received) -> None:
    assert "Nothing has been sent or described yet." in run("messages", "status").stdout
    received(named(GOOD, "C-1"), named(VISIT, "C-2"))
    (row,) = json.loads(run("messages", "status", "--json").stdout)
    assert (row["sender"], row["states"]) == (["EHR", "CLINIC"], {"sent": 1, "error": 1})
    assert "1 wait for people" in run("messages", "status").stdout
    assert run("messages", "status").exit_code == 0
    assert run("messages", "status", "--check").exit_code == 1
