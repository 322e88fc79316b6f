import subprocess
import sys

import pytest

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.hl7.ack import AckCode, acknowledge, refuse
from fhir_gateway.hl7.conformance import Deviation, compare, report
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.peek import peek
from tests.hl7.conftest import NOW, SAMPLES, message

VERSIONS = ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.2"]


@pytest.mark.parametrize("version", VERSIONS)
def test_our_acknowledgements_conform_to_the_version_of_the_message(version: str) -> None:
    found = peek(message("1").replace(b"2.5.1", version.encode()))
    raw = acknowledge(found, AckCode.AA, control_id="gw-1", now=NOW)
    assert [each for each in report(raw) if each.severity == "error"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_our_refusals_conform_to_the_version_of_the_message(version: str) -> None:
    found = peek(message("1").replace(b"2.5.1", version.encode()))
    error = fail(Category.UNPROCESSABLE, "unknown status", "SCH^1^25", code="code-invalid")
    raw = refuse(found, error, control_id="gw-1", now=NOW)
    assert [each for each in report(raw) if each.severity == "error"] == []


def test_deviations_are_located() -> None:
    raw = (SAMPLES / "microsoft_FHIR-Converter__SIU-S12-01.hl7").read_bytes()
    found = report(raw)
    assert (
        Deviation("error", "SCH^1^12", "Child limit exceeded SCH_12.XCN_7", "cardinality") in found
    )
    assert len(found) > 10


def test_a_structure_nobody_defined_is_a_deviation() -> None:
    raw = message("1").replace(b"SIU_S12", b"SIU_S99")
    assert (report(raw)[0].location, report(raw)[0].rule) == ("MSH^1^9^1^3", "structure")


def test_a_version_without_tables_is_a_deviation() -> None:
    told = compare(message("1").replace(b"2.5.1", b"3.0"))
    assert (told.declared, told.used, told.structure) == ("3.0", "2.8.2", "SIU_S12")
    assert told.deviations[0].location == "MSH^1^12"


def test_what_is_no_message_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        report(b"hello")


def test_hl7apy_is_loaded_only_when_it_is_asked() -> None:
    program = (
        "import sys, fhir_gateway.hl7.conformance, fhir_gateway.hl7.server;"
        "sys.exit('hl7apy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
