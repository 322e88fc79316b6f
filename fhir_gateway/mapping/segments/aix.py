"""How does a resource row become somebody who takes part?

What AIG, AIL and AIP have in common: role, need, acceptance and the time of each.

Source: HL7 v2.9.1 chapter 10, AIG-8 to AIG-14, AIL-6 to AIL-12, AIP-6 to AIP-12; table 0279;
v2-to-FHIR AIG, AIL, AIP[Appointment]; hl7v2.md sections 1.4 and 1.7.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_gateway.core.time import format_instant
from fhir_gateway.mapping.datatypes.cwe import concept, words
from fhir_gateway.mapping.durations import Duration, read_duration
from fhir_gateway.mapping.intent import ActorIntent, Concept, Resource
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.segments.rgs import ResourceRow
from fhir_gateway.mapping.tables import find

_ROLES = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
#: A participant whose own status is not told has accepted, unless all is still a wish.
_OPEN = frozenset({"proposed", "pending", "waitlist"})


@dataclass(frozen=True, slots=True)
class Frame:
    """What the appointment itself is, for those who take part in it."""

    status: str | None
    start: datetime | None
    end: datetime | None

    @property
    def acceptance(self) -> str:
        """ParticipationStatus of those of whom nothing is said."""
        return "needs-action" if self.status in _OPEN else "accepted"


def length(row: ResourceRow, reading: Reading, at: int) -> Duration | None:
    """A duration or offset of a row: number in field at, unit in the next."""
    segment = row.segment
    unit = segment.field(at + 1)
    return read_duration(segment.text(at), words(unit), reading.profile.blank_unit)


def span(
    row: ResourceRow, reading: Reading, start: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """When a row is needed.

    Args:
        row: The row.
        reading: The message.
        start: Of the appointment, for rows that tell an offset only.

    Returns:
        Start and end; each None where the row does not tell.
    """
    place = row.segment.location(row.start)
    field = row.segment.field(row.start)
    moment = reading.moment(field.component(1), field.component(2), place)
    begins = reading.instant(moment, place) if moment and moment.has_time else None
    if begins is None and start is not None:
        offset = length(row, reading, row.start + 1)
        begins = reading.zoning.later(start, offset.span) if offset else None
    lasts = length(row, reading, row.start + 3)
    base = begins or start
    if base is None or lasts is None or lasts.span <= timedelta(0):
        return begins, None
    return base, reading.zoning.later(base, lasts.span)


def role(row: ResourceRow, reading: Reading, number: int) -> Concept | None:
    """Participant.type from a role field; roles of table 0443 become v3-ParticipationType."""
    found = concept(row.segment.field(number), reading, "role")
    return participation_type(found)


def participation_type(found: Concept | None) -> Concept | None:
    """Put the v3-ParticipationType coding before those of the sender, where there is one."""
    for coding in (found or {}).get("coding", ()):
        row = find("0443", coding["code"])
        if found and row:
            known = {
                "system": _ROLES,
                "code": row["participation"],
                "display": row["display"],
            }
            others = [each for each in found["coding"] if each["code"] != row["participation"]]
            return {**found, "coding": [known, *others]}
    return found


def _acceptance(row: ResourceRow, reading: Reading, frame: Frame) -> str:
    for word in words(row.segment.field(row.start + 6)):
        known = reading.profile.status_row(word)
        if known and known["participant"]:
            return known["participant"]
    return frame.acceptance


def _period(
    row: ResourceRow, reading: Reading, frame: Frame
) -> tuple[datetime | None, datetime | None]:
    """When the row is needed where that is another time than the appointment's."""
    begins, ends = span(row, reading, frame.start)
    begins = begins or frame.start
    if begins is None:
        return None, None
    if ends is None and frame.end and begins < frame.end:
        ends = frame.end
    if (begins, ends) == (frame.start, frame.end) or ends is None:
        return None, None
    if frame.start and frame.end and (begins >= frame.end or ends <= frame.start):
        told = f"{format_instant(begins)} is outside the appointment"
        reading.warn(told, row.segment.location(row.start), details="conflict")
    return begins, ends


def taking_part(
    row: ResourceRow, resource: Resource, kind: Concept | None, reading: Reading, frame: Frame
) -> ActorIntent:
    """Join a resource with what its row says about it.

    Args:
        row: AIG, AIL or AIP.
        resource: Practitioner, Location, Device or `{"display": …}`.
        kind: Its role.
        reading: The message.
        frame: The appointment.
    """
    begins, ends = _period(row, reading, frame)
    participant: Resource = {"type": [kind]} if kind else {}
    if "NO" in map(str.upper, words(row.segment.field(row.start + 5))):
        participant["required"] = "required"
    participant["status"] = _acceptance(row, reading, frame)
    if begins and ends:
        participant["period"] = {"start": format_instant(begins), "end": format_instant(ends)}
    return ActorIntent(
        resource=resource,
        participant=participant,
        action=row.action,
        start=begins,
        end=ends,
        schedule_key=schedule_key(resource, reading),
        timed=any(row.segment.field(row.start + at) for at in (0, 1, 3)),
        source=row.segment.location(3),
    )


def schedule_key(resource: Resource, reading: Reading) -> str | None:
    """What names the Schedule of a resource: its identifier and, where sent, SCH-5."""
    if "identifier" not in resource:
        return None
    known = resource["identifier"][0]
    head = reading.message.first("SCH")
    schedule = head.text(5).strip() if head else ""
    return "|".join(filter(None, (known["system"], known["value"], schedule)))
