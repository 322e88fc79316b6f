"""Which messages are read at all?"""

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.ack import condition
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.triggers import EVENTS, unsupported
from tests.mapping.builders import read, siu


def test_every_event_of_scheduling_is_accepted() -> None:
    numbers = [*range(12, 25), 26, 27]
    assert sorted(EVENTS["SIU"]) == [f"S{number}" for number in numbers]
    for event in EVENTS["SIU"]:
        assert unsupported(Message.parse(siu(event=event))) is None


@pytest.mark.parametrize("structure", [b"^SIU_S13", b"", b"^anything"])
def test_the_structure_of_a_message_does_not_matter(structure: bytes) -> None:
    raw = siu().replace(b"^SIU_S12", structure)
    assert unsupported(Message.parse(raw)) is None


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (b"ORU^R01", "200"), (b"", "200"),
        (b"SIU^S25", "201"), (b"SIU^Z02", "201"), (b"SIU", "201"), (b"SIU^A04", "201"),
    ],
)  # fmt: skip
def test_the_place_of_the_issue_tells_a_type_from_an_event(kind: bytes, code: str) -> None:
    issue = unsupported(Message.parse(siu().replace(b"SIU^S12^SIU_S12", kind)))
    assert issue is not None
    assert condition(Category.UNSUPPORTED, issue) == code


def test_reading_an_unsupported_event_is_refused() -> None:
    with pytest.raises(GatewayError) as refused:
        read(event="S99")
    assert refused.value.category is Category.UNSUPPORTED


def test_a_sites_own_event_counts_as_the_standard_one_it_stands_for() -> None:
    profile = SenderProfile(events={"Z02": "S14"})
    found = read(event="Z02", sch={25: "CheckedOut"}, profile=profile)
    assert (found.event, found.status) == ("S14", "fulfilled")
