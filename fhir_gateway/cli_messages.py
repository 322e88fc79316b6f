"""Which messages have come in, which wait for people, and what shall become of those?

Source: decision 20; decision record 0014.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fhir_gateway.cli_desk import (
    REFUSED,
    AsJson,
    DataDir,
    Tenant,
    at_the_desk,
    settings_of,
    stop,
    tenant_of,
)
from fhir_gateway.core.time import format_instant, parse_instant

if TYPE_CHECKING:
    from fhir_gateway.mapping.previews import Preview
    from fhir_gateway.storage.inbox_queue import Kept
    from fhir_gateway.usecases.deps import Deps
    from fhir_gateway.usecases.work_queue import Replayed, Search

app = typer.Typer(
    help="The messages that have come in: find, look at, apply again, skip.", no_args_is_help=True
)

_COLOURS = {"sent": "green", "error": "red", "filtered": "yellow", "refused": "red"}
Number = Annotated[int, typer.Argument(metavar="ID", help="Its number, as `list` shows it.")]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="[ID…]", help="Its number.")]
State = Annotated[
    list[str] | None,
    typer.Option(help="received, filtered, transformed, queued, sent, error or refused."),
]
Mrn = Annotated[str | None, typer.Option(help="Number of the patient, PID-2 to PID-4.")]
About = Annotated[
    str | None, typer.Option("--appointment", help="Id of the Appointment, SCH-1 or SCH-2.")
]
ControlId = Annotated[str | None, typer.Option(help="MSH-10.")]
From = Annotated[
    tuple[str, str] | None,
    typer.Option("--sender", metavar="APP FACILITY", help="MSH-3 and MSH-4; * for any."),
]
Since = Annotated[str | None, typer.Option(help="Received then or later: a day or an instant.")]
Until = Annotated[str | None, typer.Option(help="Received before: a day or an instant.")]


def moment(text: str | None, option: str) -> datetime | None:
    """A day (midnight UTC) or an instant of the command line; ends the command where it is none."""
    if text is None:
        return None
    try:
        return parse_instant(f"{text}T00:00:00Z" if len(text) == 10 else text)
    except ValueError as error:
        stop(f"{option} {text}: {error}")


def search_of(
    states: list[str] | None = None,
    mrn: str | None = None,
    appointment: str | None = None,
    control_id: str | None = None,
    sender: tuple[str, str] | None = None,
    since: str | None = None,
    until: str | None = None,
) -> "Search":
    """What is looked for; ends the command where that makes no sense."""
    from fhir_gateway.storage.inbox_queue import Wanted
    from fhir_gateway.usecases.work_queue import STATES, Search

    unknown = [each for each in states or () if each not in STATES]
    if unknown:
        stop(f"there is no state '{unknown[0]}'; there are {', '.join(STATES)}")
    application, facility = (None if each == "*" else each for each in sender or ("*", "*"))
    wanted = Wanted(
        states=states or (),
        application=application,
        facility=facility,
        control_id=control_id,
        since=moment(since, "--since"),
        until=moment(until, "--until"),
        appointment=appointment,
    )
    return Search(wanted, mrn)


@contextmanager
def counting(total: int, what: str) -> Iterator[Callable[[], None]]:
    """A bar on the error output where there is much to do; call what it gives for each."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=total < 20) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


