"""Run the benchmark: `python -m bench [--full] [--json FILE]`."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import servers
from bench.clinic import Clinic
from bench.finding import A_DAY, DAYS, Finders
from bench.load import Measured, keep_busy, request
from bench.messages import Beside, measure


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result.

    Attributes:
        name: What was done.
        concurrency: At once.
        measured: What came back.
        cpu: Microseconds of the server's CPU for each answer.
        beside: Name of the limit that it is compared with.
        ratio: Of that limit.
    """

    name: str
    concurrency: int
    measured: Measured
    cpu: float
    beside: str
    ratio: float


def main() -> int:
    """Measure and print; the exit status says whether every answer was a success."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the whole data set and longer windows")
    parser.add_argument("--json", type=Path, help="write the result there as well")
    given = parser.parse_args()
    seconds = 6.0 if given.full else 1.5
    clinic = Clinic(200, 1000, 50) if given.full else Clinic(20, 100, 50)
    with servers.bare_asgi() as server:
        bare = asyncio.run(
            keep_busy(server.port, [request("GET", "/")], concurrency=64, seconds=seconds)
        ).per_second
    booking = servers.bare_booking(seconds, 8)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with servers.gateway(Path(folder)) as server:
            ready = time.perf_counter() - begun
            servers.put_all(server.port, list(clinic.resources()))
            rows = _measure(server, clinic, seconds, bare, booking)
            rows += _find(server, Finders(100 if given.full else 20), seconds, bare, booking)
            messages = measure(server.mllp, seconds)
            memory = server.memory()
    _print(rows, bare, booking, memory, ready)
    _print_messages(messages)
    if given.json:
        given.json.write_text(json.dumps(_result(rows, bare, booking, memory, messages), indent=2))
    refused = any(status >= 400 for row in rows for status in row.measured.statuses)
    return int(refused or any(each.wrong for each in messages))


def _measure(
    server: servers.Server, clinic: Clinic, seconds: float, bare: float, booking: float
) -> list[Row]:
    rows = []
    for concurrency in (1, 16, 64):
        for name, requests in (
            ("read Appointment", clinic.reads()),
            ("search free Slots", clinic.slot_searches()),
            ("search a patient's Appointments", clinic.patient_searches()),
        ):
            asyncio.run(
                keep_busy(server.port, requests, concurrency=concurrency, seconds=seconds / 3)
            )
            rows.append(_one(server, name, requests, concurrency, seconds, ("B1", bare)))
    bookings = clinic.bookings()
    share = len(bookings) // 3
    for place, concurrency in enumerate((1, 16, 64)):
        part = bookings[place * share : (place + 1) * share]
        rows.append(_one(server, "book", part, concurrency, seconds, ("B3", booking), once=True))
    transactions = clinic.transactions(360)
    rows.append(
        _one(server, "transaction of 10", transactions, 16, seconds, ("B3", booking), once=True)
    )
    return rows


def _find(
    server: servers.Server, finders: Finders, seconds: float, bare: float, booking: float
) -> list[Row]:
    """Generation by the workers may be faster than the request for it: then that finds it done."""
    servers.put_all(server.port, list(finders.resources()))
    made = finders.generations()
    name = f"generate {A_DAY * DAYS} Slots"
    rows = [_one(server, name, made, 1, seconds * 20, ("B3", booking), once=True)]
    name = f"best times, {finders.practitioners} people, 30 days"
    return rows + [
        _one(server, name, finders.searches(), concurrency, seconds, ("B1", bare))
        for concurrency in (1, 4)
    ]


def _one(
    server: servers.Server,
    name: str,
    requests: list[bytes],
    concurrency: int,
    seconds: float,
    limit: tuple[str, float],
    *,
    once: bool = False,
) -> Row:
    before = server.cpu()
    measured = asyncio.run(
        keep_busy(server.port, requests, concurrency=concurrency, seconds=seconds, once=once)
    )
    used = (server.cpu() - before) / max(1, len(measured.latencies)) * 1e6
    beside, most = limit
    return Row(name, concurrency, measured, used, beside, measured.per_second / most)


def _print(rows: list[Row], bare: float, booking: float, memory: int, ready: float) -> None:
    table = Table(box=None)
    for head in ("what", "c", "req/s", "p50 ms", "p95", "p99", "CPU µs", "of", "ratio", "errors"):
        table.add_column(head, justify="left" if head == "what" else "right")
    for row in rows:
        found = row.measured
        wrong = sum(count for status, count in found.statuses.items() if status >= 400)
        table.add_row(
            row.name,
            str(row.concurrency),
            f"{found.per_second:.0f}",
            *(f"{found.percentile(share):.2f}" for share in (0.5, 0.95, 0.99)),
            f"{row.cpu:.0f}",
            row.beside,
            f"{row.ratio:.3f}",
            str(wrong),
        )
    console = Console(width=110)
    console.print(
        f"B1 raw ASGI, 1.2 KB, c=64: {bare:.0f}/s   B3 bare booking, c=8: {booking:.0f}/s"
    )
    console.print(table)
    console.print(f"resident {memory / 1e6:.0f} MB, ready after {ready:.1f} s")


def _print_messages(messages: list[Beside]) -> None:
    table = Table(box=None)
    for head in ("HL7 v2", "per s", "p50 ms", "p99", "times as fast as", "ratio", "errors"):
        table.add_column(
            head, justify="left" if head in ("HL7 v2", "times as fast as") else "right"
        )
    for row in messages:
        table.add_row(
            row.name,
            f"{row.per_second:.0f}",
            f"{row.median:.2f}",
            f"{row.slow:.2f}",
            row.beside,
            f"{row.ratio:.1f}" if row.beside else "",
            str(row.wrong),
        )
    Console(width=110).print(table)


def _result(
    rows: list[Row], bare: float, booking: float, memory: int, messages: list[Beside]
) -> dict[str, Any]:
    return {
        "messages": [asdict(each) for each in messages],
        "B1": bare,
        "B3": booking,
        "resident": memory,
        "rows": [
            {
                "name": row.name,
                "concurrency": row.concurrency,
                "per_second": row.measured.per_second,
                "p50": row.measured.percentile(0.5),
                "p95": row.measured.percentile(0.95),
                "p99": row.measured.percentile(0.99),
                "cpu_us": row.cpu,
                "beside": row.beside,
                "ratio": row.ratio,
                "statuses": row.measured.statuses,
            }
            for row in rows
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
