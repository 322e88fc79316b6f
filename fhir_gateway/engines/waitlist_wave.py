"""How many are asked at once, who is next, and how long does an offer stay open?

`plan` asks the first five once. `best` is a deadline-adaptive cascade: so many offers that one is
accepted with probability .9 before the time is lost, one by one while there is time for that, so
that few have been asked for nothing when somebody accepts.

Source: owner's plan, phase 12 (top 5, expiry 2 h before start), rows W6 and W9; decisions 15, 16;
decision record 0024 (pace).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from statistics import fmean
from zoneinfo import ZoneInfo

from fhir_gateway.engines import quiet_hours
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.waitlist import Placed
from fhir_gateway.engines.waitlist_facts import FreedTime, WaitlistEntry

PLAN_OFFERS = 5
PLAN_MARGIN = timedelta(hours=2)  # before the start, when an offer of `plan` ends
WANTED_FILL = 0.9  # P*
CROWDED = 0.5  # most expected acceptances per wave, so that few are disappointed
SHORT = 180.0  # minutes; below, the cap does not hold
LIVE_OFFERS = 2  # per patient
#: Prior of acceptance: one in twelve, as large portals report for offers sent to the phone.
PRIOR_ACCEPTED, PRIOR_REFUSED = 1.0, 11.0
#: Minutes of notice, excluded, that end the buckets in which answers are counted.
NOTICE_BUCKETS = (180, 480, 1440, 4320)
WAVE_SHORTEST, WAVE_LONGEST = 10.0, 120.0  # minutes
WINDOW_SHARE = 4  # an offer of `best` is open for this part of the lead …
WINDOW_SHORTEST, WINDOW_LONGEST = timedelta(minutes=15), timedelta(hours=24)
#: Before the start, when an offer of `best` ends at the latest.
TRAVEL_MARGIN = timedelta(minutes=30)
_ROUNDING = 1e-9


class Occasion(Enum):
    """Why somebody may have to be asked now."""

    FREED = "freed"  #: the time has just come free
    WAVE = "wave"  #: a wave has passed without an acceptance
    ANSWERED = "answered"  #: one offer was declined or has expired


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Answers seen to offers like these (same notice, same channel)."""

    accepted: int = 0
    refused: int = 0

    @property
    def chance(self) -> float:
        """Estimated probability that one offer is accepted: beta-binomial with the prior."""
        won = PRIOR_ACCEPTED + self.accepted
        return won / (won + PRIOR_REFUSED + self.refused)


@dataclass(frozen=True, slots=True)
class Cascade:
    """Where the offers for one freed time stand.

    Args:
        offered: Ids of entries that have been asked, whatever they answered.
        live: How many of these offers are still open.
        minutes_left: Until nobody could come any more (see `minutes_left`).
        acceptances: Answers seen so far to offers with such a notice, by channel.
    """

    offered: frozenset[str] = frozenset()
    live: int = 0
    minutes_left: float = 0.0
    acceptances: Mapping[str, Acceptance] = field(default_factory=dict)

    def chance(self, candidates: Sequence[Placed]) -> float:
        """Estimated probability that one of these accepts, on average of their first channels."""
        seen = [self.acceptances.get(each.entry.channels[0], _UNSEEN) for each in candidates]
        return fmean(each.chance for each in seen) if seen else _UNSEEN.chance

    def asking(self, ids: Sequence[str]) -> "Cascade":
        """Where it stands when these have an offer as well."""
        return replace(self, offered=self.offered.union(ids), live=self.live + len(ids))


_UNSEEN = Acceptance()


def notice_bucket(minutes: float) -> int:
    """Which offers are alike: 0 for less than three hours' notice … 4 for three days and more."""
    return sum(minutes >= each for each in NOTICE_BUCKETS)


