"""What identifies an appointment of this sender, what are its own events, and are notes complete?

Source: hl7v2.md sections 1.5, 2.1 and 2.3.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from fhir_gateway.mapping.suggesting.evidence import Suggestion, confidence, some
from fhir_gateway.mapping.suggesting.seen import Seen, valued
from fhir_gateway.mapping.triggers import TRIGGERS

_CANDIDATES = ("SCH-26", "SCH-27", "SCH-5", "PV1-19", "SCH-4", "PV1-50", "PID-18", "MSH-10")


def identity(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """A field that stays with an appointment, where neither SCH-2 nor SCH-1 has a value."""
    configured = messages[0].reading.profile.identity_fields
    without = [
        each for each in messages
        if not each.own_id and not any(each.text(name) for name in configured)
    ]  # fmt: skip
    if not without:
        return
    told = f"SCH-2 and SCH-1 are empty in {len(without)} of {len(messages)} messages"
    best: tuple[float, str, str, tuple[str, ...]] | None = None
    for name in _CANDIDATES:
        values = valued(without, name)
        if len(values) < len(without) * 0.9:
            continue
        mixed, repeated = _mixed(without, name)
        text = f"{name} is valued in {len(values)} of them: {some(values)}"
        against = []
        if mixed:
            against.append(f"{mixed} values come with several patients")
        if not repeated and len(values) > 1:
            against.append("no value comes twice: a change would be another appointment")
        sure = confidence(len(values) - mixed, len(without))
        sure *= 1.0 if repeated else 0.4 if name == "MSH-10" else 0.7
        if best is None or sure > best[0]:
            best = (sure, name, text, tuple(against))
    if best is None:
        why = "no other field identifies it either; such messages are refused (SCH^1^2)"
        yield Suggestion("identity_fields", None, 0.0, (told,), (why,))
        return
    sure, name, text, against_ = best
    yield Suggestion("identity_fields", (*configured, name), round(sure, 2), (told, text), against_)


def _mixed(messages: Sequence[Seen], name: str) -> tuple[int, bool]:
    """How many values belong to several patients, and whether any comes twice."""
    patients: dict[str, set[str]] = defaultdict(set)
    counted: Counter[str] = Counter()
    for each in messages:
        value = each.text(name)
        if value:
            patients[value].add(each.patient)
            counted[value] += 1
    mixed = sum(len(each - {""}) > 1 for each in patients.values())
    return mixed, any(count > 1 for count in counted.values())


def events(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """The standard event for events of the site."""
    own = Counter(
        each.trigger for each in messages
        if each.reading.profile.event(each.trigger) not in TRIGGERS
        and each.trigger.startswith("Z")
    )  # fmt: skip
    if not own:
        return
    table = dict(messages[0].reading.profile.events)
    evidence: list[str] = []
    against: list[str] = []
    known: set[str] = set()
    first: Counter[str] = Counter()
    for each in messages:
        if each.trigger in own and each.own_id and each.own_id not in known:
            first[each.trigger] += 1
        known.add(each.own_id)
    sure = 1.0
    for trigger, count in own.most_common():
        new = first[trigger]
        event = "S12" if new == count and count > 1 else "S14"
        table[trigger] = event
        sure = min(sure, confidence(count - new if event == "S14" else new, count))
        told = "has not come before" if event == "S12" else "is known in most"
        meaning = TRIGGERS[event].meaning
        evidence.append(f"{trigger} comes {count}x; the appointment {told}: as {event}, {meaning}")
        if event == "S14":
            against.append(f"what {trigger} means is not in the message; S14 takes what is told")
    yield Suggestion("events", table, sure, tuple(evidence), tuple(against))


def notes(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """Whether every update repeats the notes, so that leaving them out deletes them."""
    if messages[0].reading.profile.snapshot_notes:
        return
    before: dict[str, bool] = {}
    repeated = omitted = back = 0
    gone: set[str] = set()
    for each in messages:
        key, has = each.own_id, each.message.first("NTE") is not None
        if not key or each.trigger not in ("S12", "S13", "S14"):
            continue
        if before.get(key):
            repeated, omitted = repeated + has, omitted + (not has)
            if not has:
                gone.add(key)
        elif has and key in gone:
            back += 1
        before[key] = has
    total = repeated + omitted
    if total < 3 or back or not omitted or repeated < omitted * 3:
        return
    told = f"{repeated} of {total} updates repeat the notes, and {omitted} leave them out for good"
    sure = round(confidence(repeated, total) * 0.9, 2)
    doubt = "it may as well have nothing new to say"
    yield Suggestion("snapshot_notes", True, sure, (told,), (doubt,))
