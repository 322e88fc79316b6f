"""What are the habits of a sender taken to be, which would suit it, and what would that change?

Source: hl7v2.md section 6, N6, N10 and N11; decision record 0014.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
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
from fhir_gateway.cli_messages import From, Since, Until, counting, print_json, search_of
from fhir_gateway.cli_previews import (
    differences_json,
    preview_json,
    print_differences,
    print_preview,
)
from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.peek import peek
from fhir_gateway.mapping.previews import differences, preview
from fhir_gateway.mapping.profile_files import Described, explained
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.suggesting.evidence import Suggestion
from fhir_gateway.mapping.suggesting.profile import Suggested, suggest
from fhir_gateway.sender_files import KIND, as_yaml, read_sender, read_senders, write_new
from fhir_gateway.usecases.senders import Senders

if TYPE_CHECKING:
    from fhir_gateway.usecases.deps import Deps

app = typer.Typer(
    help="Profiles of senders: explain, suggest, check, try out.", no_args_is_help=True
)

STDIN = Path("-")
ConfigDir = Annotated[
    Path | None,
    typer.Option(help="Folder with `senders/`.", show_default="FHIR_GATEWAY_CONFIG_DIR"),
]
Files = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILE…]", help="Messages, folders of *.hl7, or -.")
]
Inbox = Annotated[bool, typer.Option("--inbox", help="The messages that the gateway has kept.")]
NewProfile = Annotated[Path, typer.Option("--profile", help="YAML file of a sender.")]
Zone = Annotated[
    str | None,
    typer.Option(
        help="For profiles that name none.", show_default="that of the tenant; UTC for files"
    ),
]
Raw = tuple[str, bytes, datetime]


def _senders(config_dir: Path | None) -> Senders:
    settings = settings_of(config_dir=config_dir)
    try:
        return Senders(read_senders(settings.config_dir))
    except GatewayError as error:
        _stop_with(error)


def _stop_with(error: GatewayError) -> NoReturn:
    stop("\n".join(each.diagnostics for each in error.issues) or str(error))


def _read(path: Path) -> Described:
    try:
        return read_sender(path)
    except GatewayError as error:
        _stop_with(error)


@app.command()
def explain(
    name: Annotated[str | None, typer.Argument(help="Name of its file, without .yaml.")] = None,
    sender: From = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Show each setting of a profile: what holds, whether the file says so, what it means."""
    senders = _senders(config_dir)
    if (name is None) == (sender is None):
        known = ", ".join(each.name for each in senders.all()) or "none yet"
        stop(f"say a name or --sender APP FACILITY; there are: {known}")
    described = senders.named(name) if name else senders.described(sender or ("", ""))
    if described is None and name:
        stop(f"there is no profile {name}; there are: {_names(senders)}")
    found = described or Described("(default)")
    rows = explained(found)
    if as_json:
        print_json(
            {
                "name": found.name,
                "application": found.application,
                "facility": found.facility,
                "settings": [
                    {"key": e.key, "value": _plain(e.value), "given": e.given,
                     "meaning": e.meaning, "allowed": e.allowed} for e in rows
                ],
            }
        )  # fmt: skip
        return
    console = Console()
    who = f"application {found.application}, facility {found.facility}"
    console.print(f"[bold]{escape(found.name)}[/] for {escape(who)}")
    table = Table("setting", "value", "", "meaning")
    for each in rows:
        source = "[green]file[/]" if each.given else "[dim]default[/]"
        table.add_row(each.key, escape(_shown(each.key, each.value)), source, escape(each.meaning))
    console.print(table)


def _names(senders: Senders) -> str:
    return ", ".join(each.name for each in senders.all()) or "none yet"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(key: str, value: Any) -> str:
    if key == "zone" and not value:
        return "that of the tenant"
    if key == "ack" and value is None:
        return "as FHIR_GATEWAY_STRICT_FEEDS says"
    if isinstance(value, dict):
        return "\n".join(f"{code}: {_meaning(each)}" for code, each in value.items()) or "–"
    if isinstance(value, tuple):
        return ", ".join(value) or "–"
    return "–" if value in (None, "") else str(value)


def _meaning(value: Any) -> str:
    return str(value.get("display") or value["code"]) if isinstance(value, dict) else str(value)