def next_wave(
    policy: str, ranked: Sequence[Placed], cascade: Cascade, occasion: Occasion = Occasion.FREED
) -> tuple[str, ...]:
    """The entries that get an offer now.

    Args:
        policy: `plan` or `best`.
        ranked: Eligible entries in order, those asked before included.
        cascade: Where it stands.
        occasion: `plan` asks when the time is freed and never again; `best` asks a wave then and
            at each wave, and exactly one more after a decline or an expiry.

    Returns:
        Ids in order; empty where nobody is to be asked.

    Source: owner's plan, phase 12, row W9; decision 16.
    """
    if policy == "plan":
        first = ranked[:PLAN_OFFERS] if occasion is Occasion.FREED and not cascade.offered else ()
        return tuple(each.entry.id for each in first)
    candidates = _askable(ranked, cascade)
    chance = cascade.chance(candidates)
    size = 1 if occasion is Occasion.ANSWERED else wave_size(cascade, chance)
    return tuple(each.entry.id for each in candidates[:size])


def asked_later(policy: str, ranked: Sequence[Placed], cascade: Cascade) -> bool:
    """Whether somebody has too many open offers now and may be asked when one of them has ended.

    Args:
        policy: `plan` never asks later.
        ranked: As for `next_wave`.
        cascade: Where it stands.
    """
    if policy == "plan" or cascade.minutes_left <= 0:
        return False
    return any(
        each.entry.live_offers >= LIVE_OFFERS and each.entry.id not in cascade.offered
        for each in ranked
    )


def _askable(ranked: Sequence[Placed], cascade: Cascade) -> list[Placed]:
    asked = {each.entry.patient for each in ranked if each.entry.id in cascade.offered}
    found = []
    for each in ranked:
        if each.entry.patient not in asked and each.entry.live_offers < LIVE_OFFERS:
            asked.add(each.entry.patient)
            found.append(each)
    return found


def wave_size(cascade: Cascade, chance: float) -> int:
    """How many offers the next wave of `best` has.

    Offers that are still open count towards the number that fills the time with probability P*;
    the rest is spread evenly over the minutes left: one by one, unless they come so close that a
    wave of the shortest length has to hold several. Unless less than three hours remain, no wave
    is so large that more than half an acceptance is expected of it (always at least one offer).

    Args:
        cascade: Where it stands.
        chance: p̂, that one offer is accepted.

    Returns:
        0 where no minute is left or enough offers are open.
    """
    if cascade.minutes_left <= 0:
        return 0
    missing = offers_missing(cascade, chance)
    share = wave_minutes(cascade.minutes_left, missing) / _minutes_to_ask(cascade.minutes_left)
    size = min(missing, math.ceil(missing * share - _ROUNDING))
    if cascade.minutes_left < SHORT:
        return size
    return min(size, max(1, math.floor(CROWDED / chance)))


def offers_needed(chance: float, fill: float = WANTED_FILL) -> int:
    """N = ⌈ln(1 − P*) / ln(1 − p̂)⌉.

    Args:
        chance: p̂, within 0..1, both excluded.
        fill: P*, likewise.
    """
    return math.ceil(math.log1p(-fill) / math.log1p(-chance))


def offers_missing(cascade: Cascade, chance: float) -> int:
    """How many offers there should be beside those that are open."""
    return max(0, offers_needed(chance) - cascade.live)


def wave_minutes(left: float, missing: int) -> float:
    """How long a wave lasts: so that the missing offers, one each wave, go until it is too late to
    make one; at least 10 minutes, at most 120."""
    return min(max(_minutes_to_ask(left) / max(missing, 1), WAVE_SHORTEST), WAVE_LONGEST)


def _minutes_to_ask(left: float) -> float:
    """Until when an offer can still be made, in minutes; a wave at the least."""
    return max(left - WINDOW_SHORTEST / timedelta(minutes=1), WAVE_SHORTEST)


