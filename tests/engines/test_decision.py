from decimal import Decimal
from fractions import Fraction

import pytest

from fhir_gateway.engines.clinical_class import ClinicalClass, class_of, priority_rank
from fhir_gateway.engines.decision import decimal_of, plain, rounded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.005", "0.00"),
        ("0.015", "0.02"),
        ("68.334", "68.33"),
        ("2.675", "2.68"),
        ("-0.015", "-0.02"),
    ],
)
def test_two_decimals_half_to_even(value, expected):
    assert str(rounded(Decimal(value))) == expected


def test_fractions_become_short_decimals():
    assert str(decimal_of(Fraction(1, 3))) == "0.333333"
    assert str(decimal_of(Fraction(200))) == "200"
    assert str(plain(Decimal("1E+2"))) == "100"
    assert str(plain(Decimal("12.500"))) == "12.5"


def test_classes_follow_priority_and_zero_or_absent_is_last():
    expected = {
        1: ClinicalClass.EMERGENCY, 2: ClinicalClass.URGENT, 3: ClinicalClass.URGENT,
        4: ClinicalClass.SOON, 6: ClinicalClass.SOON, 7: ClinicalClass.ROUTINE,
        9: ClinicalClass.ROUTINE, 0: ClinicalClass.ROUTINE, None: ClinicalClass.ROUTINE,
    }  # fmt: skip
    assert {priority: class_of(priority) for priority in expected} == expected
    assert sorted([None, 9, 1, 12, 2], key=priority_rank) == [1, 2, 9, 12, None]
    assert priority_rank(0) == priority_rank(None)
