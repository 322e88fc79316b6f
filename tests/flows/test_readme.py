"""Is the README true? Its walk-through is run as it stands, against a real process."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fhir_gateway.usecases.operations import OPERATIONS
from tests.flows.gateway import Gateway, a_gateway
from tests.house.tree import ROOT

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCK = re.compile(
    r"^```sh\n(?P<script>.*?)^```$(?:\n\n→ (?P<seen>[^\n]*))?", re.MULTILINE | re.DOTALL
)
_ROW = re.compile(r"(?m)^\|[^|]+\|(?P<commands>[^|]+)\| (?P<status>\d{3}) \|$")
_STATUS_OF = "curl -s -o /dev/null -w '%{http_code}'"
_MARK = "@@@ block"


@dataclass(frozen=True, slots=True)
class Block:
    """What the reader copies, and what the README says will be seen, in order."""

    script: str
    seen: tuple[str, ...]


def _text_of(section: str) -> str:
    return README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]


def _blocks(section: str) -> list[Block]:
    return [
        Block(match["script"], tuple(re.findall(r"`([^`]+)`", match["seen"] or "")))
        for match in _BLOCK.finditer(_text_of(section))
    ]


def _rows(section: str) -> list[Block]:
    """Each command of a table whose last column is the HTTP status."""
    return [
        Block(f"{command.replace('curl', _STATUS_OF, 1)}\n", (row["status"],))
        for row in _ROW.finditer(_text_of(section))
        for command in re.findall(r"`(curl [^`]+)`", row["commands"])
    ]


STEPS = _blocks("Walk-through")
TIMES = _blocks("Times: where they come from, who gets which")
BLOCKS = [
    *STEPS, *_rows("FHIR"), *TIMES, *_blocks("HL7 v2"), *_blocks("Queues"), *_rows("Queues"),
]  # fmt: skip


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with a_gateway(tmp_path_factory.mktemp("newcomer"), "--seed", "demo") as running:
        yield running


@pytest.fixture(scope="module")
def printed(gateway: Gateway) -> list[str]:
    """What each printed, all of them typed into one terminal one after the other."""
    script = "".join(f"echo '{_MARK}'\n{each.script}" for each in BLOCKS)
    script = script.replace("127.0.0.1:8080", gateway.http).replace("127.0.0.1:2575", gateway.mllp)
    surroundings = {
        **os.environ,
        **gateway.settings,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    run = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=gateway.folder, env=surroundings, check=False, text=True, timeout=600,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:]
    return run.stdout.split(f"{_MARK}\n")[1:]


def test_the_walk_through_shows_what_it_promises_to_show() -> None:
    assert len(STEPS) >= 9
    assert [number for number, each in enumerate(STEPS) if not each.seen] == [0]


def test_every_operation_is_shown() -> None:
    scripts = "".join(each.script for each in BLOCKS)
    codes = {each.spec.code for each in OPERATIONS}
    assert {code for code in codes if not re.search(rf"\\\${code}\b", scripts)} == set()


def test_the_table_of_capabilities_has_a_command_in_each_row() -> None:
    assert len(BLOCKS) - len(STEPS) >= 10


def test_every_step_shows_what_the_readme_says(printed: list[str]) -> None:
    untrue = {
        each.script: seen
        for each, seen in zip(BLOCKS, printed, strict=True)
        if not re.search(".*".join(map(re.escape, each.seen)), seen, re.DOTALL)
    }
    assert untrue == {}
