"""Is the code written the way the house agreed? Length, names, docstrings, time, output."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT, modules, syntax, within

LIMIT = 400
FORBIDDEN_WORDS = {"util", "utils", "helper", "helpers", "common", "manager", "base", "misc"}
#: Where the present is read; everyone else gets it as an argument.
CLOCK = PACKAGE / "core" / "clock.py"


def _python_files() -> Iterator[Path]:
    yield from modules()
    for folder in ("tests", "conformance", "simulation"):
        found = sorted((ROOT / folder).rglob("*.py"))
        yield from (path for path in found if "node_modules" not in path.parts)


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(syntax(path)) if isinstance(node, ast.Call))


def _is_present(call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and function.attr in {"now", "utcnow", "today"}


def _of_datetime(call: ast.Call) -> bool:
    return "date" in ast.unparse(call.func).partition(".")[0].lower()


def test_no_file_is_longer_than_the_wall() -> None:
    lengths = {
        within(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _python_files()
    }
    assert {name: lines for name, lines in lengths.items() if lines > LIMIT} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [
        within(path)
        for path in modules()
        if FORBIDDEN_WORDS & set(path.stem.split("_")) or path.parent.name in FORBIDDEN_WORDS
    ]
    assert vague == []


def test_every_module_says_what_it_answers() -> None:
    silent = [
        within(path)
        for path in modules()
        if path.read_text(encoding="utf-8").strip()
        and ast.get_docstring(syntax(path)) is None
        and "migrations" not in path.parts
    ]
    assert silent == []


def test_nobody_reads_a_clock_without_a_zone() -> None:
    naive = [
        f"{within(path)}:{call.lineno}"
        for path in _python_files()
        for call in _calls(path)
        if _is_present(call) and _of_datetime(call) and not (call.args or call.keywords)
    ]
    assert naive == []


@pytest.mark.parametrize("floor", ["core", "engines", "mapping", "fhir", "hl7", "usecases"])
def test_below_the_doors_time_is_an_argument(floor: str) -> None:
    read = [
        f"{within(path)}:{call.lineno}"
        for path in sorted((PACKAGE / floor).rglob("*.py"))
        if path != CLOCK
        for call in _calls(path)
        if _is_present(call) and _of_datetime(call)
    ]
    assert read == []


def test_only_the_command_line_prints() -> None:
    talkative = [
        f"{within(path)}:{call.lineno}"
        for path in modules()
        if path != PACKAGE / "cli.py"
        for call in _calls(path)
        if isinstance(call.func, ast.Name) and call.func.id == "print"
    ]
    assert talkative == []
