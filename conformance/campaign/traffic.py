"""What do the hospitals of the campaign send, and what has to come of it?

Each sender has appointments of its own, each with a short life: booked, moved, annotated, cancelled
or missed. Its messages are told in the order of their times but for some that overtake the one
before, and some are told twice. What has to come of them is worked out here by the rule alone
(hl7v2.md section 2.3): a message older than what has been applied changes nothing, and nothing
older than its end brings an appointment to life.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_FIRST_DAY = datetime(2031, 1, 6, tzinfo=UTC)
_FIRST_MESSAGE = datetime(2030, 1, 1, tzinfo=UTC)
_DOCTORS = 25
_CELL = timedelta(minutes=15)
#: Times that one appointment can be moved to; no two appointments share one.
_CELLS = 4
_CHANGES = ("S13", "S14", "S14")
_ENDS = {"S15": "cancelled", "S26": "noshow"}
#: Appointments that a sender speaks of at the same time.
_OPEN = 12


@dataclass(frozen=True, slots=True)
class Told:
    """One message.

    Attributes:
        sender: Number of the hospital.
        appointment: SCH-2.
        control_id: MSH-10, and the note, by which its effect is known again.
        event: Trigger.
        at: MSH-7.
        doctor: AIP-3.1.
        start: TQ1-7.
    """

    sender: int
    appointment: str
    control_id: str
    event: str
    at: datetime
    doctor: str
    start: datetime

    @property
    def raw(self) -> bytes:
        """The message itself."""
        end = self.start + _CELL
        who, what = f"EHR{self.sender}|SITE{self.sender}", f"SIU^{self.event}^SIU_S12"
        rows = (
            f"MSH|^~\\&|{who}|GW|HUB|{_ts(self.at)}||{what}|{self.control_id}|P|2.5.1",
            f"SCH||{self.appointment}^EHR{self.sender}|||||ROUTINE^Routine|CHECKUP^Check-up",
            f"TQ1|1||||||{_ts(self.start)}|{_ts(end)}",
            f"NTE|1||{self.control_id}",
            f"PID|1||P{self.appointment}^^^EHR{self.sender}^MR||Family^{self.appointment}",
            "RGS|1|A",
            f"AIP|1|A|{self.doctor}^Doctor^Sam|ATND",
        )
        return ("\r".join(rows) + "\r").encode()


def _ts(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S+0000}"


@dataclass(frozen=True, slots=True)
class Script:
    """What one sender sends, in order; a message that stands in it again is a duplicate."""

    sender: int
    messages: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to come of an appointment.

    Attributes:
        applied: Control ids, in the order in which they take effect; empty where it never lives.
        status: Of the Appointment in the end.
        start: Of the Appointment in the end.
        doctor: Whose time it is.
    """

    applied: tuple[str, ...]
    status: str
    start: datetime | None
    doctor: str


def scripts(
    *, senders: int, messages: int, duplicates: float, reordered: float, seed: int
) -> list[Script]:
    """The traffic of all senders.

    Args:
        senders: How many hospitals.
        messages: How many messages in all, duplicates included; about.
        duplicates: Share of them that come a second time.
        reordered: Share of them that overtake the one before about the same appointment.
        seed: The same seed, the same traffic.
    """
    each = messages // senders
    return [
        _script(number, each, duplicates, reordered, random.Random(seed * 1000 + number))  # noqa: S311
        for number in range(senders)
    ]


def _script(
    sender: int, count: int, duplicates: float, reordered: float, chance: random.Random
) -> Script:
    fresh = round(count / (1 + duplicates))
    told = _interleaved(sender, fresh, reordered, chance)
    again = sorted(chance.sample(range(len(told)), count - fresh), reverse=True)
    for place in again:
        told.insert(min(len(told), place + 1 + chance.randrange(30)), told[place])
    return Script(sender, tuple(told))


def _interleaved(sender: int, count: int, reordered: float, chance: random.Random) -> list[Told]:
    lives: list[list[Told]] = []
    told: list[Told] = []
    numbers = iter(range(count))
    while len(told) < count:
        while len(lives) < _OPEN:
            lives.append(_life(sender, next(numbers), reordered, chance))
        life = chance.choice(lives)
        told.append(life.pop(0))
        if not life:
            lives.remove(life)
    return told


def _life(sender: int, number: int, reordered: float, chance: random.Random) -> list[Told]:
    """The messages about one appointment, in the order of sending."""
    events = ["S12", *chance.choices(_CHANGES, k=chance.randrange(5))]
    events += [*chance.choices([*_ENDS], k=1)] if chance.random() < 0.5 else []
    doctor = f"D{sender}-{number % _DOCTORS}"
    cells = [_FIRST_DAY + _CELL * (number // _DOCTORS * _CELLS + k) for k in range(_CELLS)]
    begun = _FIRST_MESSAGE + timedelta(minutes=number)
    life, start = [], cells[0]
    for step, event in enumerate(events):
        start = chance.choice(cells) if event == "S13" else start
        told = Told(
            sender, f"A{sender}-{number}", f"M{sender}-{number}-{step}", event,
            begun + timedelta(seconds=step), doctor, start,
        )  # fmt: skip
        life.append(told)
    for place in range(1, len(life)):
        if chance.random() < reordered:
            life[place - 1], life[place] = life[place], life[place - 1]
    return life


def expected(script: Script) -> dict[str, Expected]:
    """What has to come of each appointment of a sender, by SCH-2."""
    lives: dict[str, _Life] = {}
    for message in _once(script.messages):
        lives.setdefault(message.appointment, _Life()).hear(message)
    return {name: life.outcome() for name, life in lives.items()}


def _once(messages: Sequence[Told]) -> Iterator[Told]:
    seen: set[str] = set()
    for each in messages:
        if each.control_id not in seen:
            seen.add(each.control_id)
            yield each


@dataclass(slots=True)
class _Life:
    """The rule."""

    applied: list[Told] = field(default_factory=list)
    ended_unknown: datetime | None = None

    def hear(self, message: Told) -> None:
        if not self.applied and message.event == "S15":
            self.ended_unknown = message.at
        elif not self.applied and self.ended_unknown and message.at <= self.ended_unknown:
            return
        elif not self.applied or message.at >= self.applied[-1].at:
            self.applied.append(message)

    def outcome(self) -> Expected:
        if not self.applied:
            return Expected((), "", None, "")
        last = self.applied[-1]
        ids = tuple(each.control_id for each in self.applied)
        return Expected(ids, _ENDS.get(last.event, "booked"), last.start, last.doctor)
