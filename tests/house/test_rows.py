"""Has each row a test of its own in which the owner's plan cannot be run as it is written?"""

import re

from tests.house.tree import ROOT

#: Of the plan's scheduling (S), queue (Q) and waitlist (W); what is missing was never a row.
ROWS = (
    *(f"s{number}" for number in range(1, 17)),
    *(f"q{number}" for number in (1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 14)),
    *(f"w{number}" for number in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
)
_NAMED = re.compile(r"def test_row_([sw]\d+)_|def test_(q\d+)_")


def test_every_row_of_the_plan_has_a_test() -> None:
    named = {
        row
        for path in (ROOT / "tests").rglob("test_*.py")
        for found in _NAMED.findall(path.read_text(encoding="utf-8"))
        for row in found
    }
    assert [each for each in ROWS if each not in named] == []
