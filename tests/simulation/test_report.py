"""The report: claims with verdicts, intervals, and the same bytes for the same seed."""

import math
from pathlib import Path

import pytest
from lxml import etree

from simulation.__main__ import main
from simulation.confidence import Interval, changes, interval, quantile, student
from simulation.ledger import CLAIMS, Claim, Verdict
from simulation.study import worse

AT_LEAST = Claim("", "", "", 10.0, at_most=False)
AT_MOST = Claim("", "", "", 10.0, at_most=True)


@pytest.mark.parametrize(
    ("claim", "low", "high", "verdict"),
    [
        (AT_LEAST, 10, 12, Verdict.KEPT),
        (AT_LEAST, 9, 12, Verdict.UNDECIDED),
        (AT_LEAST, 7, 9, Verdict.NOT_KEPT),
        (AT_MOST, 7, 10, Verdict.KEPT),
        (AT_MOST, 9, 12, Verdict.UNDECIDED),
        (AT_MOST, 11, 12, Verdict.NOT_KEPT),
        (AT_MOST, math.nan, math.nan, Verdict.UNDECIDED),
    ],
)
def test_a_claim_is_kept_by_the_whole_interval(
    claim: Claim, low: float, high: float, verdict: Verdict
) -> None:
    assert claim.verdict(Interval((low + high) / 2, low, high)) is verdict


@pytest.mark.parametrize(("freedom", "table"), [(4, 2.776), (9, 2.262), (19, 2.093), (60, 2.000)])
def test_students_quantile_is_that_of_the_tables(freedom: int, table: float) -> None:
    assert student(freedom) == pytest.approx(table, abs=0.004)


def test_an_interval_is_around_the_mean() -> None:
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.mean == 3.0
    assert found.high - found.mean == pytest.approx(2.776 * math.sqrt(2.5 / 5), abs=0.01)


def test_replications_that_move_together_leave_no_doubt_of_their_ratio() -> None:
    found = changes([75.0, 150.0, 300.0], [100.0, 200.0, 400.0])
    assert (found.low, found.mean, found.high) == pytest.approx((-25, -25, -25))


def test_the_quantile_is_one_of_the_values() -> None:
    assert [quantile(range(1, 101), each) for each in (0.5, 0.95, 1.0)] == [50, 95, 100]


@pytest.mark.parametrize(("low", "high", "lost"), [(1, 3, 1), (-1, 3, 0), (-3, -1, 0)])
def test_a_loss_is_told_where_the_interval_says_so(low: float, high: float, lost: int) -> None:
    found = Interval((low + high) / 2, low, high)
    assert len(worse("x", found, "minutes", larger_is_worse=True)) == lost


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(["--smoke", "--seed", "5", "--out", str(tmp_path / name)]) == 0
    first, again = (
        {each.name: each.read_bytes() for each in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert first == again
    report = first.pop("report.md").decode()
    assert all(claim.metric in report for claim in CLAIMS)
    assert "satisfaction" in report
    assert all(etree.fromstring(each).tag.endswith("svg") for each in first.values())
    assert all(f"({name})" in report for name in first)


def test_no_report_is_made_of_a_seed_for_tuning(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["--smoke", "--seed", "777000", "--out", str(tmp_path / "never")])
    assert not (tmp_path / "never").exists()
