"""What can be asked of the gateway on the command line?

Exit status: 0 done, 1 done but something was refused or is not in order, 2 could not be done (one
line on the error output says why).

Source: decision 31; HL7 v2.9.1 table 0008 for acknowledgement codes.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fhir_gateway import cli_corrections, cli_status, cli_validate
from fhir_gateway.cli_desk import REFUSED, DataDir, settings_of, stop
from fhir_gateway.cli_evaluate import evaluate as evaluate_app
from fhir_gateway.cli_listen import listen
from fhir_gateway.cli_messages import app as messages_app
from fhir_gateway.cli_outbound import app as outbound_app
from fhir_gateway.cli_profiles import app as profile_app
from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.refs import ID, reference_of
from fhir_gateway.core.time import parse_instant
from fhir_gateway.demo.clinic import SEED, sample_clinic
from fhir_gateway.demo.house import ZONE
from fhir_gateway.demo.messages import EVENTS, demo_message
from fhir_gateway.fhir.json import dump, parse
from fhir_gateway.hl7.ack import AckView, read_ack
from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.hl7.peek import peek

if TYPE_CHECKING:
    from fhir_gateway.wiring import Running  # the other commands start faster without it

MLLP = "127.0.0.1:2575"
#: From so many messages on, a progress bar and the refusals only.
MANY = 20
STDIN = Path("-")

app = typer.Typer(
    help="A FHIR R4 and HL7 v2 gateway for appointment scheduling.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
demo = typer.Typer(help="A sample clinic, and messages about it.", no_args_is_help=True)
app.add_typer(demo, name="demo")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(messages_app, name="messages")
app.add_typer(outbound_app, name="outbound")
app.add_typer(profile_app, name="profile")
app.command()(listen)
app.command()(cli_validate.validate)
messages_app.command("edit")(cli_corrections.edit)
messages_app.command("status")(cli_status.messages)
outbound_app.command("status")(cli_status.outbound)

At = Annotated[str | None, typer.Option(help="Moment taken as the present.", show_default="now")]
Out = Annotated[Path | None, typer.Option(help="Write to this file, not to standard output.")]


class Seed(StrEnum):
    """What an empty database is filled with."""

    demo = "demo"
    none = "none"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way, and what to call it."""

    name: str
    raw: bytes


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(show_default="127.0.0.1")] = None,
    http_port: Annotated[int | None, typer.Option(show_default="8080")] = None,
    mllp_port: Annotated[int | None, typer.Option(show_default="2575")] = None,
    data_dir: DataDir = None,
    seed: Annotated[Seed, typer.Option(help="What to fill an empty database with.")] = Seed.none,
) -> None:
    """Serve FHIR over HTTP and HL7 v2 over MLLP until stopped."""
    from fhir_gateway import wiring  # the other commands start faster without it

    settings = settings_of(host=host, http_port=http_port, mllp_port=mllp_port, data_dir=data_dir)
    console = Console(soft_wrap=True)
    clinic = wiring.Clinic("Sample clinic", ZONE, _sample) if seed is Seed.demo else None

    def started(running: "Running") -> None:
        _welcome(console, running, sample=clinic is not None)

    try:
        wiring.serve(settings, clinic=clinic, started=started, progress=_say(console))
    except GatewayError as error:
        stop(str(error))


def _say(console: Console) -> Callable[[str], None]:
    return lambda what: console.print(f"[dim]{escape(what)} …[/]")


def _sample(now: datetime) -> list[dict[str, Any]]:
    return list(sample_clinic(now).resources)


def _welcome(console: Console, running: "Running", *, sample: bool) -> None:
    """Where everything is, and what to try first. Commands stand alone on a line, to be copied."""
    mllp = running.mllp
    where = f"FHIR  [bold]{running.base}[/]\nMLLP  [bold]{mllp}[/]"
    where += "".join(f"\n      [bold]{each}[/]" for each in running.more_mllp)
    console.print(Panel(where, title="fhir-gateway", expand=False))
    for text, command in _tries(running.base, mllp) if sample else ():
        console.print(f"[dim]# {escape(text)}[/]")
        console.print(command, markup=False, highlight=False)
    if sample:
        console.print("[dim]The whole walk-through is in README.md. Ctrl-C stops the gateway.[/]")


