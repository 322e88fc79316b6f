import pytest

from fhir_gateway.core.codes import APPOINTMENT_STATUSES
from fhir_gateway.engines.lifecycle import TRANSITIONS, By, onwards, transition

#: Columns in the order of APPOINTMENT_STATUSES: proposed, pending, booked, arrived, fulfilled,
#: cancelled, noshow, entered-in-error, checked-in, waitlist. `x` may go ahead.
CLIENT = {
    "proposed":         "x x x . . x . x . x",
    "pending":          ". x x . . x . x . .",
    "booked":           ". . x x x x x x x .",
    "arrived":          ". . . x x x x x x .",
    "fulfilled":        ". . . . x . . x . .",
    "cancelled":        ". . . . . x . x . .",
    "noshow":           ". . . . . . x x . .",
    "entered-in-error": ". . . . . . . x . .",
    "checked-in":       ". . . x x x x x x .",
    "waitlist":         "x x . . . x . x . x",
}  # fmt: skip
OPERATION = CLIENT | {
    "booked":           ". x x x x x x x x .",
    "arrived":          ". . x x x x x x x .",
    "checked-in":       ". . x x x x x x x .",
}  # fmt: skip
FEED = dict.fromkeys(APPOINTMENT_STATUSES, "x x x x x x x x x x") | {
    "entered-in-error": "x x x x x . . x x x"
}
GRIDS = {By.CLIENT: CLIENT, By.OPERATION: OPERATION, By.FEED: FEED}
PAIRS = [
    (by, old, new, mark == "x")
    for by, grid in GRIDS.items()
    for old, row in grid.items()
    for new, mark in zip(APPOINTMENT_STATUSES, row.split(), strict=True)
]


def test_the_grid_covers_every_pair_of_every_source():
    assert len(PAIRS) == 3 * 10 * 10


@pytest.mark.parametrize(("by", "old", "new", "legal"), PAIRS)
def test_a_status_follows_another_only_as_the_grid_says(by, old, new, legal):
    assert (transition(old, new, by) is None) is legal


def test_the_table_has_a_row_for_each_status_and_names_no_other():
    assert set(TRANSITIONS) == set(APPOINTMENT_STATUSES)
    assert {new for row in TRANSITIONS.values() for new in row} <= set(APPOINTMENT_STATUSES)


def test_a_refusal_says_what_would_be_possible():
    refusal = transition("pending", "arrived", By.CLIENT)
    assert refusal.reason == "illegal-transition"
    assert "booked, cancelled, entered-in-error" in refusal.text


def test_what_has_ended_is_refused_as_terminal():
    assert transition("cancelled", "booked", By.CLIENT).reason == "terminal-status"


def test_the_end_of_the_road_is_said_plainly():
    assert transition("entered-in-error", "booked", By.OPERATION).text.endswith("possible: none")


def test_a_word_that_is_no_status_is_refused():
    assert transition("booked", "canceled", By.FEED).reason == "unknown-status"
    assert transition("foo", "booked", By.FEED).reason == "unknown-status"


def test_onwards_leaves_the_status_itself_out():
    assert onwards("waitlist", By.CLIENT) == (
        "proposed", "pending", "cancelled", "entered-in-error",
    )  # fmt: skip
