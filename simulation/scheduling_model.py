"""How much of its time does a clinic use in a month that is played through?

Which time a request gets is decided by the gateway's own engines (`slot_search`, `slot_ranking`)
for `plan` and `best`; whom to call before the visit by `no_show`; who gets a time that is given
back by `waitlist*`. Each of the three can be left out or be of either policy, so that each can be
seen alone. All clinics meet the same patients, who would miss or cancel the same visits.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from fhir_gateway.core.time import Interval
from fhir_gateway.engines.clinic_time import DAYS, EPOCH
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.no_show import predict
from fhir_gateway.engines.no_show_facts import NoShowFacts, Planned
from fhir_gateway.engines.no_show_model import NoShowModel
from fhir_gateway.engines.slot_facts import Diary, PatientFacts, RankingRequest
from fhir_gateway.engines.slot_ranking import Facts, rank
from fhir_gateway.engines.slot_search import (
    Candidates,
    ScheduleFacts,
    SlotColumns,
    SlotSearch,
    search,
)

BACKLOG = 1.5  # demand in the warm-up, so that the clinic is booked up for a week
OPENS, CLOSES, STEP = 8, 16, 15  # hours; minutes of a Slot
LENGTHS, LENGTH_SHARES = (15, 30, 45), (0.3, 0.5, 0.2)
#: Truth about patients, which no engine is told.
BASE_LOG_ODDS, SPREAD = -2.4, 0.9
PER_LOG_DAY = 0.35
DISLIKED = 0.25  # log-odds of a visit at a time that was not wished for
CANCELS_PER_DAY = 0.008
CALL_HELPS = 0.4  # part of the no-shows that a call prevents
CALL_BUDGET = 0.15  # part of the visits
CALL_BEFORE = 2  # days
ZONE = ZoneInfo("UTC")
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the clinic is and how long it is played.

    Args:
        practitioners: Who work eight hours a day.
        days: Working days that count.
        weeks_ahead: In which a time is looked for, and that are played before: nothing that
            counts can have been booked earlier.
    """

    practitioners: int = 2
    days: int = 20
    weeks_ahead: int = 2

    @property
    def warm_up(self) -> int:
        """Working days."""
        return 5 * self.weeks_ahead

    @property
    def ahead(self) -> int:
        """Days."""
        return 7 * self.weeks_ahead

    def counts(self, minute: int) -> bool:
        """Whether a visit or a request of that minute counts."""
        days = working_days(self.warm_up + self.days)
        return days[self.warm_up] * 1440 <= minute < (days[-1] + 1) * 1440


