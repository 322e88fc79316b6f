"""Play it all and write the report: `python -m simulation [--smoke] [--seed N] [--out DIR]`."""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

from simulation import queue_study, scheduling_study, validation, waitlist_study
from simulation.ledger import CLAIM_LOAD
from simulation.report import verdicts, write
from simulation.scheduling_requests import Size
from simulation.study import Study

SEED = 20261125
#: Seeds from which parameters and scenarios were tried; no report is made of them.
TUNING_SEEDS = range(700_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is played.

    Args:
        validation, queue, waitlist, months: Replications of each study.
        hours: Of a stretch of the validation.
        training: Months from which the no-show model learns.
        loads: Of the queue.
        days: Of a week of the queue.
        times: Freed in each replication of the waitlist.
        size: Of the clinic.
    """

    validation: int
    hours: int
    queue: int
    waitlist: int
    months: int
    training: int
    loads: tuple[float, ...] = queue_study.LOADS
    days: int = queue_study.DAYS
    times: int = waitlist_study.TIMES
    size: Size = field(default_factory=Size)


FULL = Effort(validation=10, hours=1000, queue=100, waitlist=40, months=8, training=4)
SMOKE = Effort(
    validation=2, hours=60, queue=2, waitlist=2, months=2, training=1,
    loads=(CLAIM_LOAD,), days=1, times=4, size=Size(1, 3, 1),
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Write the report, print the claims with their verdicts."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few replications: does it run?")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=Path(".local/simulation"), help="folder")
    given = parser.parse_args(arguments)
    if given.seed in TUNING_SEEDS:
        parser.error(f"{given.seed} is a seed for tuning, not for a report")
    effort = SMOKE if given.smoke else FULL
    studies = played(given.seed, effort)
    how = "a few replications to see that it runs: decides nothing" if given.smoke else "in full"
    report = write(given.out, given.seed, studies, how)
    for claim, found in verdicts(studies):
        print(f"{claim.verdict(found).strip('*'):>10}  {claim.metric}: {found.told(2)}")
    print(report)
    return 0


def played(seed: int, effort: Effort) -> list[Study]:
    """All studies; that of the clinic builds on that of the waitlist."""
    freed = {each: waitlist_study.freed(seed, each, effort.waitlist, effort.times)
             for each in waitlist_study.NOTICES}  # fmt: skip
    refill = waitlist_study.shares(freed)
    return [
        validation.study(seed, effort.validation, effort.hours),
        queue_study.study(seed, effort.queue, effort.loads, effort.days),
        waitlist_study.study(freed),
        scheduling_study.study(seed, effort.months, refill, effort.training, effort.size),
    ]


if __name__ == "__main__":
    sys.exit(main())
