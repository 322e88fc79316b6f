"""How far is a file of messages from the standard, on the command line?

What hl7apy says, by location; the gateway itself is more forgiving and takes most of what is told
here.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from fhir_gateway.cli_desk import stop
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.peek import peek

_DEVIATES = 1
_STDIN = Path("-")


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files of messages, or -.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object for each message.")
    ] = False,
    charset: Annotated[
        str | None, typer.Option(help="Character set, where MSH-18 is wrong.")
    ] = None,
) -> None:
    """Compare HL7 v2 messages with what their version of the standard prescribes."""
    console = Console(soft_wrap=True)
    found = [each for path in files for each in _reports(path, charset)]
    for each in found:
        if as_json:
            line = json.dumps(each, ensure_ascii=False)
            console.print(line, markup=False, highlight=False)
        else:
            _print(console, each)
    if any(each["deviations"] for each in found):
        raise typer.Exit(_DEVIATES)


def _reports(path: Path, charset: str | None) -> list[dict[str, Any]]:
    from fhir_gateway.hl7.conformance import compare  # hl7apy: the other commands start faster

    try:
        read = sys.stdin.buffer.read() if path == _STDIN else path.read_bytes()
        content = read.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
        told = []
        for raw in messages(content.strip(b"\x0b\x1c\r")):
            header = peek(raw)
            if header is None:
                stop(f"{path}: no HL7 v2 message (no MSH segment)")
            told.append(
                {
                    "file": str(path),
                    "control_id": header.control_id,
                    **asdict(compare(raw, charset)),
                }
            )
    except OSError as error:
        stop(f"{path}: {error.strerror}")
    except GatewayError as error:
        stop(f"{path}: {error}")
    return told


def _print(console: Console, told: dict[str, Any]) -> None:
    version = told["declared"] or "none"
    version += f", judged as {told['used']}" if told["used"] != told["declared"] else ""
    structure = told["structure"] or "no structure"
    count = len(told["deviations"])
    verdict = f"[yellow]{count} deviations[/]" if count else "[green]as the standard says[/]"
    head = f"[bold]{escape(told['control_id'] or '-')}[/]  [dim]{escape(told['file'])}[/]"
    console.print(f"{head}  version {escape(version)}, {escape(structure)}: {verdict}")
    for each in told["deviations"]:
        colour = "red" if each["severity"] == "error" else "yellow"
        place, rule = each["location"] or "-", each["rule"]
        console.print(
            f"    [{colour}]{each['severity']:7}[/] {escape(place):14} {rule:11}"
            f" {escape(each['diagnostics'])}"
        )
