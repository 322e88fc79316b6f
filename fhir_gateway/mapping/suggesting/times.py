"""Where does this sender put the start, and what are its durations in?

Source: hl7v2.md section 1.8 rules 5 to 7.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from fhir_gateway.mapping.datatypes.cwe import words
from fhir_gateway.mapping.durations import read_duration
from fhir_gateway.mapping.moments import Moment
from fhir_gateway.mapping.profiles import START_SOURCES
from fhir_gateway.mapping.segments.rgs import START_FIELD
from fhir_gateway.mapping.suggesting.evidence import Suggestion, confidence, some
from fhir_gateway.mapping.suggesting.seen import Seen
from fhir_gateway.mapping.tables import lookup

_ROWS = ("AIS-4", "AIP-6", "AIG-8", "AIL-6")
_WHOLE = ("TQ1-7", "SCH-11.4", "SCH-11.1")
#: Segments of which a time may be the appointment's; not those of people and of the message.
_OTHERS = ("PV2", "PV1", "SCH", "TQ1", "ZSC", "ZAP", "ZPV", "ZS1", "ZSH", "OBX")
_FIELDS = 60
#: What durations without unit and without end are likely to be.
_SECONDS_FROM = 600


def start_sources(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """Another order where a field that wins is the odd one out; a field that nobody reads."""
    present = messages[0].reading.profile.start_sources
    timed = [each for each in messages if any(each.moment(name) for name in present)]
    if not timed:
        yield from _unread(messages)
        return
    votes: Counter[str] = Counter()
    told = 0
    for each in messages:
        starts = {name: each.moment(name) for name in _WHOLE}
        rows = [m.local for name in _ROWS if (m := each.moment(name))]
        known = {name: m.local for name, m in starts.items() if m}
        if rows and len(set(known.values())) > 1:
            told += 1
            votes.update(name for name, at in known.items() if at == min(rows))
    if not told:
        return
    name, hits = votes.most_common(1)[0] if votes else ("", 0)
    first = next((one for one in present if one in _WHOLE and any(
        each.moment(one) for each in messages)), "")  # fmt: skip
    if name and name != first and hits > votes[first]:
        order = (name, *(one for one in present if one != name))
        text = f"{told} messages tell several starts; {name} is that of the resources in {hits}"
        yield Suggestion("start_sources", order, confidence(hits, told), (text,))


def _unread(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """No source that is read tells a time: which field does, and lies ahead of the message?"""
    counted: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    for each in messages:
        sent = each.reading.header_time
        for segment in {segment.name: segment for segment in each.message.segments}.values():
            if segment.name not in _OTHERS and not segment.name.startswith("Z"):
                continue
            for number in range(1, min(segment.field_count, _FIELDS) + 1):
                moment = each.reading.moment(segment.text(number), "", "")
                if moment and moment.has_time and _ahead(moment, sent):
                    name = f"{segment.name}-{number}"
                    counted[name] += 1
                    examples.setdefault(name, []).append(moment.text)
    if not counted:
        text = f"none of {', '.join(START_SOURCES)} tells a time of day in {len(messages)} messages"
        yield Suggestion("start_sources", None, 0.0, (text,), ("nor does any other field",))
        return
    name, hits = counted.most_common(1)[0]
    text = f"{name} holds a time ahead of MSH-7 in {hits} of {len(messages)}: "
    value = (name, *messages[0].reading.profile.start_sources)
    evidence = (text + some(examples[name]),)
    others = [f"so does {other} in {n}" for other, n in counted.most_common(3)[1:]]
    yield Suggestion(
        "start_sources", value, confidence(hits, len(messages)), evidence, tuple(others)
    )


def _ahead(moment: Moment, sent: Moment | None) -> bool:
    return sent is None or timedelta(0) < moment.local - sent.local < timedelta(days=400)


def _end(each: Seen) -> timedelta | None:
    """From start to end, where both are told."""
    for start, end in (("TQ1-7", "TQ1-8"), ("SCH-11.4", "SCH-11.5")):
        first, last = each.moment(start), each.moment(end)
        if first and last and last.local > first.local:
            return last.local - first.local
    return None


def _durations(each: Seen) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Place, number and unit of every duration."""
    head = each.message.first("SCH")
    if head is not None and head.text(9):
        yield "SCH-9", head.text(9), words(head.field(10))
    for row in each.rows:
        number, unit = row.start + 3, row.start + 4
        if START_FIELD[row.name] and row.segment.text(number):
            yield f"{row.name}-{number}", row.segment.text(number), words(row.segment.field(unit))


def units(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """What a blank unit is, and which declared units mean something else."""
    blank: Counter[str] = Counter()
    lengths: list[str] = []
    declared: dict[str, Counter[str]] = {}
    for each in messages:
        span = _end(each)
        for _, number, unit in _durations(each):
            name = next((word for word in unit if word), "")
            if not name:
                lengths.append(number)
            if span is None:
                continue
            fits = _fits(number, span)
            if name:
                declared.setdefault(name, Counter())[_named(fits, name)] += 1
            elif fits:
                blank[fits] += 1
    yield from _blank(blank, lengths, messages)
    yield from _declared(declared, messages)


def _fits(number: str, span: timedelta) -> str:
    for unit in ("minutes", "seconds"):
        found = read_duration(number, (unit,), "seconds")
        if found and abs(found.span - span) < timedelta(minutes=1):
            return unit
    return ""


def _named(fits: str, name: str) -> str:
    """The unit that fits, unless the declared one is known and means the same."""
    known = lookup("units", name, "seconds")
    same = {"60": "minutes", "1": "seconds"}.get(known)
    return "as declared" if fits == same else fits or "neither"


def _blank(
    fits: Counter[str], lengths: list[str], messages: Sequence[Seen]
) -> Iterator[Suggestion]:
    if not lengths or messages[0].reading.profile.blank_unit != "guess":
        return
    told = f"{len(lengths)} durations name no unit: {some(lengths)}"
    if fits:
        unit, hits = fits.most_common(1)[0]
        text = f"in {hits} of {fits.total()} start and end are that many {unit} apart"
        yield Suggestion("blank_unit", unit, confidence(hits, fits.total()), (told, text))
        return
    numbers = [float(each) for each in lengths if each.replace(".", "", 1).isdigit()]
    if not numbers:
        return
    large = sum(each >= _SECONDS_FROM for each in numbers)
    small = sum(0 < each <= 240 for each in numbers)
    unit, hits = ("seconds", large) if large > small else ("minutes", small)
    text = f"no end is told; {hits} of {len(numbers)} are a usual number of {unit}"
    sure = round(0.8 * confidence(hits, len(numbers)), 2)
    yield Suggestion("blank_unit", unit, sure, (told, text), ("there is no end to compare with",))


def _declared(declared: dict[str, Counter[str]], messages: Sequence[Seen]) -> Iterator[Suggestion]:
    found = dict(messages[0].reading.profile.units)
    evidence: list[str] = []
    sure = 1.0
    for name, fits in declared.items():
        unit, hits = fits.most_common(1)[0]
        if unit in ("minutes", "seconds") and hits / fits.total() >= 0.8:
            found[name] = {"minutes": 60, "seconds": 1}[unit]
            evidence.append(
                f"'{name}' is declared, and start and end are that many {unit} apart"
                f" in {hits} of {fits.total()}"
            )
            sure = min(sure, confidence(hits, fits.total()))
    if evidence:
        yield Suggestion("units", found, sure, tuple(evidence))
