"""Can a person explain, check, suggest, try and compare profiles on the command line?"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_gateway.mapping.profile_files import read_profile
from tests.cli.conftest import Run
from tests.mapping.builders import siu
from tests.mapping.senders import FEEDS

PAS = FEEDS / "uk-pas"
ANN, DOE = "PID|1||A1||Ash^Ann", "AIP|1||D1^Doe"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "senders").mkdir()
    (tmp_path / "senders" / "pas.yaml").write_text(
        'application: PAS\nfacility: "*"\nzone: Europe/London\nstatuses: {"1": booked}\n'
    )
    monkeypatch.setenv("FHIR_GATEWAY_CONFIG_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "one.hl7"
    path.write_bytes(siu(ANN, DOE))
    return path


@pytest.mark.parametrize("who", [("pas",), ("--sender", "PAS", "ANY")])
def test_a_profile_is_explained_setting_by_setting(
    run: Run, config: Path, who: tuple[str, ...]
) -> None:
    shown = run("profile", "explain", *who)
    assert shown.exit_code == 0
    (zone,) = [line for line in shown.stdout.splitlines() if "│ zone " in line]
    assert "Europe/London" in zone
    assert "file" in zone
    (unit,) = [line for line in shown.stdout.splitlines() if "│ blank_unit " in line]
    assert "guess" in unit
    assert "default" in unit


def test_an_explanation_can_be_read_by_a_program(run: Run, config: Path) -> None:
    told = json.loads(run("profile", "explain", "pas", "--json").stdout)
    settings = {each["key"]: each for each in told["settings"]}
    assert (told["application"], told["facility"]) == ("PAS", "*")
    assert settings["statuses"]["value"] == {"1": "booked"}
    assert settings["statuses"]["given"] is True
    assert settings["status_fields"] | {"meaning": "", "allowed": ""} == {
        "key": "status_fields", "value": ["SCH-25"], "given": False, "meaning": "", "allowed": "",
    }  # fmt: skip


def test_who_is_not_described_has_the_default_profile(run: Run, config: Path) -> None:
    assert "(default)" in run("profile", "explain", "--sender", "X", "Y").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("explain",), "say a name or --sender APP FACILITY; there are: pas"),
        (("explain", "nobody"), "there is no profile nobody; there are: pas"),
        (("suggest",), "say either files of messages or --inbox"),
        (("suggest", "--inbox"), "--inbox needs --sender"),
        (("suggest", "nothing.hl7"), "No such file"),
        (("preview", "nothing.hl7"), "No such file"),
        (("diff", "--profile", "nothing.yaml"), "No such file"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_status_2(
    run: Run, config: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = run("profile", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_wrong_description_is_told_by_every_command(run: Run, config: Path) -> None:
    (config / "senders" / "x.yaml").write_text("application: X\nzone: Nowhere")
    for command in (("explain", "pas"), ("suggest", PAS), ("preview", PAS)):
        result = run("profile", *command)
        assert result.exit_code == 2
        assert "x.yaml: zone: 'Nowhere' is not an IANA time zone" in result.stderr


def test_files_are_checked(run: Run, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("application: A")
    bad.write_text("application: B\nstatus_fields: [SCH-99]\nzon: UTC")
    assert run("profile", "check", good).exit_code == 0
    result = run("profile", "check", good, bad)
    assert result.exit_code == 1
    assert "SCH has no field 99" in result.stdout
    assert "did you mean zone?" in result.stdout


def test_a_suggestion_shows_its_evidence_and_writes_a_file_that_is_good(
    run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "senders" / "pas.yaml"
    result = run("profile", "suggest", PAS, "--out", out)
    assert result.exit_code == 0
    assert "the present profile reads 17, the suggested one 21" in result.stdout
    assert "take statuses: 1: booked, 4: cancelled, 5: noshow" in result.stdout
    assert "+ '1' comes 7 of 7 times with events of booked" in result.stdout
    assert "- '3' comes 4x, only with events that say no status (S14)" in result.stdout
    assert run("profile", "check", out).exit_code == 0
    found = read_profile("pas", yaml.safe_load(out.read_text())).profile
    assert (found.events, found.blank_unit) == ({"Z02": "S14"}, "minutes")
    assert run("profile", "suggest", PAS, "--out", out).exit_code == 2


def test_a_suggestion_can_be_read_by_a_program(run: Run) -> None:
    told = json.loads(run("profile", "suggest", PAS, "--json").stdout)
    assert (told["sender"], told["messages"]) == (["PAS", "RXX"], 21)
    taken = {each["key"] for each in told["suggestions"] if each["taken"]}
    assert taken == {"zone", "events", "statuses", "blank_unit"}
    assert yaml.safe_load(told["yaml"])["application"] == "PAS"


def test_messages_of_several_senders_are_told_apart(run: Run, tmp_path: Path) -> None:
    both = tmp_path / "both.hl7"
    both.write_bytes(siu(ANN, DOE) + siu(ANN, DOE).replace(b"|EHR|", b"|LAB|"))
    result = run("profile", "suggest", both)
    assert result.exit_code == 2
    assert "say which with --sender: 'EHR' 'CLINIC'; 'LAB' 'CLINIC'" in result.stderr
    assert run("profile", "suggest", both, "--sender", "LAB", "*").exit_code == 0


def test_a_preview_shows_what_a_message_comes_to_and_which_field_says_so(
    run: Run, message: Path
) -> None:
    shown = run("profile", "preview", message)
    assert shown.exit_code == 0
    (family,) = [line for line in shown.stdout.splitlines() if "Patient.name[0].family" in line]
    assert family.split()[1:] == ["Ash", "PID^1^5^1^1"]


def test_a_message_can_be_pasted(run: Run) -> None:
    shown = run("profile", "preview", "--json", given=siu(ANN, DOE))
    (found,) = json.loads(shown.stdout)
    kinds = [each["resourceType"] for each in found["resources"]]
    assert kinds == ["Appointment", "Patient", "Practitioner"]
    assert found["provenance"]["Practitioner.name[0].family"] == ["AIP^1^3^1^2"]


def test_a_preview_of_what_is_refused_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "one.hl7"
    path.write_bytes(siu(sch={1: "", 2: ""}))
    shown = run("profile", "preview", path)
    assert shown.exit_code == 1
    assert "SCH^1^2, SCH^1^1" in shown.stdout


def test_a_changed_profile_shows_what_it_would_change(run: Run, config: Path) -> None:
    new = config / "new.yaml"
    new.write_text('application: PAS\nzone: Europe/London\nstatuses: {"1": pending}\n')
    shown = run("profile", "diff", "--profile", new, PAS)
    assert shown.exit_code == 0
    assert "Appointment.status: booked → pending" in shown.stdout
    assert "11 of 21 messages would come to something else." in shown.stdout
    told: dict[str, Any] = json.loads(
        run("profile", "diff", "--profile", new, PAS, "--json").stdout
    )
    assert (told["messages"], told["differ"]) == (21, 11)
    first = {each["path"]: each for each in told["changes"][0]["differences"]}
    assert first["Appointment.status"]["after"] == "pending"


def test_the_same_profile_changes_nothing(run: Run, config: Path) -> None:
    shown = run("profile", "diff", "--profile", config / "senders" / "pas.yaml", PAS)
    assert "0 of 21 messages would come to something else." in shown.stdout