def _tries(base: str, mllp: str) -> Iterator[tuple[str, str]]:
    send = "fhir-gateway send -" if mllp == MLLP else f"fhir-gateway send - --to {mllp}"
    yield "In another terminal, once", f'export PATH="{Path(sys.executable).parent}:$PATH"'
    yield "The EHR books an appointment", f"fhir-gateway demo message s12 | {send}"
    yield "…here it is", f"curl '{base}/Appointment?identifier=DEMO-1&_pretty=true'"
    yield "The EHR cancels it", f"fhir-gateway demo message s15 | {send}"
    yield "Its time is being filled", f"curl '{base}/Task?code=fill-slot&_pretty=true'"
    yield "Who is asked", f"curl '{base}/Appointment?status=proposed&_pretty=true'"


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check the database, the ports and the settings."""
    from fhir_gateway.doctor import examine

    findings = asyncio.run(examine(settings_of(data_dir=data_dir)))
    table = Table("check", "", "finding", box=None)
    to_do: list[str] = []  # what is to be copied stands below the table, where nothing wraps it
    for name, ok, text in findings:
        first, _, more = text.partition("\n")
        table.add_row(escape(name), "[green]ok[/]" if ok else "[red]fails[/]", escape(first))
        to_do += [more] if more else []
    console = Console()
    console.print(table)
    for each in to_do:
        console.print(each, markup=False, highlight=False, soft_wrap=True)
    if not all(ok for _, ok, _ in findings):
        raise typer.Exit(REFUSED)


@app.command()
def version() -> None:
    """Print the version."""
    print(installed_version("fhir-gateway"))


@app.command()
def send(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Files of messages, folders of *.hl7, or -."),
    ],
    to: Annotated[str, typer.Option(metavar="HOST:PORT")] = MLLP,
    wait: Annotated[float, typer.Option(help="Seconds to wait for each answer.")] = 30.0,
    verbatim: Annotated[
        bool, typer.Option("--verbatim", help="Keep line ends as they are, instead of CR.")
    ] = False,
) -> None:
    """Send HL7 v2 messages over MLLP and print what is answered."""
    host, port = _address(to)
    outgoing = [each for path in files for each in _outgoing(path, verbatim=verbatim)]
    console = Console(soft_wrap=True)
    many = len(outgoing) > MANY
    counts: Counter[str] = Counter()

    def answered(name: str, ack: AckView) -> None:
        counts[ack.code] += 1
        if not many or not ack.positive:
            _print_ack(console, name, ack)

    try:
        with _progress(show=many) as progress:
            shown = progress.add_task("sending", total=len(outgoing))
            for_each = _both(answered, lambda *_: progress.advance(shown))
            asyncio.run(_deliver(host, port, wait, outgoing, for_each))
    except GatewayError as error:
        hint = (
            "; `make run` starts a gateway" if not counts else f", after {counts.total()} answers"
        )
        stop(f"{to}: {error}{hint}")
    if many:
        console.print(" · ".join(f"{count} {code}" for code, count in sorted(counts.items())))
    if set(counts) - {"AA", "CA"}:
        raise typer.Exit(REFUSED)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        stop(f"'{text}' is not host:port")
    return host.strip("[]"), int(port)


def _outgoing(path: Path, *, verbatim: bool) -> Iterator[Outgoing]:
    """The messages of a file, or of every file in a folder, in the order of their names."""
    if path.is_dir():
        inside = sorted(each for each in path.iterdir() if each.is_file() and each.suffix == ".hl7")
        if not inside:
            stop(f"no file *.hl7 in {path}")
        for each in inside:
            yield from _outgoing(each, verbatim=verbatim)
        return
    try:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as error:
        stop(f"{path}: {error.strerror}")
    found = [raw for raw in messages(content) if peek(raw)]
    if not found:
        stop(f"{path}: no HL7 v2 message (no MSH segment)")
    for number, raw in enumerate(found, start=1):
        name = path.name if len(found) == 1 else f"{path.name} #{number}"
        yield Outgoing(name, raw if verbatim else _tidy(raw))


def _tidy(raw: bytes) -> bytes:
    """Line ends of an editor become CR; framing that was saved with the message goes."""
    lines = raw.strip(b"\x0b\x1c\r\n").replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    return lines.replace(b"\x0b", b"").replace(b"\x1c", b"") + b"\r"


async def _deliver(
    host: str,
    port: int,
    wait: float,
    outgoing: list[Outgoing],
    answered: Callable[[str, AckView], None],
) -> None:
    async with MllpClient(host, port) as client:
        for each in outgoing:
            answered(each.name, read_ack(await client.send(each.raw, timeout=wait)))


def _both(
    first: Callable[[str, AckView], None], then: Callable[[str, AckView], object]
) -> Callable[[str, AckView], None]:
    def each(name: str, ack: AckView) -> None:
        first(name, ack)
        then(name, ack)

    return each


def _progress(*, show: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), disable=not show)


def _print_ack(console: Console, name: str, ack: AckView) -> None:
    colour = "green" if ack.positive else "yellow" if ack.code in {"AE", "CE"} else "red"
    console.print(
        f"[bold {colour}]{escape(ack.code)}[/]  {escape(ack.control_id)}  [dim]{escape(name)}[/]"
    )
    if ack.text:
        console.print(f"    {escape(ack.text)}")
    for error in ack.errors:
        place = f"  at {error.location}" if error.location else ""
        console.print(escape(f"    {error.condition}  {error.text}{place}"))


@demo.command()
def message(
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help=f"{', '.join(EVENTS)}, in any case.")
    ],
    appointment: Annotated[
        str | None, typer.Option(help="Id or identifier of an Appointment of a running gateway.")
    ] = None,
    base: Annotated[str, typer.Option(help="The gateway.")] = "http://127.0.0.1:8080/fhir",
    at: At = None,
    out: Out = None,
) -> None:
    """Write an SIU message dated from now, for the sample clinic or an Appointment there is."""
    try:
        about, resources = _from_gateway(base, appointment) if appointment else (None, {})
        raw = demo_message(event, now=_moment(at), appointment=about, resources=resources)
    except GatewayError as error:
        stop(str(error))
    _write(raw, out)


@demo.command()
def data(
    seed: Annotated[int, typer.Option(help="Of all that is left to chance.")] = SEED,
    at: At = None,
    out: Out = None,
) -> None:
    """Write the sample clinic as NDJSON, each resource after what it refers to."""
    lines = (dump(resource) + b"\n" for resource in sample_clinic(_moment(at), seed).resources)
    _write(b"".join(lines), out)


def _moment(text: str | None) -> datetime:
    try:
        return parse_instant(text) if text else SystemClock().now()
    except ValueError as error:
        stop(f"--at {text}: {error}")


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        readable = content.replace(b"\r", b"\n") if sys.stdout.isatty() else content
        sys.stdout.buffer.write(readable)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        stop(f"{out}: {error.strerror}")


def _from_gateway(base: str, wanted: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The Appointment of that id or identifier, and its participants by `Type/id`."""
    headers = {"Accept": "application/fhir+json"}
    try:
        with httpx.Client(base_url=base, headers=headers, timeout=10.0) as gateway:
            found = _read(gateway, f"Appointment/{wanted}") if ID.fullmatch(wanted) else None
            found = found or _search(gateway, wanted)
            if found is None:
                stop(f"{base} has no Appointment with the id or identifier {wanted}")
            actors = {str(reference_of(each.get("actor"))) for each in found["participant"]}
            read = {actor: _read(gateway, actor) for actor in sorted(actors - {"None"})}
    except httpx.HTTPError as error:
        stop(f"no gateway answers at {base} ({error}); `make run` starts one")
    return found, {reference: each for reference, each in read.items() if each is not None}


def _read(gateway: httpx.Client, path: str) -> dict[str, Any] | None:
    response = gateway.get(path)
    if response.status_code in {404, 410}:
        return None
    return _content(response)


def _search(gateway: httpx.Client, identifier: str) -> dict[str, Any] | None:
    response = gateway.get("Appointment", params={"identifier": identifier})
    entries: list[dict[str, Any]] = _content(response).get("entry", [])
    return next((each["resource"] for each in entries), None)


def _content(response: httpx.Response) -> dict[str, Any]:
    return parse(response.raise_for_status().content, what="answer")
