"""What can be told of a message before it is read agrees with what reading it tells."""

import random

import pytest

from fhir_gateway.hl7.bounds import MOST_VALUES
from fhir_gateway.hl7.peek import peek
from fhir_gateway.mapping.intake import surely_taken, take
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile
from tests.hl7.test_fuzz import spoilt
from tests.mapping.builders import sample

GOOD = sample("SIU-S12-01")
HEADER = "MSH|^~\\&|A|B|C|D|2026||SIU^S12|1|P|2.5.1||||||"


def in_set(charset: str, text: bytes = b"") -> bytes:
    """A message that says in which character set it is written."""
    return f"{HEADER}{charset}\rNTE|1||".encode() + text


def sure(raw: bytes, profile: SenderProfile = DEFAULT_PROFILE) -> bool:
    header = peek(raw)
    return header is not None and surely_taken(raw, header, profile)


def test_whatever_is_sure_to_be_taken_is() -> None:
    chance = random.Random(20260301)
    messages = [spoilt(chance, GOOD) for _ in range(2000)]
    taken = [take(each, DEFAULT_PROFILE) for each in messages if sure(each)]
    assert len(taken) > 1000


@pytest.mark.parametrize("charset", ["", "UNICODE UTF-8", "8859/1", "ASCII~8859/15", "UNHEARD OF"])
def test_of_most_messages_the_header_tells_enough(charset: str) -> None:
    assert sure(in_set(charset, b"\xe4"))


@pytest.mark.parametrize(
    ("raw", "profile"),
    [
        (GOOD.replace(b"SIU^S12", b"ORU^R01"), DEFAULT_PROFILE),
        (in_set("CNS 11643-1992"), DEFAULT_PROFILE),
        (in_set("ISO IR87"), DEFAULT_PROFILE),
        (GOOD + b"AIP|1\r" * MOST_VALUES, DEFAULT_PROFILE),
        (GOOD + b"NTE|1|" + b"~" * MOST_VALUES, DEFAULT_PROFILE),
        (GOOD, SenderProfile(charset="utf-16")),
        (GOOD.decode().encode("utf-16"), DEFAULT_PROFILE),
        (b"\r\n" + GOOD, DEFAULT_PROFILE),
        (GOOD.replace(b"SIU^S12", b"SIU^S12\nX", 1), DEFAULT_PROFILE),
        (GOOD.splitlines()[0], DEFAULT_PROFILE),
    ],
    ids=[
        "type", "no codec", "shifts", "segments", "repetitions", "set", "wide", "before", "broken",
        "alone",
    ],
)  # fmt: skip
def test_the_others_have_to_be_read(raw: bytes, profile: SenderProfile) -> None:
    assert not sure(raw, profile)
