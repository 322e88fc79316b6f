"""Does a broken message stop anything but itself?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.errors import GatewayError
from tests.mapping.builders import intent, sample, siu, validate

LINES = sample("SIU-S12-01").splitlines()
JUNK = st.sampled_from([b"|", b"^", b"~", b"&", b"\\", b'""', b"", b"9" * 20, b"\xff", b"\\X00\\"])


def refused_or_valid(raw: bytes) -> None:
    """A message is refused for a reason that can be told, or gives valid resources."""
    try:
        found = intent(raw)
    except GatewayError as error:
        refused = error.issues
    else:
        validate(found)
        return
    assert refused
    assert all(issue.diagnostics for issue in refused)


@given(st.integers(0, 4000), st.integers(0, 40), JUNK)
def test_a_sample_with_a_piece_replaced(at: int, length: int, junk: bytes) -> None:
    raw = sample("SIU-S12-01")
    refused_or_valid(raw[:at] + junk + raw[at + length :])


@given(st.permutations(LINES[1:]))
def test_a_sample_in_any_order_of_segments(lines: list[bytes]) -> None:
    refused_or_valid(b"\r".join([LINES[0], *lines]))


@pytest.mark.parametrize("left_out", range(1, len(LINES)))
def test_a_sample_without_one_of_its_segments(left_out: int) -> None:
    refused_or_valid(b"\r".join(line for n, line in enumerate(LINES) if n != left_out))


@given(
    st.sampled_from(["SCH", "TQ1", "PID", "PV1", "RGS", "AIS", "AIG", "AIL", "AIP", "NTE"]),
    st.lists(st.text("aZ0129^~&\\\"' +-.@|é\t", max_size=12), max_size=30),
)
def test_any_segment_after_a_good_one(name: str, fields: list[str]) -> None:
    refused_or_valid(siu("|".join([name, *fields])))


@given(st.dictionaries(st.integers(1, 28), st.text('aZ01296^~&" +-.', max_size=20), max_size=8))
def test_any_schedule(fields: dict[int, str]) -> None:
    refused_or_valid(siu(sch=fields))
