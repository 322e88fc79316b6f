"""The checker of the campaign: whatever a gateway could do wrong, it sees."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from conformance.campaign.checker import violations
from conformance.campaign.evidence import Evidence, Held, Version
from conformance.campaign.traffic import Script, Told, expected, scripts

TRAFFIC = scripts(senders=3, messages=600, duplicates=0.1, reordered=0.1, seed=7)


@dataclass(frozen=True, slots=True)
class World:
    """Evidence that can be spoilt."""

    acknowledged: dict[str, list[bytes]]
    kept: dict[str, int]
    versions: dict[str, list[list[Version]]]
    held: list[Held]

    def evidence(self) -> Evidence:
        return Evidence(self.acknowledged, self.kept, self.versions, self.held)

    def longest(self) -> list[Version]:
        """The versions of the appointment that has most."""
        return max((one for (one,) in self.versions.values()), key=len)


def honest() -> World:
    """What a gateway without fault leaves behind."""
    told = {each.control_id: each for script in TRAFFIC for each in script.messages}
    world = World({}, dict.fromkeys(told, 1), {}, [])
    for name, each in told.items():
        world.acknowledged[name] = [f"MSH|…\rMSA|AA|{name}\r".encode()] * 2
        assert each.control_id == name
    for script in TRAFFIC:
        for name, one in expected(script).items():
            if one.applied:
                made = [
                    Version(note, _status(told[note]), told[note].start) for note in one.applied
                ]
                world.versions[name] = [made]
            if one.status == "booked" and one.start:
                world.held.append(Held(one.doctor, one.start))
    return world


def _status(message: Told) -> str:
    return {"S15": "cancelled", "S26": "noshow"}.get(message.event, "booked")


def _loses_a_row(world: World) -> None:
    world.kept.popitem()


def _loses_an_effect(world: World) -> None:
    world.longest().pop(0)


def _loses_an_appointment(world: World) -> None:
    world.versions.popitem()


def _keeps_twice(world: World) -> None:
    world.kept[next(iter(world.kept))] = 2


def _applies_twice(world: World) -> None:
    world.longest().append(world.longest()[-1])


def _makes_two_appointments(world: World) -> None:
    next(iter(world.versions.values())).append([])


def _swaps(world: World) -> None:
    versions = world.longest()
    versions[0], versions[1] = versions[1], versions[0]


def _applies_what_is_late(world: World) -> None:
    applied = {each.note for (one,) in world.versions.values() for each in one}
    late = next(name for name in world.kept if name not in applied)
    world.longest().append(replace(world.longest()[-1], note=late))


def _ends_otherwise(world: World) -> None:
    versions = world.longest()
    versions[-1] = replace(versions[-1], status="proposed")


def _ends_at_another_time(world: World) -> None:
    versions = world.longest()
    assert versions[-1].start is not None
    versions[-1] = replace(versions[-1], start=versions[-1].start + timedelta(minutes=1))


def _answers_otherwise(world: World) -> None:
    name, (first, _) = next(iter(world.acknowledged.items()))
    world.acknowledged[name] = [first, first + b"ERR|\r"]


def _answers_nothing(world: World) -> None:
    world.acknowledged.popitem()


def _answers_for_another(world: World) -> None:
    names = [*world.acknowledged]
    world.acknowledged[names[0]] = world.acknowledged[names[1]]


def _holds_twice(world: World) -> None:
    world.held.append(world.held[0])


def _holds_nothing(world: World) -> None:
    world.held.pop()


def _invents(world: World) -> None:
    world.versions["X-1"] = [[]]


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (_loses_a_row, "lost"),
        (_loses_an_effect, "lost"),
        (_loses_an_appointment, "lost"),
        (_keeps_twice, "doubled"),
        (_applies_twice, "doubled"),
        (_makes_two_appointments, "doubled"),
        (_swaps, "order"),
        (_applies_what_is_late, "order"),
        (_ends_otherwise, "state"),
        (_ends_at_another_time, "state"),
        (_answers_otherwise, "changed-answer"),
        (_answers_nothing, "unacknowledged"),
        (_answers_for_another, "refused"),
        (_holds_twice, "time"),
        (_holds_nothing, "time"),
        (_invents, "foreign"),
    ],
)
def test_every_fault_is_seen(spoil: Callable[[World], None], kind: str) -> None:
    world = honest()
    spoil(world)
    assert kind in {each.kind for each in violations(TRAFFIC, world.evidence())}


def test_a_gateway_without_fault_is_believed() -> None:
    assert violations(TRAFFIC, honest().evidence()) == []


def test_the_traffic_is_what_was_asked_for() -> None:
    told = [each for script in TRAFFIC for each in script.messages]
    again = len(told) - len({each.control_id for each in told})
    assert len(told) == 600
    assert again == pytest.approx(60, abs=10)
    assert {each.event for each in told} == {"S12", "S13", "S14", "S15", "S26"}


def test_a_message_that_overtakes_the_end_brings_nothing_to_life() -> None:
    (script,) = scripts(senders=1, messages=40, duplicates=0, reordered=0, seed=1)
    book = script.messages[0]
    cancel = replace(book, control_id="X", event="S15", at=book.at + timedelta(seconds=5))
    assert expected(Script(0, (cancel, book)))[book.appointment].applied == ()