@app.command("list")
def list_(
    state: State = None,
    mrn: Mrn = None,
    appointment: About = None,
    control_id: ControlId = None,
    sender: From = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Most messages.")] = 50,
    as_json: AsJson = False,
    tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:
    """Show messages, the newest first; `--state error` those that wait for people."""
    search = search_of(state, mrn, appointment, control_id, sender, since, until)
    _explain_passing(state or [])

    async def work(deps: "Deps") -> "list[Kept]":
        from fhir_gateway.usecases import work_queue

        return await work_queue.find(deps, tenant_of(deps, tenant), search, limit=limit)

    found = at_the_desk(settings_of(data_dir=data_dir), work)
    if as_json:
        print_json([_row(each) for each in found])
        return
    table = Table(
        "id", "received", "sender", "event", "control id", "state", "ack", "what about it"
    )
    for each in found:
        colour = _COLOURS.get(each.state, "white")
        table.add_row(
            str(each.id), format_instant(each.received_at), escape("/".join(each.sender)),
            escape(each.event), escape(each.control_id[:30]), f"[{colour}]{each.state}[/]",
            each.ack_code, escape(_remark(each)),
        )  # fmt: skip
    Console().print(table if found else "No such message.")


def _explain_passing(states: list[str]) -> None:
    from fhir_gateway.usecases.work_queue import RESTING, STATES

    for each in states:
        if each not in RESTING:
            note = f"No message stays '{each}': {STATES[each]}."
            Console(stderr=True).print(f"[dim]{escape(note)}[/]")


def _remark(kept: "Kept") -> str:
    if kept.note:
        corrects = f" {kept.corrects}" if kept.corrects else ""
        return f"{kept.settled_as}{corrects}: {kept.note}"
    first = kept.issues[0] if kept.issues else None
    told = f"{first['text']} ({', '.join(first['location'])})" if first else ""
    again = f", tried again {kept.attempts}x" if kept.attempts and kept.state == "error" else ""
    return (told if kept.state != "sent" else kept.settled_as or "") + again


def _row(kept: "Kept") -> dict[str, Any]:
    return {
        "id": kept.id,
        "received": format_instant(kept.received_at),
        "peer": kept.peer,
        "sender": list(kept.sender),
        "event": kept.event,
        "controlId": kept.control_id,
        "state": kept.state,
        "ack": kept.ack_code,
        "appointment": kept.appointment,
        "issues": list(kept.issues),
        "attempts": kept.attempts,
        "settled": format_instant(kept.settled_at) if kept.settled_at else None,
        "settledAs": kept.settled_as,
        "settledBy": kept.settled_by,
        "corrects": kept.corrects,
        "note": kept.note,
    }


def print_json(value: Any) -> None:
    """Write JSON to standard output, as it is."""
    Console(soft_wrap=True).print(
        json.dumps(value, indent=2, ensure_ascii=False), markup=False, highlight=False
    )


@app.command()
def show(
    number: Number,
    provenance: Annotated[
        bool, typer.Option("--provenance", help="Which field set each element.")
    ] = False,
    as_json: AsJson = False,
    tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:
    """Show a message: as it came, field by field, as FHIR, and what was answered."""
    from fhir_gateway.cli_previews import preview_json, print_fields, print_preview
    from fhir_gateway.usecases import work_queue

    async def work(deps: "Deps") -> work_queue.Shown:
        return await work_queue.show(deps, tenant_of(deps, tenant), number, provenance=provenance)

    found = at_the_desk(settings_of(data_dir=data_dir), work)
    kept = found.kept
    if as_json:
        made: Preview | None = found.preview
        print_json(
            _row(kept)
            | {
                "raw": kept.raw.decode("utf-8", "backslashreplace"),
                "answer": kept.ack.decode("utf-8", "backslashreplace"),
                "fhir": preview_json(made) if made else None,
                "stored": found.appointment,
            }
        )
        return
    console = Console(soft_wrap=True)
    for name, value in _row(kept).items():
        if value not in (None, [], "") and name != "issues":
            console.print(f"[bold]{name:12}[/] {escape(str(value))}")
    for each in kept.issues:
        console.print(f"  {escape(each['text'])} [dim]{escape(', '.join(each['location']))}[/]")
    _print_raw(console, "As it came", kept.raw)
    print_fields(console, kept.raw)
    if found.preview is not None:
        print_preview(console, found.preview, provenance=provenance)
    if found.appointment is not None:
        console.rule("The Appointment as it is now")
        print_json(found.appointment)
    _print_raw(console, "The answer", kept.ack)


def _print_raw(console: Console, title: str, raw: bytes) -> None:
    console.rule(title)
    text = raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    console.print(text.strip("\n"), markup=False, highlight=False)


@app.command()
def replay(
    numbers: Numbers = None,
    mrn: Mrn = None,
    appointment: About = None,
    control_id: ControlId = None,
    sender: From = None,
    since: Since = None,
    until: Until = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:
    """Apply messages that wait (state error) again, in the order in which they came.

    The present profile of the sender is used. What has been applied meanwhile by a newer message
    about the same appointment stays. The sender is told nothing: it has had its answer.
    """
    from fhir_gateway.usecases import work_queue

    search = search_of(["error"], mrn, appointment, control_id, sender, since, until)
    narrowed = any((mrn, appointment, control_id, sender, since, until))
    if not numbers and not narrowed and not every:
        stop("say which: numbers, a search such as --sender, or --all")

    async def work(deps: "Deps") -> "list[Replayed]":
        chosen = sorted(set(numbers or ()))
        if not chosen:
            chosen = [
                each.id async for each in work_queue.walk(deps, tenant_of(deps, tenant), search)
            ]
        with counting(len(chosen), "applying") as done:
            found = []
            for each in chosen:
                found.append(await work_queue.replay(deps, tenant_of(deps, tenant), each))
                done()
            return found

    results = at_the_desk(settings_of(data_dir=data_dir), work)
    console = Console(soft_wrap=True)
    counts = Counter(each.outcome for each in results)
    for each in results:
        if each.outcome != "applied" or len(results) < 20:
            why = "; ".join(issue.diagnostics for issue in each.issues[:2])
            console.print(f"{each.id}  [bold]{each.outcome}[/]  {escape(why)}")
    console.print(
        " · ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "Nothing waits."
    )
    if counts["error"] or counts["not-waiting"]:
        raise typer.Exit(REFUSED)


@app.command()
def skip(
    numbers: Annotated[list[int], typer.Argument(metavar="ID…", help="Its number.")],
    reason: Annotated[str, typer.Option(help="Why it shall not be applied.")],
    tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:
    """Say of messages that wait (state error) that they shall not be applied, and why."""
    from fhir_gateway.usecases import work_queue

    async def work(deps: "Deps") -> list[int]:
        return [
            each
            for each in numbers
            if not await work_queue.skip(deps, tenant_of(deps, tenant), each, reason)
        ]

    left = at_the_desk(settings_of(data_dir=data_dir), work)
    console = Console(soft_wrap=True)
    console.print(f"{len(numbers) - len(left)} skipped")
    if left:
        console.print(f"not waiting, left as they are: {', '.join(map(str, left))}")
        raise typer.Exit(REFUSED)
