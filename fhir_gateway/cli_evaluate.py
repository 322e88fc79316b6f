"""How good would predictions have been, on the command line?

Exit status as in `cli`: 0 judged, 2 not possible (one line on the error output says why).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fhir_gateway.cli_desk import (
    AsJson,
    DataDir,
    Tenant,
    at_the_desk,
    settings_of,
    stop,
    tenant_of,
)
from fhir_gateway.core.errors import GatewayError

evaluate = typer.Typer(help="Judge predictions by what came of them.", no_args_is_help=True)

_EPOCH = date(1970, 1, 1)
_COLUMNS = ("AUC", "Brier skill", "calibration error", "recall", "accuracy")


@evaluate.command(name="no-show")
def no_show(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE.csv",
            help="Appointments with PatientId, ScheduledDay, AppointmentDay, No-show, and"
            " Age, Gender, SMS_received where known; may be gzipped.",
        ),
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Learn from FILE.csv, judge on this one.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="Last day to learn from.",
            show_default="where 70 % of the visits are over",
        ),
    ] = None,
    own_history: Annotated[
        bool, typer.Option("--own-history", help="The gateway's own appointments, not a file.")
    ] = False,
    tenant: Tenant = "default",
    data_dir: DataDir = None,
    budget: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the patients who can be called.")
    ] = 0.2,
    as_json: AsJson = False,
) -> None:
    """Learn no-shows from earlier appointments, and judge on later ones.

    Beside one number for all (constant), the owner's rule (plan) and the model before it has
    learnt (cold-start).
    """
    if own_history == (file is not None):
        stop("give either FILE.csv or --own-history")
    last = _day(until)
    from fhir_gateway import evaluation  # numpy: the other commands start faster

    try:
        with _saying() as say:
            if file is not None:
                told = evaluation.of_files(file, test, last, budget, say)
            else:
                told = at_the_desk(
                    settings_of(data_dir=data_dir),
                    lambda deps: evaluation.of_own_history(
                        deps, tenant_of(deps, tenant), last, budget, say
                    ),
                )
    except GatewayError as error:
        stop(str(error))
    if as_json:
        _print_json(told)
    else:
        told["notes"].append(f"One prediction takes {told['microseconds_per_prediction']:.1f} µs.")
        _print(told)


@evaluate.command(name="no-show-card")
def no_show_card(
    tenant: Tenant = "default", data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Print the card of the model that predictions come from: its source, and how good it was."""
    from fhir_gateway import evaluation  # numpy: the other commands start faster

    card = at_the_desk(
        settings_of(data_dir=data_dir),
        lambda deps: evaluation.card_of(deps, tenant_of(deps, tenant)),
    )
    if as_json:
        _print_json(card)
        return
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"version {card['version']}, made {card['made']}, from {card['source']}")
    if "reason" in card:
        console.print(f"because {escape(card['reason'])}")
    console.print(f"{card['visits']} visits, {card['missed']} missed")
    if "figures" in card:
        _print(card | {"notes": []})


@evaluate.command(name="recount")
def recount(tenant: Tenant = "default", data_dir: DataDir = None) -> None:
    """Count everything anew that is kept as a number: how every patient's appointments went, the
    days of the clinic, the hours of queues."""
    from fhir_gateway.usecases import recounting  # numpy: the other commands start faster

    settings = settings_of(data_dir=data_dir)
    with _saying() as say:
        say("counting")
        wrong = at_the_desk(
            settings, lambda deps: recounting.recount(deps, tenant_of(deps, tenant))
        )
    parts = {
        "the counters of {} patients": wrong.patients,
        "{} days": wrong.days,
        "{} hours of queues": wrong.hours,
    }
    told = ", ".join(text.format(number) for text, number in parts.items() if number)
    Console().print(f"corrected: {told}" if told else "everything was right", highlight=False)


def _day(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        stop(f"--until {text}: a day is written 2016-05-20")


def _print_json(told: dict[str, Any]) -> None:
    Console(soft_wrap=True).print(json.dumps(told), markup=False, highlight=False)


def _print(told: dict[str, Any]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for name in ("learnt", "judged"):
        extent = told[name]
        when = f" of {extent['from']} to {extent['to']}" if "from" in extent else ""
        console.print(f"{name:6}  {extent['visits']} visits{when}")
    for part, policies in told["figures"].items():
        one = policies["best"]
        title = f"{part}: {one['count']} visits, {one['missed']} missed"
        table = _table("", *_COLUMNS, title=title)
        for policy, figures in policies.items():
            table.add_row(policy, *_cells(figures))
        console.print("", table, sep="\n")
    table = _table("", "visits", "told", "true", title="Of whom best is true")
    for each in told["groups"]:
        rates = (_percent(each[name]) for name in ("told", "true"))
        table.add_row(each["name"], str(each["count"]), *rates)
    console.print("", table, "", sep="\n")
    console.print(
        f"[dim]recall: share of the no-shows among the {100 * told['call_budget']:g} % at highest"
        " risk.[/]"
    )
    for each in told["notes"]:
        console.print(f"[dim]{escape(each)}[/]")


def _table(*columns: str, title: str) -> Table:
    return Table(*columns, title=title, title_justify="left", box=None)


def _cells(figures: dict[str, Any]) -> Iterator[str]:
    yield "-" if figures["auc"] is None else f"{figures['auc']:.3f}"
    yield f"{figures['skill']:+.3f}"
    yield f"{figures['calibration_error']:.3f}"
    yield _percent(figures["recall"])
    yield _percent(figures["accuracy"])


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


@contextmanager
def _saying() -> Iterator[Callable[[str], None]]:
    """What is going on, on the error output, where somebody looks on."""
    with Console(stderr=True).status("") as status:
        yield lambda what: status.update(escape(what))
