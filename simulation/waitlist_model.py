"""Who takes a time that has come free, and how many have to be asked?

Who is asked, how many at once and until when an offer may be answered is decided by the gateway's
own engines (`waitlist.py`, `waitlist_wave.py`), wired as the gateway wires them: a wave when the
time is freed and whenever one has passed, one more offer for each that is declined or expires. The
baseline without a machine is a receptionist with the waitlist and a telephone.
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.quiet_hours import QuietHours
from fhir_gateway.engines.waitlist import Placed, eligible, matching
from fhir_gateway.engines.waitlist_facts import FreedTime, WaitlistEntry
from fhir_gateway.engines.waitlist_wave import (
    Cascade,
    Occasion,
    minutes_left,
    next_wave,
    next_wave_due,
    offer_expiry,
)

POLICIES = ("manual", "plan", "cascade", "best")
#: `cascade` is `best` in whom it asks when, in the order of `plan`: what does the order cost?
_ORDER, _PACE = {"cascade": "plan"}, {"cascade": "best"}
SERVICE = "58"
#: What patients do with an offer. Of 177 311 offers by a portal 8.3 % were accepted (J Med Internet
#: Res 2020;22(6):e16451), which is also where the engine starts; the rest is assumed.
ACCEPTS = 1 / 12  # of offers that fit no better than any other
FITS, MISFITS = 1.5, 0.7  # times as likely at a liked hour, and far from it
DECLINES = 0.30
LATENCY, SIGMA = 25.0, 1.3  # minutes until half of those who answer have, lognormal
_WAKES, _SLEEPS = 7, 22  # hours; a message at night is read in the morning
QUIET = QuietHours(time(_SLEEPS), time(_WAKES))  # the clinic knows
#: What a receptionist does.
CALLS, CALL_MINUTES = 6, 10.0
REACHED = 0.40
SAYS_YES = 0.30  # of those reached, at an hour that fits no better than any other
_OPENS, _CLOSES = 8, 16
_FIRST, _LAST = 9, 17  # hours of the times that come free


@dataclass(frozen=True, slots=True)
class Patient:
    """One on the list, and what the patient would do with an offer of this time.

    Args:
        entry: As the engine sees it.
        accepts: Whether the answer to a message would be yes; None for no answer at all.
        latency: Minutes until then.
        reached: Whether a call would be answered.
        agrees: Whether the answer would be yes then.
    """

    entry: WaitlistEntry
    accepts: bool | None
    latency: float
    reached: bool
    agrees: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of the time.

    Args:
        minutes: From the moment at which it was freed; None where nobody took it.
        messages: Offers or calls made.
        disappointed: Who accepted when somebody else had it.
        waited: Days on the list of whoever has it.
        urgent: Whether that one is urgent.
    """

    minutes: float | None
    messages: int
    disappointed: int = 0
    waited: float = 0.0
    urgent: bool = False


def freed_time(dice: random.Random, notice: float) -> tuple[FreedTime, datetime]:
    """A half hour of a day that comes free so many hours before, and when that is: not by night."""
    day = datetime(2026, 3, 6, tzinfo=UTC) + timedelta(days=dice.randrange(5))
    starts = [day + timedelta(minutes=30 * each) for each in range(2 * _FIRST, 2 * _LAST)]
    awake = [each for each in starts if _awake(each - timedelta(hours=notice))]
    start = dice.choice(awake)
    freed = FreedTime(
        start, start + timedelta(minutes=30), "UTC", frozenset({SERVICE}),
        practitioner=f"Practitioner/{dice.randrange(4)}", quiet=QUIET,
    )  # fmt: skip
    return freed, start - timedelta(hours=notice)


def waiting_list(dice: random.Random, count: int, freed: FreedTime, now: datetime) -> list[Patient]:
    """People who have waited up to ten weeks, with wishes, and what each would answer."""
    return [_patient(dice, number, freed, now) for number in range(count)]


def _patient(dice: random.Random, number: int, freed: FreedTime, now: datetime) -> Patient:
    hour = dice.randrange(8, 17) if dice.random() < 0.5 else None
    chance = min(1.0, ACCEPTS * _liking(hour, freed.start.hour))
    said = dice.random()
    accepts = True if said < chance else False if said < chance + DECLINES else None
    entry = WaitlistEntry(
        id=f"{number:03d}",
        patient=f"Patient/{number}",
        service_types=frozenset({SERVICE}),
        created=now - timedelta(days=dice.uniform(0, 70)),
        practitioners=_whom(dice),
        preferred_hour=hour,
        priority=dice.choices((2, 5, 9), (0.1, 0.3, 0.6))[0],
        duration_minutes=30,
        held_start=freed.start + timedelta(days=dice.randrange(3, 60)),
    )
    return Patient(
        entry,
        accepts,
        dice.lognormvariate(0, SIGMA) * LATENCY,
        dice.random() < REACHED,
        dice.random() < SAYS_YES * _liking(hour, freed.start.hour),
    )


def _whom(dice: random.Random) -> frozenset[str]:
    if dice.random() < 0.7:
        return frozenset()
    return frozenset({f"Practitioner/{dice.randrange(4)}"})


