"""The PostgreSQL servers that tests run on: the embedded one, and the machine's own if it has one.

Each directory has a server of its own, so that several test processes do not meet.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fhir_gateway.storage.embedded import Embedded

#: For `server_kind` in modules that run on both.
KINDS = ("embedded", pytest.param("system", marks=pytest.mark.server))
#: What a test does not need: a database that survives a power cut.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def embedded_server(directory: Path) -> Iterator[Embedded]:
    """The server that comes with the gateway, in that directory; its data is gone afterwards."""
    with _throwaway(directory, None) as server:
        yield server


@contextmanager
def system_server(directory: Path) -> Iterator[Embedded | None]:
    """A server of the machine's own PostgreSQL, just as throwaway; None where there is none."""
    programs = system_programs()
    if programs is None:
        yield None
        return
    with _throwaway(directory, programs) as server:
        yield server


def system_programs() -> Path | None:
    """The folder with the programs of the newest PostgreSQL that is installed here."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(versions, key=lambda each: float(each.parent.name), reverse=True)
    other = ["/opt/homebrew/bin", "/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"]
    on_path = os.environ.get("PATH", "").split(os.pathsep)
    for folder in (*newest_first, *map(Path, [*on_path, *other])):
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    return None


@contextmanager
def _throwaway(directory: Path, programs: Path | None) -> Iterator[Embedded]:
    server = Embedded.start(directory, settings=THROWAWAY, programs=programs)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.data.parent)  # root's is elsewhere, and pytest would not find it
        shutil.rmtree(directory, ignore_errors=True)
