"""Which conditions and preferences are understood?"""

from datetime import timedelta

import pytest

from fhir_gateway.api.answers import http_date
from fhir_gateway.api.preconditions import (
    Preferences,
    preferences,
    unchanged,
    version_to_match,
)
from fhir_gateway.core.errors import Category, GatewayError
from tests.api.builders import NOW

TAG = 'W/"3"'


@pytest.mark.parametrize("text", ['W/"3"', '"3"', "3", ' W/"3" '])
def test_if_match_names_a_version_in_any_spelling(text: str) -> None:
    assert version_to_match(text) == 3


def test_without_if_match_any_version_will_do() -> None:
    assert version_to_match(None) is None


@pytest.mark.parametrize("text", ["", "*", 'W/"x"', '"3", "4"', "3.0", "-1", "W/", "٣"])
def test_an_if_match_that_names_no_version_never_overwrites(text: str) -> None:
    with pytest.raises(GatewayError) as raised:
        version_to_match(text)
    assert raised.value.category is Category.PRECONDITION_FAILED


@pytest.mark.parametrize("text", ['W/"3"', '"3"', "3", "*", 'W/"1", W/"3"'])
def test_who_has_the_version_need_not_get_it_again(text: str) -> None:
    assert unchanged(text, None, tag=TAG, updated=NOW)


@pytest.mark.parametrize("text", ['W/"2"', "", '"33"'])
def test_who_has_another_version_gets_this_one(text: str) -> None:
    assert not unchanged(text, None, tag=TAG, updated=NOW)


@pytest.mark.parametrize(
    ("ago", "same"), [(timedelta(0), True), (timedelta(1), False), (timedelta(-1), True)]
)
def test_a_date_is_compared_in_whole_seconds(ago: timedelta, same: bool) -> None:
    assert unchanged(None, http_date(NOW - ago), tag=TAG, updated=NOW) is same


def test_a_tag_goes_before_a_date() -> None:
    assert not unchanged('W/"2"', http_date(NOW), tag=TAG, updated=NOW)


@pytest.mark.parametrize(
    "date", [None, "", "yesterday", "2026-13-45", "Mon, 02 Mar 2026 09:00:00 +99999999999999"]
)
def test_without_a_readable_date_the_version_is_sent(date: str | None) -> None:
    assert not unchanged(None, date, tag=TAG, updated=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Preferences()),
        ("return=minimal", Preferences("minimal")),
        ("return=representation", Preferences("representation")),
        ("return=OperationOutcome", Preferences("OperationOutcome")),
        ("return=presentation", Preferences()),
        ("respond-async, return=minimal", Preferences("minimal")),
        ("handling=lenient", Preferences(lenient=True)),
        ("handling=strict", Preferences()),
        ("return=minimal; handling=lenient", Preferences("minimal", lenient=True)),
        ('return="minimal", HANDLING=LENIENT', Preferences("minimal", lenient=True)),
    ],
)
def test_preferences_are_read_and_unknown_ones_passed_over(
    text: str, expected: Preferences
) -> None:
    assert preferences(text) == expected
