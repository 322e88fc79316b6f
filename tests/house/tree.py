"""What is in the project? The files that count, and what each module imports."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "fhir_gateway"
_IGNORED = {".git", ".venv", ".local", "__pycache__", "node_modules", "build", "dist"}


def modules() -> tuple[Path, ...]:
    """The Python files of the package, in order."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


def within(path: Path) -> str:
    """The path as people say it, from the project's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def tracked() -> tuple[Path, ...]:
    """Every file that is, or would be, in the repository; all files where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False, text=True,
    )  # fmt: skip
    names = [name for name in listing.stdout.split("\0") if name]
    if listing.returncode == 0 and names:
        return tuple(path for name in names if (path := ROOT / name).is_file())
    return tuple(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not _IGNORED & set(path.relative_to(ROOT).parts)
    )
