"""What is measured, and what is it measured beside?"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port, its process and, where it has one, its port for HL7 v2."""

    port: int
    pid: int
    mllp: int = 0

    def cpu(self) -> float:
        """Seconds of CPU that the process and its children have used; 0 where it cannot be told."""
        return sum(_cpu_of(pid) for pid in (self.pid, *_children(self.pid)))

    def memory(self) -> int:
        """Resident bytes of the process itself; 0 where it cannot be told."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        except OSError:
            return 0
        line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
        return int(line.split()[1]) * 1024


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(each) for each in text.split()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gateway(folder: Path) -> Iterator[Server]:
    """The gateway on an embedded database of its own, with fsync on."""
    port, mllp = free_port(), free_port()
    command = [sys.executable, "-m", "fhir_gateway", "serve", "--data-dir", str(folder),
               "--http-port", str(port), "--mllp-port", str(mllp)]  # fmt: skip
    with _running(command, port, "/health/ready") as server:
        yield replace(server, mllp=mllp)


@contextmanager
def listener(kind: str) -> Iterator[Server]:
    """A listener of `bench.listeners`, by itself."""
    port = free_port()
    command = [sys.executable, "-m", "bench.listeners", kind, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait_for_port(port, process)
        yield Server(port, process.pid)
    finally:
        process.kill()
        process.wait(60)


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the listener ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the listener did not become ready")


@contextmanager
def bare_asgi() -> Iterator[Server]:
    """B1: uvicorn with a raw ASGI application that answers 1.2 KB."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.bare:app", "--port", str(port),
               "--loop", "uvloop", "--http", "httptools", "--no-access-log",
               "--log-level", "warning"]  # fmt: skip
    with _running(command, port, "/") as server:
        yield server


@contextmanager
def _running(command: list[str], port: int, path: str) -> Iterator[Server]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait(f"http://127.0.0.1:{port}{path}", process)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own address
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not become ready")


def put_all(port: int, resources: list[dict[str, object]]) -> None:
    """Write resources in batches of 50, each under its own id."""
    for first in range(0, len(resources), 50):
        part = resources[first : first + 50]
        entries = [
            {"resource": each,
             "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
            for each in part
        ]  # fmt: skip
        body = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}).encode()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/fhir", body, {"Content-Type": "application/fhir+json"}
        )
        with urllib.request.urlopen(asked, timeout=120) as answer:  # noqa: S310
            wrong = [
                each
                for each in json.load(answer)["entry"]
                if not each["response"]["status"].startswith("20")
            ]
        if wrong:
            raise RuntimeError(f"the clinic could not be written: {wrong[0]}")


def bare_booking(seconds: float, concurrency: int) -> float:
    """B3: bookings a second by one prepared statement, without HTTP, in a database of its own."""
    from bench.statement import run  # psycopg is loaded only here

    return asyncio.run(run(seconds, concurrency))
