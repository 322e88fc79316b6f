"""What would become of a message, and which of its fields says so?

Nothing is stored and nothing is looked up. Provenance is found by trying: a field in which one
character is changed has set whatever is then different. That needs no book-keeping while messages
are really read.

Source: hl7v2.md section 6, N10 and N11.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.hl7.delimiters import Delimiters
from fhir_gateway.hl7.message import Message, Segment
from fhir_gateway.mapping.drafts import Draft, draft
from fhir_gateway.mapping.intake import take
from fhir_gateway.mapping.intent import Resource
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.triggers import unsupported

#: A message with more values than these is a list of something, not an appointment.
_MOST_TRIALS = 2_000
_LAST_SIGN = re.compile(r"[^\W_](?=[\W_]*$)")
#: Fields of MSH that say how the message is written, not what.
_FORM = {1, 2, 18}


@dataclass(frozen=True, slots=True)
class Preview:
    """What a message would come to.

    Attributes:
        resources: Appointment, Slots or Patient, then who takes part; () where refused.
        event: The standard event that it amounts to; '' where refused.
        issues: What is odd; or why it is refused.
        refused: Whether it is.
        provenance: Element (`Appointment.start`) -> where it was read from, the field that the
            reader took first. Empty where it was not asked for.
    """

    resources: tuple[Resource, ...] = ()
    event: str = ""
    issues: tuple[Issue, ...] = ()
    refused: bool = False
    provenance: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def preview(
    raw: bytes, profile: SenderProfile, received_at: datetime, *, provenance: bool = False
) -> Preview:
    """Read a message as the gateway would.

    Args:
        raw: The bytes of one message.
        profile: Of its sender.
        received_at: Aware.
        provenance: Whether to find out which field sets which element.
    """
    try:
        message = take(raw, profile)
        drawn = draft(message, profile, received_at)
    except GatewayError as error:
        taken = all(each.details == "not-needed" for each in error.issues)
        return Preview(event="nothing" if taken else "", issues=error.issues, refused=not taken)
    found = Preview(drawn.resources, drawn.event, drawn.issues)
    if not provenance:
        return found
    return replace(found, provenance=_provenance(message, drawn, profile, received_at))


def leaves(resources: tuple[Resource, ...]) -> dict[str, Any]:
    """Every single value by its path (`Appointment.participant[0].status`), in order; a second
    resource of a type is `Practitioner[1]`."""
    seen: dict[str, int] = {}
    found: dict[str, Any] = {}
    for each in resources:
        kind = str(each["resourceType"])
        number = seen.get(kind, 0)
        seen[kind] = number + 1
        name = f"{kind}[{number}]" if number else kind
        found.update(_walk(name, {k: v for k, v in each.items() if k != "resourceType"}))
    return found


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _walk(f"{path}.{key}", each)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _walk(f"{path}[{number}]", each)
    else:
        yield path, value


# -- provenance


def _provenance(
    message: Message, drawn: Draft, profile: SenderProfile, received_at: datetime
) -> dict[str, tuple[str, ...]]:
    before = drawn.resources
    told = leaves(before)
    found: dict[str, list[str]] = {path: _first_read(path, drawn) for path in told}
    text, encoding = message.text, message.syntax.encoding
    values = list(_values(message))
    for place, start, end in values:
        changed = text[:start] + _other(text[start:end]) + text[end:]
        try:
            parsed = Message.parse(changed.encode(encoding, "replace"), encoding=encoding)
            after = _drawn_again(parsed, profile, received_at)
        except GatewayError:
            continue
        for path in _touched(before, after, told):
            found[path].append(place)
    for path, value in told.items():
        if not found[path]:  # told twice: a change of either makes no difference, or a new one
            found[path] = [
                place for place, start, end in values if _same_text(str(value), text[start:end])
            ]
    return {path: _finest(places) for path, places in found.items()}


def _drawn_again(
    message: Message, profile: SenderProfile, received_at: datetime
) -> tuple[Resource, ...]:
    """The resources of a changed message.

    Raises:
        GatewayError: it is none that can be read.
    """
    issue = unsupported(message, profile)
    if issue is not None:
        raise GatewayError(Category.UNSUPPORTED, issue)
    return draft(message, profile, received_at).resources


def _finest(places: list[str]) -> tuple[str, ...]:
    """Each place once, and no field beside one of its own components."""
    once = tuple(dict.fromkeys(places))
    return tuple(each for each in once if not any(other.startswith(f"{each}^") for other in once))


#: Elements of which the reader notes where it took them first.
_NOTED = frozenset({"start", "end", "status", "comment", "priority", "patientInstruction"})


def _first_read(path: str, drawn: Draft) -> list[str]:
    kind, _, element = path.partition(".")
    noted = kind == "Appointment" and element in _NOTED and element in drawn.noted
    return [drawn.noted[element]] if noted else []


def _same_text(value: str, written: str) -> bool:
    day = value.replace("-", "") if re.fullmatch(r"[0-9-]{10}", value) else ""
    return value == written.strip() or bool(day and written.startswith(day))


def _values(message: Message) -> Iterator[tuple[str, int, int]]:
    """Place, start and end in the text of every component that has a value."""
    at, count = 0, 0
    for segment in message.segments:
        at = message.text.index(segment.raw.split("\n", 1)[0], at)
        for place, start, end in _components(segment):
            count += 1
            if count > _MOST_TRIALS:
                return
            yield place, at + start, at + end
        at += 1


def _components(segment: Segment) -> Iterator[tuple[str, int, int]]:
    marks = segment.syntax.delimiters
    header = segment.name == "MSH"
    at = 0
    for index, raw in enumerate(segment.raw.split(marks.field)):
        number = index + 1 if header else index
        if index and not (header and number in _FORM):
            for repetition, component, start, end in _pieces(raw, marks):
                if _LAST_SIGN.search(raw, start, end):
                    position = (number, repetition, component)
                    yield segment.location(*position), at + start, at + end
        at += len(raw) + 1


def _pieces(raw: str, marks: Delimiters) -> Iterator[tuple[int, int, int, int]]:
    """Repetition, component, start and end of every subcomponent that is not empty."""
    repetition = component = 1
    start = 0
    for at, sign in enumerate(raw + marks.field):
        if sign not in (marks.field, marks.repetition, marks.component, marks.subcomponent):
            continue
        if at > start:
            yield repetition, component, start, at
        start = at + 1
        if sign == marks.repetition:
            repetition, component = repetition + 1, 1
        elif sign == marks.component:
            component += 1


def _other(value: str) -> str:
    """Another value of the same form: its last letter or digit is the next one."""
    match = _LAST_SIGN.search(value)
    if match is None:
        return value
    sign = match[0]
    if sign.isdigit():
        other = "0" if sign == "9" else chr(ord(sign) + 1) if sign.isascii() else "1"
    else:
        other = "Q" if sign in "Zz" else chr(ord(sign) + 1) if sign.isascii() else "Q"
    return value[: match.start()] + other + value[match.end() :]


def _touched(
    before: tuple[Resource, ...], after: tuple[Resource, ...], told: dict[str, Any]
) -> Iterator[str]:
    """Paths of what is different; what only has moved in a list is not."""
    now = leaves(after)
    if list(now) == list(told):
        yield from (path for path, value in told.items() if now[path] != value)
        return
    moved = {(_shape(path), str(value)) for path, value in now.items()}
    for path, value in told.items():
        if now.get(path) != value and (_shape(path), str(value)) not in moved:
            yield path


def _shape(path: str) -> str:
    return re.sub(r"\[[0-9]+\]", "", path)


# -- two profiles


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that another profile reads differently.

    Attributes:
        path: `Appointment.status`; '' for whether the message is read at all.
        before: None where there was nothing.
        after: None where there is nothing now.
    """

    path: str
    before: Any
    after: Any


def differences(before: Preview, after: Preview) -> tuple[Difference, ...]:
    """What differs between two previews of one message, in the order of the resources."""
    if not (before.resources and after.resources):
        one, other = _outcome(before), _outcome(after)
        return (Difference("", one, other),) if one != other else ()
    old, new = leaves(before.resources), leaves(after.resources)
    paths = dict.fromkeys([*old, *new])
    return tuple(
        Difference(path, old.get(path), new.get(path))
        for path in paths
        if old.get(path) != new.get(path)
    )


def _outcome(found: Preview) -> str:
    if not found.refused and not found.resources:
        return "taken, and nothing is changed"
    if not found.refused:
        first = found.resources[0]
        status = first.get("status", "status as held")
        return f"read: {found.event}, {status}, {first.get('start', 'no start')}"
    return "refused: " + "; ".join(each.diagnostics for each in found.issues)
