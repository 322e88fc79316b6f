"""Which profile holds for whom, and what does a sender hear of a fault?"""

from collections.abc import Callable

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.mapping.profile_files import Described, read_profile
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.usecases.senders import Senders
from tests.mapping.senders import NAMES, feed, suggested_profile
from tests.usecases.builders import at
from tests.usecases.ehr import SENDER, Ehr, siu


def described(name: str, application: str, facility: str = "*", **more: object) -> Described:
    return read_profile(name, {"application": application, "facility": facility} | more)


ALL = Senders(
    [
        described("exact", "EHR", "CLINIC"),
        described("application", "EHR"),
        described("facility", "*", "CLINIC"),
        described("everybody", "*"),
    ]
)


@pytest.mark.parametrize(
    ("sender", "name"),
    [(("EHR", "CLINIC"), "exact"), (("EHR", "WARD"), "application"),
     (("LAB", "CLINIC"), "facility"), (("LAB", "WARD"), "everybody"), (("", ""), "everybody")],
)  # fmt: skip
def test_the_most_exact_description_counts(sender: tuple[str, str], name: str) -> None:
    found = ALL.described(sender)
    assert found is not None
    assert found.name == name


def test_who_is_not_described_has_no_profile() -> None:
    assert Senders([described("one", "EHR", "CLINIC")]).get(("EHR", "WARD")) is None


def test_two_descriptions_of_one_sender_change_nothing() -> None:
    senders = Senders([described("one", "EHR")])
    with pytest.raises(GatewayError, match="both describe"):
        senders.become([described("two", "LAB"), described("three", "LAB")])
    assert [each.name for each in senders.all()] == ["one"]


def under(ehr: Ehr, **content: object) -> Ehr:
    """The same sender as a file describes it."""
    return ehr.described(Senders([described("ehr", *SENDER, **content)]))


@pytest.mark.parametrize(
    ("ack", "strict", "code"),
    [("strict", False, "AE"), ("durable", True, "AA"), (None, True, "AE"), (None, False, "AA")],
)
async def test_a_sender_hears_of_faults_as_it_was_agreed(
    ehr: Ehr, ack: str | None, strict: bool, code: str
) -> None:
    told = {"ack": ack} if ack else {}
    sender = under(ehr.under(strict_feeds=strict), **told)
    assert (await sender.send(siu(start=""))).code == code
    assert (await ehr.last()).state == "error"


async def test_a_profile_without_zone_is_in_that_of_the_tenant(ehr: Ehr) -> None:
    local = {7: "20270105090000", 8: "20270105093000"}
    berlin = ehr.living_in("Europe/Berlin")
    await under(berlin, default_minutes=15).send(siu(id_="B", sent="20260301", tq1=local))
    await under(berlin, zone="Asia/Tokyo").send(siu(id_="T", sent="20260301", tq1=local))
    assert (await ehr.appointment("B"))["start"] == "2027-01-05T09:00:00+01:00"
    assert (await ehr.appointment("T"))["start"] == "2027-01-05T09:00:00+09:00"


async def test_other_descriptions_hold_for_the_next_message(ehr: Ehr) -> None:
    senders = Senders([described("ehr", *SENDER)])
    sender = ehr.described(senders)
    await sender.sends("S12")
    assert (await sender.sends("S14", sch={25: "6"}))["status"] == "booked"
    senders.become([described("ehr", *SENDER, statuses={"6": "arrived"})])
    arrived = await sender.sends("S14", sent="20260301090100+0000", sch={25: "6"})
    assert (arrived["status"], arrived["start"]) == ("arrived", at("09:00"))


@pytest.mark.parametrize("profile_of", [lambda _: SenderProfile(), suggested_profile],
                         ids=["default", "suggested"])  # fmt: skip
async def test_every_message_of_every_feed_is_answered_and_kept(
    ehr: Ehr, profile_of: Callable[[str], SenderProfile]
) -> None:
    for name in NAMES:
        sender = ehr.whatever(profile_of(name))
        answers = [read_ack(await sender.deliver(raw)) for raw in feed(name).values()]
        assert {each.code for each in answers} <= {"AA", "AR", "CA"}
        assert [e for each in answers for e in each.errors if not e.location] == []
    rows = await ehr.inbox()
    assert [each.raw for each in rows] == [raw for name in NAMES for raw in feed(name).values()]
    waiting = [each for each in rows if each.state in ("error", "filtered")]
    assert [each for each in waiting if not each.issues[0]["location"]] == []
