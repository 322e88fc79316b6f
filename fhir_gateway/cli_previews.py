"""How do a message, what it comes to and what would change look on a terminal?"""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.previews import Difference, Preview, leaves

_LONGEST = 70


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return escape(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


def print_fields(console: Console, raw: bytes) -> None:
    """Every field that has a value, with its place."""
    console.rule("Field by field")
    try:
        message = Message.parse(raw)
    except GatewayError as error:
        console.print(escape(str(error)))
        return
    table = Table("place", "value", box=None, show_header=False)
    for segment in message.segments:
        for number in range(1, segment.field_count + 1):
            for count, each in enumerate(segment.repetitions(number), start=1):
                if each.raw:
                    place = segment.location(number) + (f"^{count}" if count > 1 else "")
                    table.add_row(place, _short(each.raw))
    console.print(table)


def print_preview(console: Console, found: Preview, *, provenance: bool) -> None:
    """The elements of the resources, and what is odd; with the fields that set each."""
    console.rule("As FHIR, through the present profile")
    if found.refused:
        console.print("[red]It cannot be applied.[/]")
    else:
        console.print(f"It amounts to [bold]{escape(found.event)}[/].")
        names = ["element", "value", *(["set by"] if provenance else [])]
        table = Table(*(Column(each, overflow="fold") for each in names), box=None)
        for path, value in leaves(found.resources).items():
            places = ", ".join(found.provenance.get(path, ())) or "[dim]always so[/]"
            table.add_row(escape(path), _short(value), *([places] if provenance else []))
        console.print(table)
    for each in found.issues:
        where = ", ".join(each.expression)
        console.print(f"  [yellow]•[/] {escape(each.diagnostics)} [dim]{escape(where)}[/]")


def preview_json(found: Preview) -> dict[str, Any]:
    """A preview as JSON."""
    return {
        "event": found.event,
        "refused": found.refused,
        "resources": list(found.resources),
        "issues": [
            {"text": each.diagnostics, "location": list(each.expression), "details": each.details}
            for each in found.issues
        ],
        "provenance": {path: list(places) for path, places in found.provenance.items()},
    }


def print_differences(console: Console, name: str, found: tuple[Difference, ...]) -> None:
    """What a message would come to instead."""
    console.print(f"[bold]{escape(name)}[/]")
    for each in found:
        path = escape(each.path or "outcome")
        before = "[dim]nothing[/]" if each.before is None else _short(each.before)
        after = "[dim]nothing[/]" if each.after is None else _short(each.after)
        console.print(f"  {path}: [red]{before}[/] → [green]{after}[/]")


def differences_json(found: tuple[Difference, ...]) -> list[dict[str, Any]]:
    """Differences as JSON."""
    return [{"path": e.path, "before": e.before, "after": e.after} for e in found]
