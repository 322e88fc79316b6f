"""Points from the clinic's rules, and an order for once."""

from typing import Any

import pytest

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.core.errors import Category
from fhir_gateway.usecases.zones import extension, part
from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.queueing import Desk, a_service, entry_parts
from tests.usecases.test_find_for_whom import KINDS, a_rule

_URGENT: dict[str, Any] = {"coding": [{"system": KINDS, "code": "URGENT"}]}


async def points(desk: Desk, *arguments: str, **values: Any) -> tuple[str, str | None]:
    """What somebody's Encounter says, and by which rule."""
    parts = entry_parts((await desk.joins(*arguments, **values))["entry"])
    return str(parts["priorityScore"]), parts.get("priorityRule")


@pytest.mark.parametrize(
    ("policy", "score", "rule"), [("plan", "60", "first"), ("best", "90", "second")]
)
async def test_the_rule_that_matches_the_appointment_gives_the_points(
    clinic: Clinic, policy: str, score: str, rule: str
) -> None:
    desk = await Desk.opened(clinic, policy=policy)
    await clinic.put(a_rule("first", baseScore=40, urgencyMultiplier=1.5))
    await clinic.put(a_rule("second", baseScore=90), a_rule("other", kind="FOLLOWUP", baseScore=99))
    booked = await clinic.book(appointmentType=_URGENT)
    found = await points(desk, appointment=f"Appointment/{booked['id']}")
    assert found == (score, f"PlanDefinition/{rule}")
    called = await desk.does("call-next")
    assert entry_parts(called["entry"])["priorityRule"] == f"PlanDefinition/{rule}"


async def test_what_is_given_comes_before_the_rule_and_nothing_is_none(clinic: Clinic) -> None:
    desk = await Desk.opened(clinic, policy="plan")
    await clinic.put(a_rule(baseScore=90))
    booked = await clinic.book(appointmentType=_URGENT)
    given = await points(desk, appointment=f"Appointment/{booked['id']}", priority_score="0")
    assert given == ("0", None)
    assert await points(desk, "bob") == ("0", None)


async def test_a_walk_in_has_the_specialty_of_the_service(bare: Clinic) -> None:
    desk = await Desk.opened(bare, policy="plan")
    await bare.put(a_service(policy="plan") | {"specialty": [_URGENT]})
    rule = a_rule(baseScore=70)
    rule["useContext"][0]["code"]["code"] = "specialty"
    await bare.put(rule)
    assert await points(desk, "ann") == ("70", "PlanDefinition/rule")


async def first_by(desk: Desk, **rule: str) -> tuple[str, str, list[str]]:
    """Who is first, by which policy, and what that is made of."""
    bundle = await desk.call("queue-status", **rule)
    encounter = bundle["entry"][1]["resource"]
    score = extension(encounter, EXT_SCORE) or {}
    codes = [str(part(each, "code")) for each in score["extension"] if each["url"] == "factor"]
    return entry_parts(encounter)["ticket"], str(part(score, "policy")), codes


async def test_a_queue_can_be_put_in_another_order_for_once(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    await desk.joins("ann")
    await desk.joins("bob", priority_score="80", **{"class": "routine"})
    best = ("001", "best", ["class", "deadline", "waiting"])
    assert await first_by(desk) == best
    for rule in ({"policy": "plan"}, {"policy": "plan", "ordering": "weighted"}):
        assert await first_by(desk, **rule) == (
            "002", "plan", ["priority", "waiting", "appointment-time"],
        )  # fmt: skip
    assert await first_by(desk) == best


async def test_whoever_is_called_is_told_why(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    await desk.joins("ann")
    await desk.joins("bob", priority_score="80")
    called = await desk.does("call-next", policy="plan")
    score = extension(called["entry"], EXT_SCORE)
    assert (called["ticket"], part(score, "policy"), part(score, "rank")) == ("002", "plan", 1)
    assert "position" not in called
    assert await desk.waiting() == ["001"]


@pytest.mark.parametrize("code", ["call-next", "queue-status"])
@pytest.mark.parametrize(
    "rule",
    [{"policy": "first"}, {"policy": "plan", "ordering": "x"}, {"ordering": "weighted"},
     {"policy": "best", "ordering": "formula"}],
)  # fmt: skip
async def test_an_order_that_cannot_be_is_refused(
    bare: Clinic, code: str, rule: dict[str, str]
) -> None:
    desk = await Desk.opened(bare)
    await desk.joins("ann")
    assert (await refused_with(desk.call(code, **rule)))[0] is Category.INVALID


async def test_where_a_queue_says_no_ordering_the_gateways_counts(bare: Clinic) -> None:
    desk = await Desk.opened(bare.under(queue="plan", queue_ordering="weighted"))
    await desk.joins("ann", priority_score="80")
    bundle = await desk.call("queue-status")
    score = extension(bundle["entry"][1]["resource"], EXT_SCORE)
    assert part(score, "total") == 40
