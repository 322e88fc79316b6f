"""What is claimed, with the number that decides it, before anything is run?

A claim is kept where the whole confidence interval is on the right side of its threshold, not kept
where the whole of it is on the wrong one, and undecided where it holds the threshold. Thresholds
are changed only together with a line in the changelog that says why, never after a look at a
report of the same seed.

Source: engines.md sections 1 to 5.
"""

from dataclasses import dataclass
from enum import StrEnum

from simulation.confidence import Interval

#: Load of the queue and notice of the freed time at which the claims are decided.
CLAIM_LOAD = 0.95
CLAIM_NOTICE = 8  # hours
NOT_CLAIMED = (
    "Nothing here says anything about satisfaction: that is not claimable by simulation, as people "
    "who are played by a program are neither content nor angry. Nor does it say how often real "
    "patients miss visits or answer offers; those are assumptions, written beside each table."
)


class Verdict(StrEnum):
    """What a measurement says about a claim."""

    KEPT = "kept"
    NOT_KEPT = "**not kept**"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence that can turn out to be false.

    Args:
        id: By which a study names its measurement.
        statement: For people.
        metric: What is measured, and in which unit.
        threshold: In that unit.
        at_most: Whether the metric has to stay below the threshold, not above.
    """

    id: str
    statement: str
    metric: str
    threshold: float
    at_most: bool

    def verdict(self, measured: Interval) -> Verdict:
        """What the interval says."""
        sign = -1 if self.at_most else 1
        ends = sorted(sign * (each - self.threshold) for each in (measured.low, measured.high))
        if ends[0] >= 0:
            return Verdict.KEPT
        return Verdict.NOT_KEPT if ends[1] < 0 else Verdict.UNDECIDED


CLAIMS = (
    Claim("queue-p95", "Virtual deadlines cut the long waits of a queue",
          "P95 of the wait, best against static priority, %", -25, True),
    Claim("queue-maximum", "Nobody is overtaken for ever",
          "longest wait of a week, best against static priority, %", -35, True),
    Claim("queue-urgent", "The urgent do not pay for it",
          "share of the urgent who are called within 30 minutes, best", 0.95, False),
    Claim("emergency-p95", "The same where more people are urgent, in an emergency department",
          "P95 of the wait there, best against static priority, %", -25, True),
    Claim("emergency-maximum", "Nobody is overtaken for ever there",
          "longest wait of a week there, best against static priority, %", -35, True),
    Claim("emergency-urgent", "The urgent do not pay for it there",
          "share of the urgent who are called within 30 minutes there, best", 0.95, False),
    Claim("queue-mean-low", "The mean wait stays the same (conservation law): not shorter",
          "mean wait, best against static priority, %", -3, False),
    Claim("queue-mean-high", "The mean wait stays the same (conservation law): not longer",
          "mean wait, best against static priority, %", 3, True),
    Claim("queue-estimate", "With three servers and two people ahead at most the estimate is right",
          "share of estimates within ± 10 minutes, best", 0.90, False),
    Claim("queue-range", "Four of five people are called within the range that they were told",
          "share called within the range, best", 0.75, False),
    Claim("waitlist-fill", "A freed time is filled at least twice as often as by asking five once",
          "filled, best against plan, times", 2.0, False),
    Claim("waitlist-messages", "For about the same messages",
          "messages for each filled time, best against plan, times", 1.1, True),
    Claim("slots-plan", "Slot finding by best wastes less time than the owner's rule",
          "attended of offered minutes, best less plan, points", 0.0, False),
    Claim("slots-first-free", "And no more than giving everybody the first free time",
          "attended of offered minutes, best less first free, points", 0.0, False),
    Claim("slots-wishes", "Visits are at times that patients like",
          "share of wishes met, best less first free, points", 5.0, False),
    Claim("no-show-calls", "Calling those whom the model names prevents more than the owner's rule",
          "no-shows, calls by best less calls by plan, points", 0.0, True),
    Claim("clinic-all", "All engines together use more of the clinic's time than all by plan",
          "attended of offered minutes, all best less all plan, points", 2.0, False),
)  # fmt: skip
