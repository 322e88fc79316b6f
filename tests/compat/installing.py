"""Are the JavaScript clients there, and how do they get there?

Usage: python -m tests.compat.installing [--lock]

Installs what `package-lock.json` names, where npm is on this machine; where it is not, or cannot,
one line says so and the tests of these clients are skipped. With --lock the lock is made anew; it
names no address: npm takes packages from wherever the machine is set up to take them from.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
_LOCK = HERE / "package-lock.json"
#: npm writes it last; what it lists is there.
_INSTALLED = HERE / "node_modules" / ".package-lock.json"
_NODE = 20  # least major version
_SECONDS = 120
_QUIET = ("--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error")
_PATIENCE = ("--fetch-retries=1", "--fetch-timeout=20000")


def missing() -> str | None:
    """What is missing to run a client, for people; None for nothing."""
    node = shutil.which("node")
    if node is None:
        return "there is no node on this machine"
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", found.stdout)
    if version is None or int(version[1]) < _NODE:
        return f"node is older than {_NODE}: {found.stdout.strip() or found.stderr.strip()}"
    if not _INSTALLED.exists() or _INSTALLED.stat().st_mtime < _LOCK.stat().st_mtime:
        return "tests/compat/node_modules is not up to date; `make compat` installs it"
    return None


def install() -> str:
    """Install the clients; what came of it, in one line."""
    if missing() is None:
        return "The JavaScript clients of the tests are installed"
    npm = shutil.which("npm")
    if npm is None:
        return "Without npm the tests with JavaScript clients are skipped"
    if not _npm(npm, "ci"):
        return "npm could not install the JavaScript clients; their tests are skipped"
    _INSTALLED.touch()
    return "The JavaScript clients of the tests are installed"


def lock() -> str:
    """Resolve the clients' dependencies anew."""
    npm = shutil.which("npm")
    _LOCK.unlink(missing_ok=True)
    options = ("--package-lock-only", "--omit-lockfile-registry-resolved=true")
    if npm is None or not _npm(npm, "install", *options):
        return "npm could not resolve the JavaScript clients"
    resolved = json.loads(_LOCK.read_text(encoding="utf-8"))
    for each in resolved["packages"].values():
        each.pop("funding", None)
    _LOCK.write_text(json.dumps(resolved, indent=2) + "\n", encoding="utf-8")
    return "tests/compat/package-lock.json is written"


def _npm(npm: str, command: str, *options: str) -> bool:
    """Whether npm did it in time; nothing that it started outlives it."""
    running = subprocess.Popen(
        [npm, command, *_QUIET, *_PATIENCE, *options],
        cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        return running.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return False


if __name__ == "__main__":
    sys.stdout.write(f"{lock() if '--lock' in sys.argv else install()}\n")