@dataclass(frozen=True, slots=True)
class Policies:
    """Which engine decides.

    Args:
        slots: `first-free`, `plan` or `best`.
        calls: None, `plan` or `best`: by whose risk the few are chosen who are called.
        waitlist: None, `plan` or `best`.
    """

    slots: str = "first-free"
    calls: str | None = None
    waitlist: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody who wants a visit.

    Args:
        number: Of the patient.
        minute: Since BEGIN.
        length: Minutes.
        facts: What the engines are told.
        log_odds: Of missing a visit of today.
        misses, helped: Dice thrown beforehand: whether it is missed, whether a call helps.
        cancels: Days until the patient would cancel.
        earlier: Whether the time would be given to somebody by the waitlist.
    """

    number: int
    minute: int
    length: int
    facts: PatientFacts
    log_odds: float
    misses: float
    helped: float
    cancels: float
    earlier: float


@dataclass(slots=True)
class Visit:
    """What was booked: minutes since BEGIN, and what became of it."""

    request: Request
    schedule: int
    start: int
    met: float
    cancelled: int | None = None
    called: bool = False
    missed: bool = False

    @property
    def end(self) -> int:
        return self.start + self.request.length

    @property
    def lead(self) -> int:
        """Days from the booking to the visit."""
        return self.start // 1440 - self.request.minute // 1440


@dataclass(slots=True)
class Month:
    """What a month came to: visits that count, minutes given to others, requests left over."""

    visits: list[Visit] = field(default_factory=list)
    refilled: int = 0
    offered: int = 0
    turned_away: int = 0
    lost_gaps: int = 0


def working_days(count: int) -> list[int]:
    """Days since BEGIN, which is a Monday."""
    return [day for day in range(2 * count + 9) if day % 7 < 5][:count]


def requests(dice: random.Random, demand: float, size: Size) -> list[Request]:
    """Everybody who asks, by time.

    Args:
        dice: Of this month.
        demand: Minutes asked for through minutes offered.
        size: See Size.
    """
    mean = sum(one * two for one, two in zip(LENGTHS, LENGTH_SHARES, strict=True))
    offered = size.practitioners * (CLOSES - OPENS) * 60 / mean
    found: list[Request] = []
    for number, day in enumerate(working_days(size.warm_up + size.days)):
        a_day = offered * (BACKLOG if number < size.warm_up else demand)
        moment = OPENS * 60 + dice.expovariate(a_day / 480)
        while moment < CLOSES * 60:
            found.append(_request(dice, len(found), day * 1440 + int(moment), size))
            moment += dice.expovariate(a_day / 480)
    return found


def _request(dice: random.Random, number: int, minute: int, size: Size) -> Request:
    own = dice.gauss(0, SPREAD)
    age = dice.randrange(18, 85)
    past = dice.choice((0, 1, 2, 4, 8))
    chance = 1 / (1 + math.exp(-(BASE_LOG_ODDS + own + PER_LOG_DAY * math.log(8))))
    missed = sum(dice.random() < chance for _ in range(past))
    rate = round(Decimal(100 * missed) / past, 2) if past else None
    facts = PatientFacts(
        no_show_rate=rate,
        travel_minutes={"Location/clinic": Decimal(dice.randrange(5, 60))},
        preferred_days=frozenset(dice.sample(DAYS[:5], 2)) if dice.random() < 0.5 else frozenset(),
        preferred_parts=frozenset({dice.choice(("morning", "afternoon"))})
        if dice.random() < 0.5
        else frozenset(),
        preferred_practitioners=frozenset({f"Practitioner/{dice.randrange(size.practitioners)}"})
        if dice.random() < 0.4
        else frozenset(),
        no_show=NoShowFacts(
            rate, missed, past - missed, _last(dice.random(), missed, past), age,
            dice.random() < 0.5,
        ),
    )  # fmt: skip
    length = dice.choices(LENGTHS, LENGTH_SHARES)[0]
    young = 0.3 if age < 30 else 0.0
    return Request(
        number, minute, length, facts, BASE_LOG_ODDS + own + young, dice.random(), dice.random(),
        dice.expovariate(CANCELS_PER_DAY), dice.random(),
    )  # fmt: skip


def _last(said: float, missed: int, past: int) -> bool | None:
    """Whether the last of the visits was missed: any of them may have been the last."""
    return said * past < missed if past else None


class Clinic:
    """The Slots of all practitioners and who has them.

    Args:
        policies: See Policies.
        refill: Share of the times given back that somebody of the waitlist takes, by hours of
            notice, as the waitlist's own study found; nothing without a waitlist.
        model: By which `best` says how likely a no-show is.
        size: See Size.
    """

    def __init__(
        self, policies: Policies, refill: Mapping[int, float], model: NoShowModel, size: Size
    ) -> None:
        self._policies, self._refill, self._model, self._size = policies, refill, model, size
        self._schedules = tuple(
            ScheduleFacts(f"s{each}", (f"Practitioner/{each}",), "UTC", f"Practitioner/{each}",
                          "Location/clinic")
            for each in range(size.practitioners)
        )  # fmt: skip
        days = working_days(size.warm_up + size.days + size.ahead)
        a_day = [1440 * day + minute for day in days
                 for minute in range(60 * OPENS, 60 * CLOSES, STEP)]  # fmt: skip
        self._starts = np.array(a_day, dtype=np.int64)
        self._free = np.ones((size.practitioners, len(a_day)), dtype=np.bool_)
        names = [[f"{one}-{two}" for two in a_day] for one in range(size.practitioners)]
        self._names = np.array(names)
        self._place = {start: place for place, start in enumerate(a_day)}
        self._epoch = (BEGIN - EPOCH) // timedelta(minutes=1)
        self._booked: list[list[tuple[int, int]]] = [[] for _ in range(size.practitioners)]
        self._visits: list[Visit] = []
        self._due: list[tuple[int, Visit]] = []

    def month(self, asked: Sequence[Request]) -> Month:
        """Play it; only visits of the days after the warm-up count."""
        found = Month()
        for request in asked:
            self._give_back(request.minute, found)
            visit = self._book(request)
            if visit is None:
                found.turned_away += self._size.counts(request.minute)
            else:
                self._keep(visit)
        self._give_back(1 << 40, found)
        counted = [each for each in self._visits if self._size.counts(each.start)]
        self._call(counted)
        for visit in counted:
            visit.missed = visit.cancelled is None and _misses(visit)
        found.visits = counted
        found.offered = self._size.days * self._size.practitioners * (CLOSES - OPENS) * 60
        found.lost_gaps = self._lost_gaps()
        return found

    def _book(self, request: Request) -> Visit | None:
        slots = self._columns(request.minute)
        now = BEGIN + timedelta(minutes=request.minute)
        window = Interval(now, now + timedelta(days=self._size.ahead))
        candidates = search(slots, self._schedules, SlotSearch(request.length, now, window))
        if not len(candidates):
            return None
        row = self._choose(candidates, slots, request, now)
        schedule = int(candidates.schedule[row])
        start = int(candidates.start[row]) - self._epoch
        met = wishes_met(request.facts, start, schedule)
        return Visit(request, schedule, start, met)

    def _choose(
        self, candidates: Candidates, slots: SlotColumns, request: Request, now: datetime
    ) -> int:
        if self._policies.slots == "first-free":
            return int(np.lexsort((candidates.schedule, candidates.start))[0])
        diaries = {
            each.practitioner or "": self._diary(place)
            for place, each in enumerate(self._schedules)
        }
        patient = replace(request.facts, no_show_model=self._model)
        facts = Facts(slots, self._schedules, patient, diaries=diaries)
        wanted = RankingRequest(now, usable_gap=LENGTHS[0])
        found = rank(self._policies.slots, candidates, facts, wanted, top=1)
        if isinstance(found, Refusal):
            raise TypeError(found.text)
        return found.ranked[0].candidate

    def _columns(self, minute: int) -> SlotColumns:
        first = int(np.searchsorted(self._starts, minute))
        last = int(np.searchsorted(self._starts, minute + self._size.ahead * 1440))
        schedule, place = np.nonzero(self._free[:, first:last])
        start = self._starts[first:last][place] + self._epoch
        names = self._names[:, first:last][schedule, place].tolist()
        return SlotColumns(schedule.astype(np.int64), start, start + STEP, names, ordered=True)

    def _diary(self, schedule: int) -> Diary:
        times = np.array(sorted(self._booked[schedule]), dtype=np.int64).reshape(-1, 2)
        return Diary(times[:, 0] + self._epoch, times[:, 1] + self._epoch)

    def _keep(self, visit: Visit) -> None:
        self._mark(visit, free=False)
        self._booked[visit.schedule].append((visit.start, visit.end))
        self._visits.append(visit)
        cancels = visit.request.minute + int(1440 * visit.request.cancels)
        if cancels < visit.start:
            self._due.append((cancels, visit))

    def _mark(self, visit: Visit, *, free: bool) -> None:
        first = self._place[visit.start]
        self._free[visit.schedule, first : first + visit.request.length // STEP] = free

    def _give_back(self, until: int, found: Month) -> None:
        """Cancel what is due; what the waitlist does not take is free again."""
        due = [each for each in self._due if each[0] < until]
        self._due = [each for each in self._due if each[0] >= until]
        for minute, visit in sorted(due, key=lambda each: each[0]):
            visit.cancelled = minute
            hours = (visit.start - minute) / 60
            if visit.request.earlier < _refilled(self._refill, hours):
                found.refilled += visit.request.length if self._size.counts(visit.start) else 0
            else:
                self._mark(visit, free=True)
                self._booked[visit.schedule].remove((visit.start, visit.end))

    def _call(self, visits: Sequence[Visit]) -> None:
        """Call those with the highest risk, as many as there is time for, two days before."""
        policy = self._policies.calls
        if policy is None:
            return
        open_ = [each for each in visits if each.cancelled is None]
        risks = {id(each): self._risk(policy, each) for each in open_}
        few = sorted(open_, key=lambda each: (-risks[id(each)], each.start, each.schedule))
        for each in few[: round(CALL_BUDGET * len(open_))]:
            each.called = True

    def _risk(self, policy: str, visit: Visit) -> float:
        facts = visit.request.facts.no_show
        return float(predict(policy, facts, planned(visit), ZONE, self._model).probability)

    def _lost_gaps(self) -> int:
        """Free minutes, on days that count, in runs too short for the usual visit."""
        a_day = (CLOSES - OPENS) * 60 // STEP
        first = self._size.warm_up * a_day
        last = first + self._size.days * a_day
        lost = 0
        for row in self._free[:, first:last].reshape(-1, a_day):
            runs = "".join("x" if each else " " for each in row.tolist()).split()
            lost += sum(STEP * len(run) for run in runs if STEP * len(run) < LENGTHS[1])
        return lost


def _refilled(refill: Mapping[int, float], hours: float) -> float:
    """Of the longest notice studied that there still is."""
    return next((refill[each] for each in sorted(refill, reverse=True) if each <= hours), 0.0)


def _misses(visit: Visit) -> bool:
    odds = visit.request.log_odds + PER_LOG_DAY * math.log1p(visit.lead)
    odds += DISLIKED * (1 - visit.met)
    if visit.request.misses >= 1 / (1 + math.exp(-odds)):
        return False
    return not (visit.called and visit.request.helped < CALL_HELPS)


def planned(visit: Visit) -> Planned:
    """As the engine sees it."""
    start = BEGIN + timedelta(minutes=visit.start)
    return Planned(start, BEGIN + timedelta(minutes=visit.request.minute))


def wishes_met(facts: PatientFacts, start: int, schedule: int) -> float:
    """Which part of the wishes (weekday, part of day, practitioner) is met; 1 without wishes."""
    day = DAYS[start // 1440 % 7]
    part = "morning" if start % 1440 < 720 else "afternoon"
    wishes = (
        (facts.preferred_days, day),
        (facts.preferred_parts, part),
        (facts.preferred_practitioners, f"Practitioner/{schedule}"),
    )
    met = [has in wanted for wanted, has in wishes if wanted]
    return sum(met) / len(met) if met else 1.0
