"""Does the published table of fields say what the readers touch?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fhir_gateway.hl7.message import Message, Segment
from fhir_gateway.mapping.adt import read_adt
from fhir_gateway.mapping.blocks import read_block
from fhir_gateway.mapping.fields import FIELDS
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE
from fhir_gateway.mapping.siu import read_siu
from fhir_gateway.mapping.srm import as_siu, query_count, query_tag, read_wish
from fhir_gateway.mapping.triggers import REQUESTS
from tests.mapping.builders import SAMPLES

NOW = datetime(2035, 5, 1, tzinfo=UTC)
GOLDEN = SAMPLES.parent / "golden"
TOUCHED: dict[str, set[int]] = {}
#: Nothing but the visit tells what it is for.
BY_VISIT = b"MSH|^~\\&|A|B|||20350501||SIU^S12|1|P|2.5.1\rSCH||7\rTQ1|||||||203506040900\rPV1||O\r"


class Traced(Segment):
    """A segment that remembers which fields have been asked for."""

    __slots__ = ()

    def raw_field(self, number: int) -> str:
        TOUCHED.setdefault(self.name, set()).add(number)
        return super().raw_field(number)


def traced(raw: bytes) -> Message:
    found = Message.parse(raw)
    segments = (Traced(e.raw, e.name, e.index, e.sequence, found.syntax) for e in found.segments)
    return found.with_segments(segments)


def messages(kind: str) -> Iterator[Message]:
    """The golden messages of a type."""
    for path in sorted(GOLDEN.glob(f"{kind}*/message.hl7")):
        yield traced(path.read_bytes())


@pytest.fixture(scope="module")
def touched() -> dict[str, set[int]]:
    for block in [*messages("SIU-S23"), *messages("SIU-S24")]:
        read_block(block, DEFAULT_PROFILE, NOW)
    for path in [*GOLDEN.glob("SIU-S1*/message.hl7"), *SAMPLES.glob("*SIU-S*.hl7")]:
        read_siu(traced(Path(path).read_bytes()), DEFAULT_PROFILE, NOW)
    read_siu(traced(BY_VISIT), DEFAULT_PROFILE, NOW)
    for visit in messages("ADT"):
        read_adt(visit, DEFAULT_PROFILE, NOW)
    for request in messages("SRM-S0[1-6]"):
        read_wish(request, DEFAULT_PROFILE)
        read_siu(as_siu(request, REQUESTS["S03"]), DEFAULT_PROFILE, NOW)
    for query in messages("SQM"):
        asked = query.raw.replace(b"ARQ|", b"QRF|x|20350604|20350605\rAPR|MON^OK\rZRQ|")
        read_wish(traced(asked), DEFAULT_PROFILE)
        read_wish(query, DEFAULT_PROFILE)
        assert (query_tag(query), query_count(query)) == ("Q-1", 3)
    return TOUCHED


@pytest.mark.parametrize("name", [each for each in FIELDS if each != "MSH"])
def test_the_fields_of_a_segment_are_those_that_are_read(
    touched: dict[str, set[int]], name: str
) -> None:
    assert touched[name] == set(FIELDS[name])


def test_no_other_segment_is_read(touched: dict[str, set[int]]) -> None:
    assert set(touched) == set(FIELDS)