@app.command()
def check(files: Annotated[list[Path], typer.Argument(metavar="FILE…")]) -> None:
    """Say whether files describe senders, and what is wrong where."""
    console = Console(soft_wrap=True)
    wrong = 0
    for path in files:
        try:
            found = read_sender(path)
        except GatewayError as error:
            wrong += 1
            for each in error.issues:
                console.print(f"[red]wrong[/]  {escape(each.diagnostics)}")
        else:
            who = f"{found.application} / {found.facility}"
            console.print(f"[green]ok[/]     {escape(str(path))}: {escape(who)}")
    if wrong:
        raise typer.Exit(REFUSED)


def _from_files(paths: Sequence[Path]) -> Iterator[Raw]:
    now = SystemClock().now()
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix == ".hl7")
            if not inside:
                stop(f"no file *.hl7 in {path}")
            yield from _from_files(inside)
            continue
        try:
            content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        except OSError as error:
            stop(f"{path}: {error.strerror}")
        found = [raw for raw in messages(content.strip(b"\x0b\x1c\r\n")) if peek(raw)]
        if not found:
            stop(f"{path}: no HL7 v2 message (no MSH segment)")
        for number, raw in enumerate(found, start=1):
            yield (path.name if len(found) == 1 else f"{path.name} #{number}"), raw, now


def _from_inbox(
    sender: tuple[str, str] | None,
    since: str | None,
    until: str | None,
    limit: int,
    tenant: str,
    data_dir: Path | None,
) -> tuple[list[Raw], str]:
    """Messages of the inbox in the order in which they came, and the zone of the tenant."""
    from fhir_gateway.usecases import work_queue

    search = search_of(sender=sender, since=since, until=until)

    async def work(deps: "Deps") -> tuple[list[Raw], str]:
        found = await work_queue.find(
            deps, tenant_of(deps, tenant), search, limit=limit, oldest_first=True
        )
        raws = [(f"message {each.id}", each.raw, each.received_at) for each in found]
        return raws, deps.tenants[tenant_of(deps, tenant)].zone.key

    return at_the_desk(settings_of(data_dir=data_dir), work)


