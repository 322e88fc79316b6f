"""What does a study hand to the report?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulation.confidence import Interval


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text below a head; `said` says how to read it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    said: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over one axis.

    Args:
        name: Of the file, without its ending.
        title: What is seen.
        across: What the horizontal axis is.
        up: What the vertical axis is.
        ticks: Values of the horizontal axis.
        lines: By name, an interval for each tick.
    """

    name: str
    title: str
    across: str
    up: str
    ticks: Sequence[str]
    lines: Mapping[str, Sequence[Interval]]


@dataclass(frozen=True, slots=True)
class Study:
    """One part of the report.

    Args:
        title: Of the part.
        assumed: What is assumed of the world, one sentence each.
        tables: In order.
        plots: In order.
        measured: By id of the claim.
        losses: Where `best` is worse, one sentence each; `worse` finds them.
    """

    title: str
    assumed: Sequence[str]
    tables: Sequence[Table]
    plots: Sequence[Plot]
    measured: Mapping[str, Interval]
    losses: Sequence[str] = field(default_factory=tuple)


def worse(what: str, difference: Interval, unit: str, *, larger_is_worse: bool) -> list[str]:
    """The sentence about a loss, where the whole interval says that it is one.

    Args:
        what: Who is compared in which respect.
        difference: `best` less the other.
        unit: Of the difference.
        larger_is_worse: Whether more is worse.
    """
    lost = difference.low > 0 if larger_is_worse else difference.high < 0
    return [f"{what}: {difference.told()} {unit}"] if lost else []
