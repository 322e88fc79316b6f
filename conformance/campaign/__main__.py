"""Kill the gateway again and again while hospitals send: `python -m conformance.campaign`.

Every message is sent until it is acknowledged. In the end a checker compares what was sent with
what the database has: each acknowledged message applied once, in order, nothing else. With
`--prove` the same is done with faults planted on purpose, each of which has to be found.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from conformance.campaign.planted import FAULTS
from conformance.campaign.run import Plan, Report, campaign


def main() -> int:
    """Run and print; the exit status says whether all was as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20260301)
    parser.add_argument("--fault", choices=sorted(FAULTS), help="plant this one")
    parser.add_argument("--prove", action="store_true", help="plant each fault, one after another")
    parser.add_argument("--json", type=Path, help="write the report there as well")
    given = parser.parse_args()
    plan = Plan(given.senders, given.messages, given.kills, given.seed)
    faults = sorted(FAULTS) if given.prove else [given.fault]
    console = Console(stderr=True)
    reports = []
    for fault in faults:
        with tempfile.TemporaryDirectory() as folder, console.status("…") as status:
            report = asyncio.run(campaign(plan, Path(folder), fault, progress=status.update))
        Console(width=110).print(report.text)
        reports.append(report)
    if given.json:
        given.json.write_text(json.dumps([each.as_json() for each in reports], indent=2))
    return int(not all(_as_wanted(each) for each in reports))


def _as_wanted(report: Report) -> bool:
    kinds = {each.kind for each in report.violations}
    return bool(kinds & FAULTS[report.fault][1]) if report.fault else not kinds


if __name__ == "__main__":
    sys.exit(main())
