"""The campaign against the gateway, in small: hospitals send while it is killed.

`make campaign` is the whole of it. Decision 20.
"""

from pathlib import Path

import pytest

from conformance.campaign.planted import FAULTS
from conformance.campaign.run import Plan, campaign

pytestmark = pytest.mark.slow


async def test_each_acknowledged_message_is_applied_once_and_in_order(tmp_path: Path) -> None:
    report = await campaign(Plan(senders=4, messages=160, kills=2, duplicates=0.2), tmp_path)
    assert report.violations == []
    assert report.acknowledgements == 160
    assert report.distinct < 160
    assert report.overtaken > 0


async def test_an_acknowledgement_that_leaves_too_early_is_found_out(tmp_path: Path) -> None:
    report = await campaign(Plan(senders=2, messages=60, kills=1), tmp_path, "early")
    assert {each.kind for each in report.violations} & FAULTS["early"][1]
