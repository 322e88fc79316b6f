"""Was every acknowledged message applied exactly once, and in order?

Pure: what was sent and what was found, side by side. Each violation is one line for people, its
first word the kind.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conformance.campaign.evidence import Evidence, Held, Version
from conformance.campaign.traffic import Expected, Script, expected


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be.

    Attributes:
        kind: `unacknowledged`, `refused`, `changed-answer`, `lost`, `doubled`, `order`, `state`,
            `time` or `foreign`.
        what: The message or appointment.
        text: For people.
    """

    kind: str
    what: str
    text: str


def violations(scripts: Sequence[Script], evidence: Evidence) -> list[Violation]:
    """Compare what was sent with what was found.

    Args:
        scripts: Of all senders, sent to their ends.
        evidence: What was found afterwards.
    """
    wanted = {name: one for each in scripts for name, one in expected(each).items()}
    found = list(_answers(scripts, evidence))
    for name, one in wanted.items():
        found += _life(name, one, evidence.versions.get(name, []))
    found += [
        Violation("foreign", name, "an appointment that nobody told")
        for name in evidence.versions
        if name not in wanted
    ]
    found += _time(wanted.values(), evidence.held)
    return found


def _answers(scripts: Sequence[Script], evidence: Evidence) -> Iterator[Violation]:
    """Each message is acknowledged, always with the same bytes, and kept once."""
    for name in dict.fromkeys(each.control_id for one in scripts for each in one.messages):
        answers = evidence.acknowledged.get(name, [])
        kept = evidence.kept.get(name, 0)
        if not answers:
            yield Violation("unacknowledged", name, "no acknowledgement has come")
        if any(f"MSA|AA|{name}".encode() not in each for each in answers):
            yield Violation("refused", name, "an answer that is no AA for it")
        if len(set(answers)) > 1:
            yield Violation("changed-answer", name, "two different acknowledgements")
        if answers and kept == 0:
            yield Violation("lost", name, "acknowledged, and not in the inbox")
        if kept > 1:
            yield Violation("doubled", name, f"{kept} rows in the inbox")


def _life(name: str, wanted: Expected, found: Sequence[Sequence[Version]]) -> Iterator[Violation]:
    if len(found) > 1:
        yield Violation("doubled", name, f"{len(found)} Appointments for one")
    notes = [each.note for versions in found for each in versions]
    for note, count in Counter(notes).items():
        if count > 1:
            yield Violation("doubled", note, f"{count} versions come of it")
        if note not in wanted.applied:
            yield Violation("order", note, f"applied to {name} although something newer was told")
    applied = [each for each in dict.fromkeys(notes) if each in wanted.applied]
    for note in wanted.applied:
        if note not in notes:
            yield Violation("lost", note, f"acknowledged, and without effect on {name}")
    if applied != [each for each in wanted.applied if each in notes]:
        yield Violation("order", name, f"applied in the order {', '.join(applied)}")
    if not wanted.applied or not found or not found[0]:
        return
    last = found[0][-1]
    if (last.status, last.start) != (wanted.status, wanted.start):
        text = f"{last.status} at {last.start} instead of {wanted.status} at {wanted.start}"
        yield Violation("state", name, text)


def _time(wanted: Iterable[Expected], held: Sequence[Held]) -> Iterator[Violation]:
    """Who is booked has the time, once, and nobody else."""
    booked = Counter(
        Held(each.doctor, each.start)
        for each in wanted
        if each.status == "booked" and each.start is not None
    )
    taken = Counter(held)
    for one in [*booked, *(taken.keys() - booked.keys())]:
        if booked[one] != taken[one]:
            text = f"taken {taken[one]} times instead of {booked[one]} at {one.start}"
            yield Violation("time", one.doctor, text)
