"""Who takes part in an appointment after a message?

People and things follow their action codes, or replace all of their kind where the message lists
them completely. Whom to ask (SCH-12, SCH-16) are participants for information only, beside the same
person's part in the appointment. hl7v2.md sections 1.3, 1.4, 1.10 and 2.3.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.refs import reference_of
from fhir_gateway.mapping.intent import ActorIntent, SiuIntent

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody whom a message names, as References.

    Attributes:
        patients: With their participant elements, the first one's first.
        actors: In the order of the message.
    """

    patients: tuple[tuple[Resource, Resource], ...]
    actors: tuple[tuple[ActorIntent, Resource], ...]


def participants(before: Resource, intent: SiuIntent, cast: Cast) -> list[Resource]:
    """Appointment.participant as it shall be.

    Args:
        before: The Appointment that is held; `{}` for a new one.
        intent: What the message says.
        cast: Who is meant.
    """
    people: list[Resource] = list(before.get("participant", ()))
    if cast.patients:
        people = [{"actor": actor} | part for actor, part in cast.patients] + [
            each for each in people if not _is(each, "Patient")
        ]
    contacts = [{"actor": actor} | e.participant for e, actor in cast.actors if not e.excludes]
    people = _without_contacts(people, contacts)
    for key, rows in _by_actor(cast).items():
        people = _put(people, key, rows, declines=intent.declines)
    told = {key for key, rows in _by_actor(cast).items() if any(r[0].action != "D" for r in rows)}
    return [each for each in people if not _left_out(each, intent, told)] + contacts


Row = tuple[ActorIntent, Resource]


def _by_actor(cast: Cast) -> dict[str, list[Row]]:
    """Those who take part, each with all its rows: it may be needed twice."""
    found: dict[str, list[Row]] = {}
    for each, actor in cast.actors:
        if each.excludes:
            found.setdefault(_key(actor), []).append((each, actor))
    return found


def _put(
    people: list[Resource], key: str, rows: Sequence[Row], *, declines: bool
) -> list[Resource]:
    """Put what the rows of an actor say in the place of what is held of it."""
    places = [n for n, each in enumerate(people) if _attends(each) and _key_of(each) == key]
    wanted = [row for row in rows if row[0].action != "D"]
    if places and wanted and all(each.action == "X" for each, _ in wanted):
        return people
    if not wanted and declines:
        declined = {"status": "declined"}
        return [each | declined if n in places else each for n, each in enumerate(people)]
    held = people[places[0]] if len(places) == len(wanted) == 1 else {}
    made = [_row(each, actor, held) for each, actor in wanted]
    first = places[0] if places else len(people)
    head = people[:first]
    tail = [each for n, each in enumerate(people) if n >= first and n not in places]
    return head + made + tail


def _row(told: ActorIntent, actor: Resource, held: Resource) -> Resource:
    """What a row makes; one that modifies (U) leaves what it does not tell."""
    kept: set[str] = set()
    if told.action == "U":
        kept = {"type", "required"} if told.timed else {"type", "required", "period"}
    return {
        "actor": actor,
        **{name: held[name] for name in kept & held.keys()},
        **told.participant,
    }


def _left_out(participant: Resource, intent: SiuIntent, told: Iterable[str]) -> bool:
    """Whether a complete list of its kind does not name it."""
    complete = any(_is(participant, kind) for kind in intent.snapshot)
    return complete and _attends(participant) and _key_of(participant) not in told


def _without_contacts(people: list[Resource], told: Sequence[Resource]) -> list[Resource]:
    """Take the role from former contacts that others have now."""
    roles = [role for each in told for role in each["type"]]
    kept: list[Resource] = []
    for each in people:
        left = [role for role in each.get("type", ()) if role not in roles]
        if _attends(each) or left == each.get("type", []):
            kept.append(each)
        elif left:
            kept.append({**each, "type": left})
    return kept


def _attends(participant: Resource) -> bool:
    return participant.get("required") != "information-only"


def _is(participant: Resource, kind: str) -> bool:
    actor = participant.get("actor") or {}
    ref = reference_of(actor)
    return ref.type == kind if ref else actor.get("type") == kind


def _key_of(participant: Resource) -> str:
    return _key(participant.get("actor") or {})


def _key(actor: Resource) -> str:
    return str(actor.get("reference") or actor.get("display") or "")
