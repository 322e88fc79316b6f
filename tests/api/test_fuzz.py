"""Whatever a client sends: is the answer a proper one, soon, and is what is accepted kept?"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from fhir_gateway.api.requests import MAX_BODY
from tests.api.served import Caller, Sent, Served
from tests.api.spoiling.reading import lost, wrong_with
from tests.api.spoiling.requests import requests

SOME, MANY = 150, 20_000
CHECKED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def caller(house: Served) -> Iterator[Caller]:
    caller = Caller(house.place)
    yield caller
    caller.close()


def check(house: Served, caller: Caller, sent: Sent) -> None:
    """Send it and judge the answer; what was accepted is read again."""
    before = len(house.failures)
    heard = caller.send(sent)
    assert house.failures[before:] == []
    assert wrong_with(sent, heard) is None
    assert lost(caller, sent, heard) is None


@settings(CHECKED, max_examples=SOME)
@given(sent=requests())
def test_spoiled_requests_get_proper_answers(house: Served, caller: Caller, sent: Sent) -> None:
    check(house, caller, sent)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@settings(CHECKED, max_examples=MANY)
@given(sent=requests())
def test_many_spoiled_requests_get_proper_answers(
    house: Served, caller: Caller, sent: Sent
) -> None:
    check(house, caller, sent)


def test_who_sends_too_much_hears_why(house: Served) -> None:
    caller = Caller(house.place)
    media = (("Content-Type", "application/fhir+json"),)
    heard = caller.send(Sent("POST", "/fhir/Patient", media, b" " * (MAX_BODY * 8)))
    caller.close()
    assert heard.status == 413
    assert b"too-long" in heard.body
