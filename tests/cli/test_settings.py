"""Can everything be set from outside, as the README says?"""

import re

import pytest
from pydantic.fields import FieldInfo

from fhir_gateway.settings import Settings
from tests.cli.conftest import Run
from tests.house.tree import ROOT

_ROW = re.compile(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\| \S", re.MULTILINE)
#: Of the surroundings: they go by their usual names.
USUAL = {"database_url", "database_owner_url", "public_base_url"}


def _variable(name: str) -> str:
    return name.upper() if name in USUAL else f"FHIR_GATEWAY_{name.upper()}"


def _default(field: FieldInfo) -> str:
    return "" if field.default is None else str(field.default)


def test_the_readme_lists_every_setting_with_its_default() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Settings")[2]
    listed = dict(_ROW.findall(readme))
    fields = Settings.model_fields
    assert listed == {_variable(name): _default(field) for name, field in fields.items()}


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("http_port", "9000", 9000),
        ("offer_hold", "false", False),
        ("database_url", "postgresql://host/name", "postgresql://host/name"),
        ("waitlist_policy", "plan", "plan"),
    ],
)
def test_a_variable_of_the_environment_sets_it(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, value: object
) -> None:
    monkeypatch.setenv(_variable(name), given)
    assert getattr(Settings(), name) == value


def test_what_is_said_on_the_command_line_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FHIR_GATEWAY_HTTP_PORT", "9000")
    assert Settings(http_port=9001).http_port == 9001


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("FHIR_GATEWAY_HTTP_PORT", "many", "setting http_port"),
        ("FHIR_GATEWAY_SLOT_POLICY", "worst", "'plan' or 'best'"),
    ],
)
def test_a_setting_that_is_none_is_one_clear_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    result = run("doctor")
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
