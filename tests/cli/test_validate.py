"""What deviates from the standard is told by location; the exit status says if anything does."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.usecases.ehr import siu

GOOD = siu(
    sch={6: "ROUTINE", 16: "F1^Filler", 20: "E1^Enterer"}, patient={3: "A1^^^H^MR", 5: "Ash^Ann"},
    more=("RGS|1",), people=(),
)  # fmt: skip


def a_file(folder: Path, *raws: bytes) -> Path:
    path = folder / "one.hl7"
    path.write_bytes(b"".join(raws))
    return path


def test_a_message_as_the_standard_says_has_no_deviation(run: Run, tmp_path: Path) -> None:
    result = run("validate", a_file(tmp_path, GOOD))
    assert result.exit_code == 0, result.output
    assert "version 2.5.1, SIU_S12: as the standard says" in result.output


@pytest.mark.parametrize(
    ("old", "new", "location", "rule", "used", "structure"),
    [
        (b"|2.5.1\r", b"|2.5.9\r", "MSH^1^12", "version", "2.5.1", "SIU_S12"),
        (b"|2.5.1\r", b"|\r", "MSH^1^12", "version", "2.5.1", "SIU_S12"),
        (b"^SIU_S12|", b"^SIU_S99|", "MSH^1^9^1^3", "structure", "2.5.1", "SIU_S12"),
        (b"SIU^S12^SIU_S12|", b"ZZZ^Z01|", "MSH^1^9^1^3", "structure", "2.5.1", ""),
        (b"||||ROUTINE|", b"|||||", "SCH^1^6", "required", "2.5.1", "SIU_S12"),
        (b"A1^^^H^MR|", b"|", "PID^1^3", "required", "2.5.1", "SIU_S12"),
        (b"RGS|1", b"RGS|1~2", "RGS^1^1", "cardinality", "2.5.1", "SIU_S12"),
    ],
)  # fmt: skip
def test_each_deviation_has_its_location_and_rule(
    run: Run, tmp_path: Path, old: bytes, new: bytes, location: str, rule: str, used: str,
    structure: str,
) -> None:  # fmt: skip
    assert old in GOOD
    result = run("validate", "--json", a_file(tmp_path, GOOD.replace(old, new)))
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert (told["used"], told["structure"]) == (used, structure)
    assert (location, rule) in [(each["location"], each["rule"]) for each in told["deviations"]]


def test_every_message_of_a_file_is_judged_and_the_lines_may_end_as_in_an_editor(
    run: Run, tmp_path: Path
) -> None:
    two = (GOOD + GOOD.replace(b"|P|", b"|X|")).replace(b"\r", b"\n")
    result = run("validate", a_file(tmp_path, two))
    assert result.output.count("SIU_S12") == 2


def test_what_is_told_can_be_read_by_people(run: Run, tmp_path: Path) -> None:
    result = run("validate", a_file(tmp_path, GOOD.replace(b"|2.5.1\r", b"|2.5.9\r")))
    assert "version 2.5.9, judged as 2.5.1" in result.output
    assert "MSH^1^12" in result.output


@pytest.mark.parametrize("content", [b"", b"PID|1\r"])
def test_what_is_no_message_cannot_be_judged(run: Run, tmp_path: Path, content: bytes) -> None:
    result = run("validate", a_file(tmp_path, content))
    assert result.exit_code == 2
    assert "no MSH" in result.output


def test_a_file_that_is_not_there_cannot_be_judged(run: Run, tmp_path: Path) -> None:
    assert run("validate", tmp_path / "none.hl7").exit_code == 2
