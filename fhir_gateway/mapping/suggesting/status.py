"""Where does this sender put the status, and what do its codes mean?

An event says what has become of the appointment; a code that always comes with one event means the
same.

Source: hl7v2.md sections 1.7 and 2.1.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from fhir_gateway.mapping.datatypes.cwe import words
from fhir_gateway.mapping.places import place
from fhir_gateway.mapping.suggesting.evidence import Suggestion, confidence, some
from fhir_gateway.mapping.suggesting.seen import Seen

_CANDIDATES = (
    "SCH-25", "SCH-27", "SCH-28", "SCH-26", "SCH-6", "SCH-17", "SCH-20", "SCH-21",
)  # fmt: skip
#: What an event says of the status; S14 says nothing.
_MEANS = {"S12": "booked", "S13": "booked", "S15": "cancelled", "S16": "cancelled",
          "S17": "entered-in-error", "S26": "noshow"}  # fmt: skip
#: A field with more different values holds no codes.
_MOST_CODES = 15
_PURITY = 0.8
#: Fewer events with one code say nothing.
_ENOUGH = 3


def _said(each: Seen, name: str) -> tuple[str, ...]:
    found = place(name).field(each.message)
    return words(found[1]) if found else ()


def _known(each: Seen, said: tuple[str, ...]) -> bool:
    return any(each.reading.profile.status_row(word) for word in said)


def status(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """Field and code table of the status."""
    names = list(messages[0].reading.profile.status_fields)
    valued = {name: [e for e in messages if _said(e, name)] for name in dict.fromkeys(
        [*names, *_CANDIDATES])}  # fmt: skip
    if not any(valued[name] for name in names):
        moved = _elsewhere(messages, valued)
        if moved is None:
            text = f"{', '.join(names)} is empty in all {len(messages)} messages, and no other "
            told = (f"{text}field holds words of status: the events alone decide",)
            yield Suggestion("status_fields", None, 0.0, told)
            return
        yield moved
        names = list(moved.value)
    yield from _codes(messages, names)


def _elsewhere(messages: Sequence[Seen], valued: dict[str, list[Seen]]) -> Suggestion | None:
    """Another field whose values are known words of status, or go with the events."""
    best: tuple[float, str, str] | None = None
    for name in _CANDIDATES:
        holders = valued[name]
        kinds = {_said(each, name)[0] for each in holders}
        if not holders or len(kinds) > _MOST_CODES:
            continue
        known = sum(_known(each, _said(each, name)) for each in holders)
        sure = confidence(known, len(holders)) * len(holders) / len(messages)
        told = f"{known} of its {len(holders)} values are words of status"
        if not known and len(kinds) > 1:
            table = _votes(holders, [name])
            pure = sum(c.most_common(1)[0][1] for c in table.values())
            said = sum(c.total() for c in table.values())
            distinct = {c.most_common(1)[0][0] for c in table.values()}
            if len(distinct) > 1 and said:
                sure = 0.8 * confidence(pure, said)
                told = f"{pure} of {said} values go with the event"
        if sure > 0.3 and (best is None or sure > best[0]):
            best = (sure, name, told)
    if best is None:
        return None
    sure, name, told = best
    examples = some(_said(each, name)[0] for each in valued[name])
    text = f"SCH-25 is always empty; {name} is valued in {len(valued[name])} of {len(messages)}"
    value = ("SCH-25", name) if name != "SCH-25" else (name,)
    return Suggestion("status_fields", value, round(sure, 2), (text, f"{told}: {examples}"))


def _votes(messages: Sequence[Seen], names: Sequence[str]) -> dict[str, Counter[str]]:
    """Code -> what the events say that it comes with."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for each in messages:
        meant = _MEANS.get(each.reading.profile.event(each.trigger))
        said = next((said for name in names if (said := _said(each, name))), ())
        if meant and said:
            found[said[0]][meant] += 1
    return found


def _codes(messages: Sequence[Seen], names: Sequence[str]) -> Iterator[Suggestion]:
    """Codes that no table knows."""
    unknown: Counter[str] = Counter()
    for each in messages:
        said = next((said for name in names if (said := _said(each, name))), ())
        if said and not _known(each, said):
            unknown[said[0]] += 1
    if not unknown:
        return
    votes = _votes(messages, names)
    table: dict[str, str] = {}
    evidence: list[str] = []
    against: list[str] = []
    sure = 1.0
    for code, count in unknown.most_common(_MOST_CODES):
        meant = votes.get(code, Counter())
        top, hits = meant.most_common(1)[0] if meant else ("", 0)
        told = f"'{code}' comes {hits} of {meant.total()} times with events of {top}"
        if hits >= _ENOUGH and hits / meant.total() >= _PURITY:
            table[code] = top
            sure = min(sure, max(confidence(hits, meant.total()), 0.5))
            evidence.append(told)
        elif hits and hits == meant.total():
            against.append(f"{told}: too few to be sure")
        elif meant:
            spread = ", ".join(f"{name} {n}x" for name, n in meant.items())
            against.append(f"'{code}' comes with events of {spread}: a person has to say")
        else:
            text = f"'{code}' comes {count}x, only with events that say no status (S14)"
            against.append(f"{text}: a person has to say")
    if table:
        known = dict(messages[0].reading.profile.statuses)
        evidence.insert(0, f"{unknown.total()} values of {', '.join(names)} are in no table")
        yield Suggestion("statuses", known | table, sure, tuple(evidence), tuple(against))
    elif against:
        yield Suggestion("statuses", None, 0.0, (), tuple(against))