def _liking(hour: int | None, offered: int) -> float:
    if hour is None:
        return 1.0
    return FITS if abs(hour - offered) <= 1 else MISFITS if abs(hour - offered) > 2 else 1.0


def fill(policy: str, patients: Sequence[Patient], freed: FreedTime, now: datetime) -> Filled:
    """Offer one time until somebody has it or nobody can any more.

    Args:
        policy: Of POLICIES.
        patients: On the list.
        freed: The time.
        now: When it came free.
    """
    if policy == "manual":
        return _called(patients, freed, now)
    return _Offering(policy, patients, freed, now).run()


class _Offering:
    """The offers for one time: a heap of what happens next."""

    def __init__(
        self, policy: str, patients: Sequence[Patient], freed: FreedTime, now: datetime
    ) -> None:
        self._policy, self._freed, self._begun = _PACE.get(policy, policy), freed, now
        self._patients = {each.entry.id: each for each in patients}
        entries = [each.entry for each in patients]
        self._placed: Sequence[Placed] = matching(
            _ORDER.get(policy, policy), entries, freed, now
        ).placed
        self._events: list[tuple[datetime, int, str, str]] = []
        self._live: dict[str, datetime] = {}
        self._offered: set[str] = set()
        self._wave: datetime | None = None

    def run(self) -> Filled:
        self._ask(self._begun, Occasion.FREED)
        while self._events:
            now, _, what, who = heapq.heappop(self._events)
            if what == "wave":
                if now == self._wave:
                    self._ask(now, Occasion.WAVE)
            elif who in self._live and now <= self._live[who]:
                del self._live[who]
                if what == "yes":
                    return self._taken(who, now)
                self._ask(now, Occasion.ANSWERED)
        return Filled(None, len(self._offered))

    def _taken(self, who: str, now: datetime) -> Filled:
        late = sum(
            what == "yes" and other in self._live and at <= self._live[other]
            for at, _, what, other in self._events
        )
        entry = self._patients[who].entry
        waited = (now - entry.created).total_seconds() / 86400
        minutes = (now - self._begun).total_seconds() / 60
        urgent = (entry.priority or 9) <= 3
        return Filled(minutes, len(self._offered), late, waited, urgent)

    def _ask(self, now: datetime, occasion: Occasion) -> None:
        expiry = offer_expiry(self._policy, now, self._freed)
        if isinstance(expiry, Refusal):
            return
        standing = Cascade(
            frozenset(self._offered), len(self._live), minutes_left(self._freed, now)
        )
        chosen = next_wave(self._policy, self._placed, standing, occasion)
        for who in chosen:
            self._offer(who, now, expiry)
        waits = chosen or occasion is Occasion.WAVE
        if waits and len(self._placed) > len(self._offered) and self._policy == "best":
            asking = standing.asking(chosen)
            self._wave = next_wave_due(self._freed, now, asking, self._placed)
            self._push(self._wave, "wave", "")

    def _offer(self, who: str, now: datetime, expiry: datetime) -> None:
        patient = self._patients[who]
        self._offered.add(who)
        self._live[who] = expiry
        answered = read_at(now) + timedelta(minutes=patient.latency)
        if patient.accepts is not None and answered <= expiry:
            self._push(answered, "yes" if patient.accepts else "no", who)
        else:
            self._push(expiry, "expired", who)

    def _push(self, at: datetime, what: str, who: str) -> None:
        heapq.heappush(self._events, (at, len(self._events), what, who))


def read_at(sent: datetime) -> datetime:
    """When a message is seen: at once by day, in the morning by night."""
    if _awake(sent):
        return sent
    morning = sent.replace(hour=_WAKES, minute=0, second=0, microsecond=0)
    return morning if sent.hour < _WAKES else morning + timedelta(days=1)


def _awake(at: datetime) -> bool:
    return _WAKES <= at.hour < _SLEEPS


def _called(patients: Sequence[Patient], freed: FreedTime, now: datetime) -> Filled:
    """By telephone, one after the other, whoever has waited longest first, in opening hours."""
    fitting = [each for each in patients if eligible(each.entry, freed, now) is None]
    longest = sorted(fitting, key=lambda each: each.entry.created)[:CALLS]
    at = now
    for calls, patient in enumerate(longest, start=1):
        at = _at_the_desk(at) + timedelta(minutes=CALL_MINUTES)
        if at > freed.start - timedelta(minutes=30):
            return Filled(None, calls - 1)
        if patient.reached and patient.agrees:
            entry = patient.entry
            waited = (at - entry.created).total_seconds() / 86400
            urgent = (entry.priority or 9) <= 3
            return Filled((at - now).total_seconds() / 60, calls, 0, waited, urgent)
    return Filled(None, len(longest))


def _at_the_desk(at: datetime) -> datetime:
    if at.hour < _OPENS:
        return at.replace(hour=_OPENS, minute=0, second=0, microsecond=0)
    if at.hour >= _CLOSES:
        opening = at.replace(hour=_OPENS, minute=0, second=0, microsecond=0)
        return opening + timedelta(days=1)
    return at