@app.command("suggest")
def suggest_(
    files: Files = None,
    inbox: Inbox = False,
    sender: From = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Most messages of the inbox.")] = 500,
    out: Annotated[Path | None, typer.Option(help="Write the YAML to this new file.")] = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
    tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:
    """Suggest a profile from the messages of a sender, with the evidence for each setting.

    Nothing is put into force: the YAML is for a person to read and to put into `senders/`.
    """
    if inbox == bool(files):
        stop("say either files of messages or --inbox with --sender APP FACILITY")
    if inbox and sender is None:
        stop("--inbox needs --sender APP FACILITY")
    raws = list(_from_files(files or ()))
    if inbox:
        raws, _ = _from_inbox(sender, since, until, limit, tenant, data_dir)
    senders = sorted({header.sender for _, raw, _ in raws if (header := peek(raw))})
    if sender is None and len(senders) != 1:
        shown = "; ".join(" ".join(f"'{part}'" for part in each) for each in senders[:8])
        stop(f"these are messages of several senders; say which with --sender: {shown}")
    wanted = sender or senders[0]
    own = [raw for _, raw, _ in raws if _is_from(raw, wanted)]
    present = _senders(config_dir).described(wanted) or Described("")
    found = suggest(own, present, wanted)
    if not found.messages:
        stop(f"no SIU, SRM or ADT message of {' / '.join(wanted)}")
    text = as_yaml(found.described, _notes(found))
    if out is not None:
        try:
            write_new(out, text)
        except GatewayError as error:
            stop(str(error))
    if as_json:
        print_json(_suggested_json(found, text))
        return
    _print_suggested(found, text, out)


def _is_from(raw: bytes, wanted: tuple[str, str]) -> bool:
    header = peek(raw)
    return header is not None and all(
        want in ("*", told) for want, told in zip(wanted, header.sender, strict=True)
    )


def _notes(found: Suggested) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for each in found.suggestions:
        if each.is_sure:
            against = [f"against: {one}" for one in each.against]
            notes.setdefault(each.key, []).extend([*each.evidence, *against])
    return notes


def _print_suggested(found: Suggested, text: str, out: Path | None) -> None:
    console = Console(soft_wrap=True)
    console.print(
        f"{found.messages} {'/'.join(found.types)} messages of"
        f" [bold]{escape(' / '.join(found.sender))}[/]: the present"
        f" profile reads {found.understood}, the suggested one {found.then_understood}"
    )
    for each in found.suggestions:
        _print_suggestion(console, each)
    if not found.suggestions:
        console.print("Nothing to suggest: it writes as the standard and most feeds do.")
    console.rule("senders/*.yaml" if out is None else str(out))
    console.print(text, markup=False, highlight=False)


def _print_suggestion(console: Console, each: Suggestion) -> None:
    mark = "[green]take[/]" if each.is_sure else "[yellow]look[/]"
    value = "a person has to say it" if each.value is None else _shown(each.key, each.value)
    line = value.replace("\n", ", ")
    console.print(f"{mark} [bold]{each.key}[/]: {escape(line)}  [dim]sure {each.confidence:.0%}[/]")
    for one in each.evidence:
        console.print(f"     [green]+[/] {escape(one)}")
    for one in each.against:
        console.print(f"     [yellow]-[/] {escape(one)}")


def _suggested_json(found: Suggested, text: str) -> dict[str, Any]:
    return {
        "sender": list(found.sender),
        "messages": found.messages,
        "understood": found.understood,
        "thenUnderstood": found.then_understood,
        "suggestions": [
            {"key": e.key, "value": _plain(e.value), "confidence": e.confidence, "taken": e.is_sure,
             "evidence": list(e.evidence), "against": list(e.against)} for e in found.suggestions
        ],
        "yaml": text,
    }  # fmt: skip


@app.command("preview")
def preview_(
    files: Files = None,
    profile: Annotated[Path | None, typer.Option(help="YAML file of a sender.")] = None,
    zone: Zone = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what messages would come to, and which field sets each element. Nothing is stored."""
    raws = list(_from_files(files or [STDIN]))
    given = _read(profile).profile if profile else None
    senders = Senders() if profile else _senders(config_dir)
    refused = 0
    shown: list[dict[str, Any]] = []
    console = Console(soft_wrap=True)
    for name, raw, now in raws:
        header = peek(raw)
        chosen = given or (senders.get(header.sender) if header else None)
        found = preview(raw, _settled(chosen, zone), now, provenance=True)
        refused += found.refused
        if as_json:
            shown.append({"message": name, **preview_json(found)})
        else:
            console.print(f"[bold]{escape(name)}[/]")
            print_preview(console, found, provenance=True)
    if as_json:
        print_json(shown)
    if refused:
        raise typer.Exit(REFUSED)


def _settled(profile: SenderProfile | None, zone: str | None) -> SenderProfile:
    """A profile in that zone where it names none."""
    known = profile or Described("").profile
    return known if known.zone else replace(known, zone=zone or "UTC")


@app.command()
def diff(
    profile: NewProfile,
    files: Files = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Most messages of the inbox.")] = 10_000,
    zone: Zone = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
    tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:
    """Replay messages through the present and a changed profile and show what would differ.

    The messages are those of the files, or those of its sender in the inbox. Nothing is applied.
    """
    new = _read(profile)
    raws = list(_from_files(files or ()))
    if not files:
        raws, home = _from_inbox(new.sender, since, until, limit, tenant, data_dir)
        zone = zone or home
    senders = _senders(config_dir)
    rows: list[dict[str, Any]] = []
    console = Console(soft_wrap=True)
    with counting(len(raws), "replaying") as done:
        for name, raw, at in raws:
            header = peek(raw)
            old = _settled(senders.get(header.sender) if header else None, zone)
            before = preview(raw, old, at)
            found = differences(before, preview(raw, _settled(new.profile, zone), at))
            if found:
                rows.append({"message": name, "differences": differences_json(found)})
                if not as_json:
                    print_differences(console, name, found)
            done()
    if as_json:
        print_json({"messages": len(raws), "differ": len(rows), "changes": rows})
        return
    console.print(f"{len(rows)} of {len(raws)} messages would come to something else.")
    console.print(f"[dim]To put it into force: into {KIND}/ of the configuration, then SIGHUP.[/]")
