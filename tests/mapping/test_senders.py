"""Feeds as other vendors and countries write them: read by rule, or with the profile suggested."""

import random
from collections.abc import Callable

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.intake import take
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile
from fhir_gateway.mapping.siu import read_siu
from tests.mapping.builders import validate
from tests.mapping.senders import NAMES, NOW, actual, expected, feed, suggested, suggested_profile

ALL = [raw for name in NAMES for raw in feed(name).values()]
JUNK = [b"|", b"^", b"~", b"&", b"\\", b'""', b"\r", b"\n", b"\x00", b"\xff", b"9" * 30, b"-1",
        b"\\X0D\\", b"20261301250000", b"\xc3\xa9", b"$(&", b"MSH|", b"SCH|" * 3]  # fmt: skip


def test_there_are_many_feeds_with_many_messages() -> None:
    assert len(NAMES) >= 20
    assert len(ALL) >= 100


@pytest.mark.parametrize("name", NAMES)
def test_a_feed_comes_to_what_is_expected_and_its_profile_is_suggested(name: str) -> None:
    assert actual(name) == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_suggested_profile_reads_all_that_the_default_reads_and_more(name: str) -> None:
    found = suggested(name)
    assert found.then_understood >= found.understood


@pytest.mark.parametrize("name", [each for each in NAMES if each != "oddities"])
def test_with_its_profile_every_message_of_a_feed_is_read(name: str) -> None:
    found = suggested(name)
    assert found.then_understood == found.messages == len(feed(name))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_is_valid(name: str) -> None:
    for raw in feed(name).values():
        _refused_with_a_place_or_valid(raw, suggested_profile(name))


def _refused_with_a_place_or_valid(raw: bytes, profile: SenderProfile = DEFAULT_PROFILE) -> None:
    """Anything else than one of the two is a defect."""
    try:
        found = read_siu(Message.parse(raw, encoding=profile.charset), profile, NOW)
    except GatewayError as error:
        refused = error.issues
    else:
        validate(found)
        return
    assert refused
    assert all(issue.diagnostics and issue.expression for issue in refused)


def _drop_a_line(lines: list[bytes], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines))]


def _repeat_a_line(lines: list[bytes], chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))


def _swap_two_lines(lines: list[bytes], chance: random.Random) -> None:
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _change_a_field(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    fields = lines[at].split(b"|")
    other = chance.choice(chance.choice(lines).split(b"|"))
    fields[chance.randrange(len(fields))] = chance.choice([b"", b'""', other, other * 3])
    lines[at] = b"|".join(fields)


def _write_junk(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    cut = chance.randrange(len(lines[at]) + 1)
    lines[at] = lines[at][:cut] + chance.choice(JUNK) + lines[at][cut + chance.randrange(4) :]


DAMAGE: tuple[Callable[[list[bytes], random.Random], None], ...] = (
    _drop_a_line, _repeat_a_line, _swap_two_lines, _change_a_field, _write_junk,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(len(ALL)))
def test_a_damaged_message_is_refused_with_a_place_or_read(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(8):
        lines = ALL[seed].replace(b"\n", b"\r").split(b"\r")
        for _ in range(chance.randint(1, 4)):
            chance.choice(DAMAGE)(lines, chance)
            lines = lines or [b""]
        _refused_with_a_place_or_valid(b"\r".join(lines))


_HEAD = (
    "MSH|^~\\&|A|B|C|D|20261101||SIU^S12|1|P|2.5\r"
    "SCH|1|2|||||||30|min|^^^20261201100000\rPID|1||P\r"
)
#: Comparing each with each would take half a minute.
_MANY = 3_000
_TOO_MANY: dict[str, str] = {
    "AIP": "\r".join(f"AIP|{i}||D{i}^N{i}" for i in range(_MANY)),
    "AIL": "AIL|1||" + "~".join(f"W^R{i}" for i in range(_MANY)),
    "PV1": "PV1|1||||||" + "~".join(f"^N{i}^X" for i in range(_MANY)),
}
_MUCH: dict[str, str] = {
    "roles": "\r".join(f"AIP|{i}||D1^N|R{i}" for i in range(_MANY)),
    "services": "\r".join(f"AIS|{i}||S{i}" for i in range(_MANY)),
    "addresses": "PID|2||Q||||||||" + "~".join(f"{i} Main" for i in range(_MANY)),
}


@pytest.mark.timeout(15)
@pytest.mark.parametrize("segment", _TOO_MANY)
def test_more_participants_than_an_appointment_can_have_are_refused_at_once(segment: str) -> None:
    with pytest.raises(GatewayError) as caught:
        take((_HEAD + _TOO_MANY[segment]).encode(), DEFAULT_PROFILE)
    (issue,) = caught.value.issues
    assert issue.code == "too-long"
    assert issue.expression[0].startswith(segment)


@pytest.mark.timeout(15)
@pytest.mark.parametrize("what", _MUCH)
def test_thousands_of_values_keep_nobody_waiting(what: str) -> None:
    found = read_siu(Message.parse((_HEAD + _MUCH[what]).encode()), DEFAULT_PROFILE, NOW)
    assert [each["value"] for each in found.keys] == ["2"]
