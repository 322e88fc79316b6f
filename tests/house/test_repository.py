"""Can a stranger build this anywhere? The lock, and addresses that nobody may depend on."""

import re
import shutil
import subprocess

import pytest

from tests.house.tree import ROOT, tracked, within

_LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
#: Host and domain apart, so that this file does not name what it forbids.
REGISTRIES = tuple(
    f"{host}.{domain}"
    for host, domain in (
        ("pypi", "org"), ("pythonhosted", "org"), ("registry.npmjs", "org"),
        ("proxy.golang", "org"), ("crates", "io"), ("rubygems", "org"),
    )
)  # fmt: skip
TARGETS = ("setup", "run", "test", "check", "test-fast", "compat", "lock", "clean")


def test_every_locked_package_has_hashes() -> None:
    blocks = re.split(r"\n(?=\S)", _LOCK.strip())
    without = [
        block.splitlines()[0]
        for block in blocks
        if not block.startswith("#") and "--hash=sha256:" not in block
    ]
    assert without == []


def test_the_lock_names_no_address_and_no_index() -> None:
    assert "://" not in _LOCK
    assert [line for line in _LOCK.splitlines() if line.startswith("-")] == []


def test_the_lock_of_the_javascript_clients_names_no_address() -> None:
    lock = (ROOT / "tests" / "compat" / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/') > 30


def test_the_lock_holds_the_build_backend() -> None:
    assert re.search(r"^setuptools==", _LOCK, re.MULTILINE)


@pytest.mark.parametrize("registry", REGISTRIES)
def test_no_file_depends_on_a_registry_host(registry: str) -> None:
    naming = [within(path) for path in tracked() if registry.encode() in path.read_bytes()]
    assert naming == []


def test_bare_make_lists_every_target_with_a_line_each() -> None:
    listing = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in TARGETS:
        assert re.search(rf"^  make {target} +\S", listing, re.MULTILINE), target


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("exit 1", "Python 3.11 or newer"),
        (
            'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.11-venv;; esac',
            "apt install python3.11-venv",
        ),
    ],
    ids=["too old", "without venv"],
)
def test_an_unfit_python_gets_one_clear_line(
    script: str, says: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("clone")
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, place)
    python = place / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    run = subprocess.run(
        ["make", "setup", f"PYTHON={python}"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    complaint = [line for line in run.stderr.splitlines() if not line.startswith("make")]
    assert run.returncode != 0
    assert len(complaint) == 1
    assert says in complaint[0]
    assert not (place / ".venv").exists()


def test_the_build_machine_runs_the_same_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o100
    assert "make test" in script.read_text(encoding="utf-8")
