"""As which account of the machine does the embedded PostgreSQL run, and what can that one reach?

PostgreSQL refuses to run as root. An ordinary user runs it as himself. Root runs it as the account
that owns the cluster, else as `postgres` or `nobody`; that account may be unable to reach folders
of root's, so what it needs goes to a neutral place. Permissions of folders that are not ours are
never changed.

Source: decision 6; PostgreSQL 18, section 18.1 "The PostgreSQL User Account".
"""

import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fhir_gateway.core.errors import Category, fail

#: Where things go that the server's account must reach, when we are root.
NEUTRAL = Path("/var/lib/fhir-gateway")
#: Who runs the server when we are root, the first that there is.
_ACCOUNTS = ("postgres", "nobody")
#: How our folders for sockets begin.
_SOCKETS = "fhir-gateway-"
#: Bytes; with our folder and the socket's name it stays under the 103 that macOS allows.
_LONGEST_PARENT = 64


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server."""

    uid: int
    gid: int
    other: bool  #: not ourselves; then we are root

    def run(self, *command: str | Path, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end as this account, out of reach of the terminal's signals.

        Args:
            command: The program and its arguments; no shell reads them.
            timeout: Seconds.

        Raises:
            OSError: Where there is no such program, or the account may not run it.
        """
        return subprocess.run(  # noqa: S603 - no shell; programs and paths of our own
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

    def reaches(self, folder: Path) -> bool:
        """Whether this account may enter that folder and look around in it."""
        return not self.other or not self.run("/bin/sh", "-c", 'cd "$0" && ls', folder).returncode

    def give(self, path: Path) -> Path:
        """Make something that we made this account's own."""
        if self.other:
            os.chown(path, self.uid, self.gid)
        return path


def account_for(data: Path) -> Account:
    """Say who is to run the server of a cluster, which may not be there yet.

    Raises:
        GatewayError: UNSUPPORTED where it is somebody else's and we are not root, or where we are
            root and the machine has no account for the purpose.
    """
    made_by = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if made_by is not None and made_by.st_uid != os.geteuid():
            raise fail(
                Category.UNSUPPORTED,
                f"The database in {data.parent} belongs to the account {_name(made_by.st_uid)}; "
                f"only that account or root can start it.",
            )
        return Account(os.geteuid(), os.getegid(), other=False)
    if made_by is not None:  # the server insists on being the one who made it
        return Account(made_by.st_uid, made_by.st_gid, other=True)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for entry in (known[name] for name in _ACCOUNTS if name in known):
        return Account(entry.pw_uid, entry.pw_gid, other=True)
    raise fail(
        Category.UNSUPPORTED,
        f"PostgreSQL does not run as root, and this machine has none of the accounts "
        f"{', '.join(_ACCOUNTS)}. Run the gateway as an ordinary user, or set DATABASE_URL.",
    )


def neutral_folder() -> Path:
    """The place that every account can reach; made where missing."""
    if not NEUTRAL.exists():
        NEUTRAL.mkdir(parents=True)
        NEUTRAL.chmod(0o755)  # whatever the umask is
    return NEUTRAL


def socket_folder(account: Account) -> Path:
    """Make a private folder with a name short enough for a Unix socket in it.

    Raises:
        GatewayError: UNSUPPORTED where no temporary folder will do.

    Source: unix(7), sun_path: 108 bytes on Linux, 104 on macOS, with the closing zero.
    """
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - private below it
        if len(os.fsencode(parent)) <= _LONGEST_PARENT and account.reaches(Path(parent)):
            return account.give(Path(tempfile.mkdtemp(prefix=_SOCKETS, dir=parent)))
    raise fail(
        Category.UNSUPPORTED,
        "There is no folder for the database's socket: TMPDIR is too long or closed to the "
        "server's account, and so are /tmp and /var/tmp.",
    )


def is_socket_folder(path: Path) -> bool:
    """Whether that is a folder which `socket_folder` made, and so ours to delete."""
    return path.name.startswith(_SOCKETS)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
