"""What does a time stamp say?"""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.mapping.moments import PRECISIONS, read_ts


def at(*parts: int) -> datetime:
    """A wall-clock time."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "local", "precision"),
    [
        ("2026", at(2026, 1, 1), "year"),
        ("202603", at(2026, 3, 1), "month"),
        ("20260302", at(2026, 3, 2), "day"),
        ("2026030209", at(2026, 3, 2, 9), "hour"),
        ("202603020930", at(2026, 3, 2, 9, 30), "minute"),
        ("20260302093015", at(2026, 3, 2, 9, 30, 15), "second"),
        ("20260302093015.5", at(2026, 3, 2, 9, 30, 15, 500000), "second"),
        ("20260302093015.1234", at(2026, 3, 2, 9, 30, 15, 123400), "second"),
        ("2026030209301525", at(2026, 3, 2, 9, 30, 15, 250000), "second"),
        ("202603020930.15", at(2026, 3, 2, 9, 30), "minute"),
        ("20260302093060", at(2026, 3, 2, 9, 31), "second"),
        (" 20260302 ", at(2026, 3, 2), "day"),
    ],
)
def test_every_precision_is_read(text: str, local: datetime, precision: str) -> None:
    moment = read_ts(text)
    assert moment is not None
    assert (moment.local, moment.precision, moment.offset) == (local, precision, None)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("202603020930+0215", 135), ("20260302-0500", -300), ("202603020930.15+0000", 0)],
)
def test_an_offset_is_never_dropped(text: str, minutes: int) -> None:
    moment = read_ts(text)
    assert moment is not None
    assert moment.offset == timezone(timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "text",
    ["", "0", "20261", "20261301", "20260230", "2026030225", "202603020960", "tomorrow",
     "20260302093015+9900", "20260302093015+0260", "00000000", "٢٠٢٦٠٣٠٢",
     "20260302093015Z", "99991231235960"],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_ts(text) is None


@pytest.mark.parametrize(
    ("declared", "precision"), [("D", "day"), ("M", "minute"), ("S", "minute"), ("?", "minute")]
)
def test_a_declared_precision_only_takes_away(declared: str, precision: str) -> None:
    moment = read_ts("202603020000", declared)
    assert moment is not None
    assert moment.precision == precision


@given(st.text(alphabet="0123456789.+-Z ", max_size=30) | st.text(max_size=20))
def test_any_text_is_read_or_refused_quietly(text: str) -> None:
    moment = read_ts(text)
    assert moment is None or moment.precision in PRECISIONS