def offer_to(
    policy: str, now: datetime, freed: FreedTime, entry: WaitlistEntry
) -> datetime | Refusal:
    """Until when an offer made now to that patient may be accepted.

    Returns:
        UTC; or `unreachable` where there is no way to tell the patient, or as `offer_expiry`.

    Source: owner's plan, phase 12, row W4 (undeliverable: the next match, not counted).
    """
    if not entry.channels:
        return Refusal("unreachable", "there is no way to tell the patient")
    notice = freed.notice_for(entry.service_types & freed.service_types)
    return offer_expiry(policy, now, replace(freed, minimum_notice=notice), entry.zone)


def offer_expiry(
    policy: str, now: datetime, freed: FreedTime, zone: str | None = None
) -> datetime | Refusal:
    """Until when an offer made now may be accepted.

    Args:
        policy: `plan`: two hours before the start. `best`: a quarter of the lead time, at least
            15 minutes and at most 24 hours, in which quiet hours do not count, and not after the
            last moment to set out (minimum notice, at least 30 minutes before the start).
        now: Aware.
        freed: The time.
        zone: IANA name of the patient's zone; None: the clinic's.

    Returns:
        UTC; or `too-late` where that moment has passed, for `best` also where less than 15
        minutes to answer are left; or `quiet-hours` where that is so for this patient alone,
        who would be told too late.

    Source: owner's plan, phase 12, row W6; decision 15; reliability-security.md section 7.
    """
    start, opened = freed.start.astimezone(UTC), now.astimezone(UTC)
    theirs = ZoneInfo(zone or freed.zone)
    told = quiet_hours.may_go(opened, freed.quiet, theirs)
    if policy == "plan":
        expiry = start - PLAN_MARGIN
        if expiry <= opened:
            return _too_late()
        return expiry if told < expiry else _asleep()
    last = _last_moment(freed, freed.minimum_notice)
    window = min(max((start - opened) / WINDOW_SHARE, WINDOW_SHORTEST), WINDOW_LONGEST)
    if last - opened < WINDOW_SHORTEST:
        return _too_late()
    if quiet_hours.waking(opened, last, freed.quiet, theirs) < WINDOW_SHORTEST:
        return _asleep()
    return min(quiet_hours.after(opened, window, freed.quiet, theirs), last)


def _too_late() -> Refusal:
    return Refusal("too-late", "the time begins too soon for anybody to answer")


def _asleep() -> Refusal:
    return Refusal("quiet-hours", "the patient cannot be told in time")


def _last_moment(freed: FreedTime, notice: int) -> datetime:
    return freed.start.astimezone(UTC) - last_answer("best", notice)


def last_answer(policy: str, notice: int) -> timedelta:
    """How long before its start a freed time is offered to nobody any more.

    Args:
        policy: `plan`: two hours. `best`: the notice, at least 30 minutes.
        notice: Minutes that a patient needs before a visit.
    """
    return PLAN_MARGIN if policy == "plan" else max(TRAVEL_MARGIN, timedelta(minutes=notice))


def minutes_left(freed: FreedTime, now: datetime) -> float:
    """Minutes in which an offer of `best` can still be accepted, but for the clinic's quiet hours;
    0 where there are none."""
    zone = ZoneInfo(freed.zone)
    last = _last_moment(freed, freed.shortest_notice)
    left = quiet_hours.waking(now, last, freed.quiet, zone)
    return left.total_seconds() / 60


def next_wave_due(
    freed: FreedTime, now: datetime, cascade: Cascade, ranked: Sequence[Placed]
) -> datetime:
    """When the next wave of `best` is due: quiet hours do not count.

    Args:
        freed: The time.
        now: Aware.
        cascade: Where it stands, those who are asked now included.
        ranked: As for `next_wave`.
    """
    missing = offers_missing(cascade, cascade.chance(_askable(ranked, cascade)))
    wave = timedelta(minutes=wave_minutes(cascade.minutes_left, missing))
    return quiet_hours.after(now, wave, freed.quiet, ZoneInfo(freed.zone))
