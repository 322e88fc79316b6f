"""A gateway as a newcomer has it: a process of its own on free ports, data in a fresh folder."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: A busy machine takes ten times as long as a quiet one.
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where it is.

    Args:
        folder: Its working directory; `.local` in it holds the data.
        http: Host and port of FHIR.
        mllp: Host and port of HL7 v2.
        process: Itself.
    """

    folder: Path
    http: str
    mllp: str
    process: "subprocess.Popen[str]"

    @property
    def base(self) -> str:
        return f"http://{self.http}/fhir"

    @property
    def settings(self) -> dict[str, str]:
        """Its ports as settings, for another command that shall find it."""
        ports = {"HTTP_PORT": self.http, "MLLP_PORT": self.mllp}
        return {f"FHIR_GATEWAY_{name}": place.rpartition(":")[2] for name, place in ports.items()}

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and wait.

        Returns:
            Its exit status.
        """
        self.process.send_signal(number)
        return self.process.wait(_SECONDS)


#: Patients are told at once, whenever the tests run.
_ALWAYS_DAY = {"FHIR_GATEWAY_QUIET_HOURS": ""}


@contextmanager
def a_gateway(folder: Path, *options: str, **settings: str) -> Iterator[Gateway]:
    """Start `serve` in a folder and wait until it says where it is.

    Args:
        folder: Working directory.
        options: More of the command line; ports are free ones, the data directory `.local`.
        settings: Environment variables beside those of the tests; it is never night.
    """
    command = [sys.executable, "-m", "fhir_gateway", "serve", "--data-dir", ".local"]
    with (folder / "error").open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [*command, "--http-port", "0", "--mllp-port", "0", *options],
            cwd=folder, env=os.environ | _ALWAYS_DAY | settings, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    try:
        yield Gateway(folder, *_places(process, folder), process)
    finally:
        process.terminate()
        process.communicate(timeout=_SECONDS)


def _places(process: "subprocess.Popen[str]", folder: Path) -> tuple[str, str]:
    """What the process prints first: host and port of FHIR, then of MLLP."""
    printed = ""
    guard = threading.Timer(_SECONDS, process.kill)
    guard.start()
    for line in process.stdout or ():
        printed += line
        found = re.search(r"FHIR +http://(\S+)/fhir.*MLLP +(\S+)", printed, re.DOTALL)
        if found:
            guard.cancel()
            return found[1], found[2]
    guard.cancel()
    raise AssertionError(printed + (folder / "error").read_text(encoding="utf-8"))
