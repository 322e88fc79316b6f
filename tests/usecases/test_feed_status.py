"""Who is silent, what waits, who does not answer? hl7v2.md section 6, row 12."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fhir_gateway.core.clock import FixedClock
from fhir_gateway.mapping.profile_files import Described
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.usecases import feed_status
from fhir_gateway.usecases.feed_status import FeedStatus, lasting
from fhir_gateway.usecases.senders import Senders
from tests.usecases.clinic import TENANT
from tests.usecases.ehr import SENDER, Ehr, siu

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
QUARTER = SenderProfile(expect_every=900)


def later_by(ehr: Ehr, minutes: int) -> Ehr:
    clock = FixedClock(NOW + timedelta(minutes=minutes))
    return replace(ehr, clinic=replace(ehr.clinic, deps=replace(ehr.clinic.deps, clock=clock)))


async def feeds(ehr: Ehr) -> list[FeedStatus]:
    return await feed_status.feeds(ehr.clinic.deps, TENANT)


async def test_each_sender_has_its_figures(ehr: Ehr) -> None:
    early = later_by(ehr, 0)
    await early.sends("S12")
    await early.send(siu(start="", control="BAD"))
    await later_by(ehr, 5).send(siu(control="OTHER", msh={3: "LAB", 9: "ORU^R01"}))
    one, other = await feeds(later_by(ehr, 7))
    assert (one.sender, one.profile) == (SENDER, None)
    assert one.figures is not None
    assert other.figures is not None
    assert one.figures.states == {"sent": 1, "error": 1}
    assert (one.figures.last, one.figures.oldest) == (NOW, NOW)
    assert (one.figures.recent, one.figures.at_fault) == (2, 1)
    assert list(one.warnings) == ["1 wait for people", "1 of 2 of the last 24 h at fault"]
    assert (other.figures.states, other.figures.at_fault) == ({"filtered": 1}, 1)


@pytest.mark.parametrize(
    ("minutes", "warnings"), [(15, []), (16, ["silent: nothing has come for 16 min"])]
)
async def test_a_feed_is_silent_when_it_was_to_be_heard(
    ehr: Ehr, minutes: int, warnings: list[str]
) -> None:
    known = ehr.described(Senders([Described("ehr", "EHR", "*", QUARTER)]))
    await later_by(known, 0).sends("S12")
    (one,) = await feeds(later_by(known, minutes))
    assert (one.profile, one.expected_by) == ("ehr", NOW + timedelta(minutes=15))
    assert list(one.warnings) == warnings


async def test_who_is_described_and_has_never_sent_is_silent(ehr: Ehr) -> None:
    known = ehr.described(Senders([Described("ehr", "EHR", "*", QUARTER), Described("lab", "LAB")]))
    found = {each.profile: list(each.warnings) for each in await feeds(known)}
    assert found == {"ehr": ["silent: nothing has ever come"], "lab": []}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (93_600, "1 d 2 h")],
)  # fmt: skip
def test_a_span_is_told_shortly(seconds: int, text: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == text
