"""How are the claims and what was found written down? The same seed gives the same bytes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from simulation.confidence import Interval
from simulation.ledger import CLAIMS, NOT_CLAIMED, Claim
from simulation.plots import drawn
from simulation.study import Study, Table

NAME = "report.md"


def write(folder: Path, seed: int, studies: Sequence[Study], how: str) -> Path:
    """Write the report and its plots.

    Args:
        folder: Made where it is missing.
        seed: Of the report.
        studies: In order.
        how: With which effort it was made.

    Returns:
        The report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for each in studies:
        for plot in each.plots:
            (folder / f"{plot.name}.svg").write_text(drawn(plot), encoding="utf-8")
    report = folder / NAME
    report.write_text(text(seed, studies, how), encoding="utf-8")
    return report


def text(seed: int, studies: Sequence[Study], how: str) -> str:
    """The report as Markdown."""
    said = (
        f"Seed {seed}, {how}. In brackets: 95 % confidence intervals of paired replications; all "
        "rules meet the same people. The engines are those of the gateway, not copies. The claims "
        "were fixed before the run (`simulation/ledger.py`), and all that was tried before them "
        "was tried with other seeds."
    )
    head = [
        "# What the engines achieve in simulation",
        said,
        NOT_CLAIMED,
        "## Claims",
        _table(("claim", "measured", "threshold", "found", "verdict"), _claims(studies)),
        "## Losses",
        "Everything in which `best` is worse than another rule, as far as the interval says so.",
        *_losses(studies),
    ]
    return "\n\n".join([*head, *(part for each in studies for part in _part(each))]) + "\n"


def verdicts(studies: Iterable[Study]) -> list[tuple[Claim, Interval]]:
    """Each claim with what was measured."""
    measured = {name: found for each in studies for name, found in each.measured.items()}
    return [(each, measured[each.id]) for each in CLAIMS]


def _claims(studies: Iterable[Study]) -> list[list[str]]:
    return [
        [
            claim.statement,
            claim.metric,
            f"{'≤' if claim.at_most else '≥'} {claim.threshold:g}",
            found.told(2),
            claim.verdict(found),
        ]
        for claim, found in verdicts(studies)
    ]


def _losses(studies: Iterable[Study]) -> list[str]:
    return [
        f"**{each.title}**\n\n" + "\n".join(f"- {one.rstrip()}" for one in each.losses)
        for each in studies
        if each.losses
    ]


def _part(study: Study) -> list[str]:
    parts = [f"## {study.title}"]
    if study.assumed:
        parts.append("Assumed:\n" + "\n".join(f"- {each}" for each in study.assumed))
    for each in study.tables:
        parts += _told(each)
    return parts + [f"![{each.title}]({each.name}.svg)" for each in study.plots]


def _told(table: Table) -> list[str]:
    said = [table.said] if table.said else []
    return [f"### {table.title}", *said, _table(table.head, table.rows)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)
