"""How is a message that waits put right by hand?

Source: hl7v2.md section 6, row 5; decision record 0025.
"""

import os
import shlex
import subprocess
from getpass import getuser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fhir_gateway.cli_desk import (
    REFUSED,
    DataDir,
    Tenant,
    at_the_desk,
    settings_of,
    stop,
    tenant_of,
)
from fhir_gateway.cli_messages import Number
from fhir_gateway.cli_previews import print_differences
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.message import Message

if TYPE_CHECKING:
    from fhir_gateway.usecases.corrections import Corrected, Plan
    from fhir_gateway.usecases.deps import Deps

_OUTCOMES = {
    "applied": "applied",
    "superseded": "not applied, since a newer message had been; kept",
}


def edit(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why it is changed.")],
    file: Annotated[
        Path | None, typer.Option(help="The message as it shall be; without it an editor opens.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Who changes it.", show_default="who is signed in here")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:
    """Correct a message that waits (state error or refused) and apply it.

    The original is kept and says who has corrected it and why. What changes is shown first. Where
    the corrected message cannot be applied either, nothing is kept of it.
    """
    from fhir_gateway.usecases import corrections, work_queue

    settings = settings_of(data_dir=data_dir)
    who = by or getuser()
    raw = _read(file) if file else None
    if raw is None:

        async def original(deps: "Deps") -> bytes:
            return (await work_queue.show(deps, tenant_of(deps, tenant), number)).kept.raw

        raw = _edited(at_the_desk(settings, original))

    async def plan(deps: "Deps") -> "Plan":
        return await corrections.plan(deps, tenant_of(deps, tenant), number, raw)

    console = Console(soft_wrap=True)
    _print_plan(console, at_the_desk(settings, plan))
    if not yes and not typer.confirm("Apply it?"):
        raise typer.Exit(REFUSED)

    async def work(deps: "Deps") -> "Corrected":
        key = tenant_of(deps, tenant)
        return await corrections.correct(deps, key, number, raw, by=who, reason=reason)

    done = at_the_desk(settings, work)
    for each in done.issues:
        console.print(f"  {escape(each.diagnostics)} [dim]{escape(', '.join(each.expression))}[/]")
    if done.number is None:
        console.print(f"[red]It cannot be applied;[/] {number} waits as before")
        raise typer.Exit(REFUSED)
    what = _OUTCOMES[done.outcome]
    console.print(f"{what} as message {done.number}, which corrects {number}", highlight=False)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        stop(f"{path}: {error.strerror}")


def _edited(raw: bytes) -> bytes:
    """The message as somebody leaves it in their editor, in its own character set."""
    try:
        encoding = Message.parse(raw).syntax.encoding
    except GatewayError:
        encoding = "utf-8"
    text = raw.decode(encoding, "surrogateescape")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    changed = _in_editor(lines.encode(encoding, "surrogateescape")).decode(
        encoding, "surrogateescape"
    )
    if changed.rstrip("\n") == lines.rstrip("\n"):
        stop("nothing has been changed")
    try:
        return changed.replace("\r\n", "\n").replace("\n", "\r").encode(encoding, "surrogateescape")
    except UnicodeEncodeError as error:
        stop(f"the message is written in {encoding}, which has no {error.object[error.start]!r}")


def _in_editor(content: bytes) -> bytes:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        stop("there is no editor: set EDITOR, or give the corrected message with --file")
    with TemporaryDirectory() as folder:  # nobody else may look into it
        path = Path(folder) / "message.hl7"
        path.write_bytes(content)
        try:
            subprocess.run([*shlex.split(editor), path], check=True)  # noqa: S603 - the user's own
        except (OSError, subprocess.CalledProcessError) as error:
            stop(f"the editor {editor} has failed: {error}")
        return path.read_bytes()


def _print_plan(console: Console, found: "Plan") -> None:
    table = Table("field", "as it came", "as it shall be")
    for each in found.fields:
        table.add_row(escape(each.place), escape(each.before), escape(each.after))
    console.print(table if found.fields else "No field differs.")
    print_differences(console, "It comes to", tuple(found.elements))
