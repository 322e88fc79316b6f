"""Do `demo message`, `demo data` and `version` print what they promise?"""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from fhir_gateway.demo.messages import EVENTS
from fhir_gateway.hl7.message import Message
from tests.cli.conftest import Run

AT = "2026-11-24T09:20:00Z"


@pytest.mark.parametrize("event", EVENTS)
def test_a_message_comes_raw_with_cr(run: Run, event: str) -> None:
    result = run("demo", "message", event.lower(), "--at", AT)
    raw = result.stdout_bytes
    assert result.exit_code == 0
    assert Message.parse(raw).event == ("SIU", event, "SIU_S12")
    assert raw.endswith(b"\r")
    assert b"\n" not in raw


def test_a_message_goes_to_a_file(run: Run, tmp_path: Path) -> None:
    result = run("demo", "message", "s12", "--at", AT, "--out", tmp_path / "s12.hl7")
    assert result.stdout == ""
    assert Message.parse((tmp_path / "s12.hl7").read_bytes()).event[1] == "S12"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("s99",), "S12, S13"),
        (("s12", "--at", "tomorrow"), "an instant is"),
        (("s12", "--at", AT, "--out", "/nowhere/s12.hl7"), "No such file"),
        (("s15", "--appointment", "A1", "--base", "http://127.0.0.1:1/fhir"), "no gateway answers"),
    ],
)
def test_what_cannot_be_written_is_one_clear_line(
    run: Run, arguments: tuple[str, ...], says: str
) -> None:
    result = run("demo", "message", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_same_seed_and_moment_give_the_same_bytes(run: Run) -> None:
    first, again, other = (
        run("demo", "data", "--at", AT, "--seed", seed).stdout_bytes for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_data_is_one_resource_a_line(run: Run, tmp_path: Path) -> None:
    run("demo", "data", "--at", AT, "--out", tmp_path / "clinic.ndjson")
    lines = (tmp_path / "clinic.ndjson").read_bytes().splitlines()
    kinds = [json.loads(line)["resourceType"] for line in lines]
    assert kinds[0] == "Organization"
    assert kinds.count("Patient") == 300


def test_the_module_and_the_console_script_are_the_same_command() -> None:
    script = Path(sys.executable).with_name("fhir-gateway")
    for command in ([sys.executable, "-m", "fhir_gateway"], [str(script)]):
        shown = subprocess.run([*command, "version"], capture_output=True, text=True, check=True)
        assert shown.stdout.strip() == version("fhir-gateway")


def test_without_a_command_the_commands_are_listed(run: Run) -> None:
    listing = run().stdout
    for command in ("serve", "send", "demo", "doctor", "version"):
        assert command in listing
