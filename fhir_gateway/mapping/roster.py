"""Who takes part in the appointment, all segments together?

Source: hl7v2.md sections 1.3 to 1.5, 1.10 and 2.3.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from fhir_gateway.hl7.message import Segment
from fhir_gateway.mapping.intent import ActorIntent, Resource, ServiceIntent
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.segments import aig, ail, aip, ais, pv1, sch
from fhir_gateway.mapping.segments.aix import Frame
from fhir_gateway.mapping.segments.rgs import ResourceRow

_READERS: Mapping[str, Callable[[ResourceRow, Reading, Frame], list[ActorIntent]]] = {
    "AIG": aig.actors,
    "AIL": ail.actors,
    "AIP": aip.actors,
}


def services_of(
    rows: tuple[ResourceRow, ...], reading: Reading, *, single: bool = False
) -> tuple[ServiceIntent, ...]:
    """Every AIS; PV1-10 where there is none, unless the event is about single rows."""
    found = [ais.service(row, reading) for row in rows if row.name == "AIS"]
    named = tuple(each for each in found if each)
    if named or single:
        return named
    fallback = pv1.service(reading)
    return (ServiceIntent(fallback, source="PV1^1^10"),) if fallback else ()


def actors_of(
    rows: tuple[ResourceRow, ...],
    head: Segment,
    reading: Reading,
    frame: Frame,
    *,
    single: bool = False,
) -> tuple[ActorIntent, ...]:
    """Everybody who takes part, then whom to ask; the same one at the same time once.

    Args:
        rows: AIS, AIG, AIL and AIP.
        head: SCH.
        reading: The message.
        frame: The appointment.
        single: Whether the event is about single rows; the visit then adds nobody.
    """
    named = [
        actor
        for row in rows
        if row.name in _READERS
        for actor in _READERS[row.name](row, reading, frame)
    ]
    missing = frozenset({"Practitioner", "Location"}) - {_kind(each) for each in named}
    visit = [] if single else pv1.actors(reading, frame, missing)
    return (*_once([*named, *visit]), *_once(sch.contacts(head, reading)))


def _kind(actor: ActorIntent) -> str:
    """Resource type; a person known by name only comes from AIP."""
    by_name = {"AIP": "Practitioner", "AIL": "Location"}
    return actor.type or by_name.get(actor.source.partition("^")[0], "")


def _same(one: ActorIntent, other: ActorIntent) -> bool:
    if (one.type, one.start, one.end, one.action == "D") != (
        other.type, other.start, other.end, other.action == "D",
    ):  # fmt: skip
        return False
    if one.type is None:
        return one.display == other.display
    return _key(one.resource) == _key(other.resource)


def _key(resource: Resource) -> tuple[str, str]:
    known = resource["identifier"][0]
    return known["system"], known["value"]


def _once(actors: Iterable[ActorIntent]) -> list[ActorIntent]:
    """Join rows about the same actor at the same time: their roles add up."""
    kept: list[ActorIntent] = []
    for actor in actors:
        at = next((i for i, each in enumerate(kept) if _same(each, actor)), None)
        if at is None:
            kept.append(actor)
            continue
        roles = list(kept[at].participant.get("type", ()))
        roles += [each for each in actor.participant.get("type", ()) if each not in roles]
        joined = {"type": roles} if roles else {}
        kept[at] = replace(kept[at], participant={**kept[at].participant, **joined})
    return kept


def complete_lists(
    rows: tuple[ResourceRow, ...],
    actors: tuple[ActorIntent, ...],
    services: tuple[ServiceIntent, ...],
) -> frozenset[str]:
    """What the message lists completely: named at least once, and never with an action code.

    Returns:
        Of `Practitioner`, `Location`, `Device` and `serviceType`.
    """
    coded = {row.segment.location(3) for row in rows if row.action}
    from_rows = {row.segment.location(3) for row in rows}
    kinds: dict[str, bool] = {}
    for source, kind in [
        *((each.source, _kind(each)) for each in actors if each.excludes),
        *((each.source, "serviceType") for each in services),
    ]:
        if kind and source in from_rows:
            kinds[kind] = kinds.get(kind, True) and source not in coded
    return frozenset(kind for kind, complete in kinds.items() if complete)
