"""Which messages to other systems wait, which are stuck, and what shall become of those?

Source: decision 19; decision record 0013.
"""

import json
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fhir_gateway.cli_desk import REFUSED, AsJson, DataDir, at_the_desk, settings_of, stop
from fhir_gateway.core.time import format_instant

if TYPE_CHECKING:
    from fhir_gateway.storage.dispatches import Dispatch
    from fhir_gateway.usecases.deps import Deps

app = typer.Typer(
    help="Messages to other systems: find, look at, send again, skip.", no_args_is_help=True
)


class State(StrEnum):
    """What has become of a message."""

    queued = "queued"
    sent = "sent"
    committed = "committed"
    accepted = "accepted"
    rejected = "rejected"
    dead = "dead"
    skipped = "skipped"


_COLOURS = {"accepted": "green", "rejected": "red", "dead": "red", "skipped": "yellow"}
Number = Annotated[int, typer.Argument(metavar="ID", help="Its number, as `list` shows it.")]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="[ID…]", help="Its number.")]
To = Annotated[str | None, typer.Option("--destination", help="Only those to this destination.")]
Tenant = Annotated[str, typer.Option(help="Slug of the tenant.")]


@app.command("list")
def list_(
    state: Annotated[list[State] | None, typer.Option(help="Only these.")] = None,
    destination: To = None,
    tenant: Tenant = "default",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show messages, the newest first."""
    states = [each.value for each in state or State]

    async def work(deps: "Deps") -> "list[Dispatch]":
        from fhir_gateway.usecases import send_v2

        return await send_v2.listed(
            deps, _number(deps, tenant), states, destination=destination, limit=limit
        )

    found = at_the_desk(settings_of(data_dir=data_dir), work)
    console = Console()
    if as_json:
        text = json.dumps([_told(each) for each in found], ensure_ascii=False)
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    table = Table("id", "created", "to", "event", "appointment", "state", "tries", "", box=None)
    for each in found:
        colour = _COLOURS.get(each.state, "default")
        note = "waits for an earlier one" if each.blocked else each.error or ""
        table.add_row(
            str(each.id), format_instant(each.created_at.replace(microsecond=0)),
            escape(each.destination), escape(each.event), escape(each.appointment),
            f"[{colour}]{each.state}[/]", str(each.attempts), escape(note),
        )  # fmt: skip
    console.print(table)


@app.command()
def show(
    number: Number, tenant: Tenant = "default", as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Show one message, its answer and what became of it."""

    async def work(deps: "Deps") -> "list[Dispatch]":
        from fhir_gateway.usecases import send_v2

        return await send_v2.listed(deps, _number(deps, tenant), id_=number)

    found = at_the_desk(settings_of(data_dir=data_dir), work)
    if not found:
        stop(f"there is no message {number}")
    told = _told(found[0]) | {"raw": _text(found[0].raw), "ack": _text(found[0].ack or b"")}
    console = Console(soft_wrap=True)
    if as_json:
        console.print(json.dumps(told, ensure_ascii=False), markup=False, highlight=False)
        return
    for name, value in told.items():
        mark = "\n" if "\n" in str(value) else ""
        console.print(f"{name}: {mark}{value}", markup=False, highlight=False)


@app.command()
def retry(
    numbers: Numbers = None,
    stuck: Annotated[bool, typer.Option("--all", help="Every message that is stuck.")] = False,
    destination: To = None,
    tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:
    """Send messages that were refused or given up again, as they are."""
    from fhir_gateway.usecases import send_v2

    if bool(numbers) == stuck:
        stop("name messages, or give --all")

    async def work(deps: "Deps") -> dict[int, bool]:
        key = _number(deps, tenant)
        wanted = list(numbers or ())
        if stuck:
            found = await send_v2.stuck(deps, key, destination)
            wanted = [each.id for each in found]
        return {each: await send_v2.again(deps, key, each) for each in wanted}

    _report(work, data_dir, done="will be sent again", refused="is not stuck")


@app.command()
def skip(numbers: Numbers = None, tenant: Tenant = "default", data_dir: DataDir = None) -> None:
    """Never send messages, and let those behind them go.

    A booking that waits for the receiver to confirm it is booked then.
    """
    from fhir_gateway.usecases import send_v2

    async def work(deps: "Deps") -> dict[int, bool]:
        key = _number(deps, tenant)
        return {each: await send_v2.skip(deps, key, each) for each in numbers or ()}

    _report(work, data_dir, done="is skipped", refused="is over, or on its way")


def _report(
    work: "Callable[[Deps], Awaitable[dict[int, bool]]]", data_dir: Any, *, done: str, refused: str
) -> None:
    results = at_the_desk(settings_of(data_dir=data_dir), work)
    console = Console()
    for number, ok in results.items():
        console.print(f"{number} {done if ok else f'[yellow]{refused}[/]'}", highlight=False)
    if not all(results.values()):
        raise typer.Exit(REFUSED)


def _number(deps: "Deps", slug: str) -> int:
    found = next((each.id for each in deps.tenants.values() if each.slug == slug), None)
    return found if found is not None else stop(f"there is no tenant '{slug}'")


def _told(message: "Dispatch") -> dict[str, Any]:
    times = ("created_at", "sent_at", "answered_at")
    names = ("id", "destination", "appointment", "control_id", "event", "state", "blocked",
             "attempts", "ack_code", "error", "deviations")  # fmt: skip
    told = {name: getattr(message, name) for name in names}
    return told | {
        name: format_instant(value) for name in times if (value := getattr(message, name))
    }


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\r", "\n").strip()
