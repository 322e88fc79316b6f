"""How much of its time does a clinic use in a month that is played through?

Which time a request gets is decided by the gateway's own engines (`slot_search`, `slot_ranking`)
for `plan` and `best`; whom to call before the visit by `no_show`; who gets a time that is given
back by `waitlist*`. Each of the three can be left out or be of either policy, so that each can be
seen alone. All clinics meet the same patients, who would miss or cancel the same visits.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from fhir_gateway.core.time import Interval
from fhir_gateway.engines.clinic_time import DAYS, EPOCH
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.no_show import predict
from fhir_gateway.engines.no_show_facts import Planned
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
from simulation.scheduling_requests import (
    BEGIN,
    CLOSES,
    LENGTHS,
    OPENS,
    PER_LOG_DAY,
    Request,
    Size,
    working_days,
)

STEP = 15  # minutes of a Slot
DISLIKED = 0.25  # log-odds of a visit at a time that was not wished for
CALL_HELPS = 0.4  # part of the no-shows that a call prevents
CALL_BUDGET = 0.15  # part of the visits
ZONE = ZoneInfo("UTC")


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
        """Call those with the highest risk, as many as there is time for."""
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
