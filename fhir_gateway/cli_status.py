"""How are the feeds, in and out?

Source: hl7v2.md section 6, row 12; decision record 0025.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

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
    tenant_of,
)
from fhir_gateway.cli_messages import print_json
from fhir_gateway.core.time import format_instant

if TYPE_CHECKING:
    from fhir_gateway.usecases.deps import Deps
    from fhir_gateway.usecases.feed_status import DestinationStatus, FeedStatus

Check = Annotated[
    bool, typer.Option("--check", help="End with status 1 where somebody should look at something.")
]


def messages(
    check: Check = False, as_json: AsJson = False, tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Show each sender: how much has come, what waits, and who is silent."""

    async def work(deps: "Deps") -> "list[FeedStatus]":
        from fhir_gateway.usecases import feed_status

        return await feed_status.feeds(deps, tenant_of(deps, tenant))

    found = at_the_desk(settings_of(data_dir=data_dir), work)
    table = Table(
        "sender", "profile", "states", "last", "oldest waiting", "24 h", "at fault", "warnings"
    )
    rows = []
    for each in found:
        figures = each.figures
        rows.append(
            {
                "sender": list(each.sender),
                "profile": each.profile,
                "states": dict(figures.states) if figures else {},
                "last": _time(figures.last if figures else None),
                "oldestWaiting": _time(figures.oldest if figures else None),
                "expectedBy": _time(each.expected_by),
                "recent": figures.recent if figures else 0,
                "atFault": figures.at_fault if figures else 0,
                "warnings": list(each.warnings),
            }
        )
        _add(table, rows[-1], "/".join(each.sender), each.profile or "-")
    _print(table, rows, as_json=as_json, check=check)


def outbound(
    check: Check = False, as_json: AsJson = False, tenant: Tenant = "default",
    data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Show each destination: how much has been sent, what waits, and who does not answer."""

    async def work(deps: "Deps") -> "list[DestinationStatus]":
        from fhir_gateway.usecases import feed_status

        return await feed_status.destinations(deps, tenant_of(deps, tenant))

    found = at_the_desk(settings_of(data_dir=data_dir), work)
    table = Table(
        "destination", "circuit", "states", "last answer", "oldest waiting", "24 h", "at fault",
        "warnings",
    )  # fmt: skip
    rows = []
    for each in found:
        figures = each.figures
        rows.append(
            {
                "destination": each.name,
                "enabled": each.enabled,
                "circuit": each.circuit,
                "states": dict(figures.states) if figures else {},
                "last": _time(figures.answered if figures else None),
                "lastTry": _time(figures.tried if figures else None),
                "oldestWaiting": _time(figures.oldest if figures else None),
                "recent": figures.recent if figures else 0,
                "atFault": figures.at_fault if figures else 0,
                "warnings": list(each.warnings),
            }
        )
        _add(table, rows[-1], each.name, each.circuit if each.enabled else "off")
    _print(table, rows, as_json=as_json, check=check)


def _time(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None


def _add(table: Table, row: Mapping[str, Any], name: str, second: str) -> None:
    states = ", ".join(f"{count} {state}" for state, count in sorted(row["states"].items()))
    table.add_row(
        escape(name), escape(second), states or "-", row["last"] or "-",
        row["oldestWaiting"] or "-", str(row["recent"]), str(row["atFault"]),
        "; ".join(f"[red]{escape(each)}[/]" for each in row["warnings"]) or "[green]none[/]",
    )  # fmt: skip


def _print(table: Table, rows: list[dict[str, Any]], *, as_json: bool, check: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        Console().print(table if rows else "Nothing has been sent or described yet.")
    if check and any(each["warnings"] for each in rows):
        raise typer.Exit(REFUSED)
