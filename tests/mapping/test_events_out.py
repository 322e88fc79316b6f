"""A change is told as the event that it is, and a wish is nobody's business."""

from typing import Any

import pytest

from fhir_gateway.core.codes import APPOINTMENT_STATUSES, EXT_STATUS_REASON, HOLDING
from fhir_gateway.mapping.events_out import event_of, says_of
from tests.mapping.test_siu_out import an_appointment

ENDINGS = {"cancelled": "S15", "noshow": "S26", "entered-in-error": "S17"}
WISHES = ("proposed", "waitlist")
LATER = {"start": "2026-03-10T10:00:00+03:00", "end": "2026-03-10T10:30:00+03:00"}


@pytest.mark.parametrize("after", sorted(HOLDING))
@pytest.mark.parametrize("before", [None, *WISHES, *ENDINGS])
def test_time_that_is_taken_is_a_new_booking(before: str | None, after: str) -> None:
    old = an_appointment(status=before) if before else None
    for known in (True, False):
        assert event_of(old, an_appointment(status=after), known=known) == "S12"


@pytest.mark.parametrize("after", ENDINGS)
@pytest.mark.parametrize("before", sorted(HOLDING))
def test_each_end_has_its_event(before: str, after: str) -> None:
    old = an_appointment(status=before)
    assert event_of(old, an_appointment(status=after), known=False) == ENDINGS[after]


@pytest.mark.parametrize("after", WISHES)
def test_back_to_a_wish_is_a_cancellation(after: str) -> None:
    old = an_appointment(status="booked")
    assert event_of(old, an_appointment(status=after), known=True) == "S15"


@pytest.mark.parametrize("after", sorted({*APPOINTMENT_STATUSES} - HOLDING))
@pytest.mark.parametrize("before", [None, *WISHES])
def test_a_wish_and_its_end_are_not_told(before: str | None, after: str) -> None:
    old = an_appointment(status=before) if before else None
    assert event_of(old, an_appointment(status=after), known=False) is None


@pytest.mark.parametrize(("known", "event"), [(True, "S17"), (False, None)])
def test_what_is_over_is_corrected_for_those_who_know_it(known: bool, event: str | None) -> None:
    old = an_appointment(status="cancelled")
    assert event_of(old, an_appointment(status="entered-in-error"), known=known) == event


@pytest.mark.parametrize(
    ("change", "event"),
    [
        (LATER, "S13"),
        (LATER | {"status": "arrived"}, "S13"),
        ({"status": "arrived"}, "S14"),
        ({"comment": "by the side door"}, "S14"),
        ({"participant": []}, "S14"),
        ({"extension": [{"url": EXT_STATUS_REASON, "valueCodeableConcept": {}}]}, "S14"),
        ({"meta": {"versionId": "2"}}, None),
        ({"identifier": []}, None),
        ({"slot": [{"reference": "Slot/1"}]}, None),
        ({"start": "2026-03-10T06:00:00Z", "end": "2026-03-10T06:30:00Z"}, None),
        ({"comment": None}, None),
    ],
)
def test_a_change_is_told_if_a_message_can_tell_it(change: dict[str, Any], event: str) -> None:
    old = an_appointment(status="booked")
    assert event_of(old, old | change, known=True) == event


def test_a_message_and_its_echo_come_to_the_same() -> None:
    one, other = an_appointment(), an_appointment(**LATER)
    in_utc = {"start": "2026-03-10T06:00:00Z", "end": "2026-03-10T06:30:00Z"}
    assert says_of(one) == says_of(an_appointment(**in_utc))
    assert len({says_of(each) for each in (one, other, an_appointment(status="noshow"))}) == 3
