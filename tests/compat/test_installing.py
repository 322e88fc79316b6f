"""Does a machine without the JavaScript clients still get its environment and its tests?"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT


def _installing(path: Path) -> "subprocess.CompletedProcess[str]":
    """Install on a machine where only the programs of one folder are there."""
    return subprocess.run(
        [sys.executable, "-m", "tests.compat.installing"], cwd=ROOT, env={"PATH": str(path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("programs", "says"),
    [
        ({}, "Without npm the tests with JavaScript clients are skipped"),
        (
            {"npm": "exit 1"},
            "npm could not install the JavaScript clients; their tests are skipped",
        ),
        (
            {"npm": "exit 1", "node": "echo v12.1.0"},
            "npm could not install the JavaScript clients; their tests are skipped",
        ),
    ],
    ids=["no npm", "npm fails", "node is old"],
)
def test_one_line_says_what_is_not_there_and_nothing_fails(
    programs: dict[str, str], says: str, tmp_path: Path
) -> None:
    for name, script in programs.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
    run = _installing(tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, f"{says}\n", "")
