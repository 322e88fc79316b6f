"""Whose time does an S23 block or an S24 give back, and when?

No Appointment is meant: SCH tells which block it is, TQ1 or SCH-11 when, the resource segments
whose time; a resource with a time of its own is blocked for that.

Source: HL7 v2.9.1 chapter 10, 10.4.12 and 10.4.13; hl7v2.md sections 1.12 and 2.1.
"""

from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.core.errors import Category, Issue, fail
from fhir_gateway.core.time import Interval
from fhir_gateway.hl7.message import Message, Segment
from fhir_gateway.mapping.datatypes.cwe import concept
from fhir_gateway.mapping.intent import ActorIntent, Identifier
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.roster import actors_of
from fhir_gateway.mapping.segments import nte, sch
from fhir_gateway.mapping.segments.aix import Frame
from fhir_gateway.mapping.segments.rgs import resource_rows
from fhir_gateway.mapping.times import Times, read_times


@dataclass(frozen=True, slots=True)
class Blocked:
    """One resource and its time; None of S24 means all of the block."""

    actor: ActorIntent
    span: Interval | None


@dataclass(frozen=True, slots=True)
class BlockIntent:
    """What an S23 or S24 wants to be done.

    Attributes:
        event: S23 or S24.
        keys: What identifies the block; may be empty.
        span: When; None where the message tells no time of its own.
        resources: Whose time.
        schedule: SCH-5 as identifier of a Schedule.
        comment: Why, for people.
        message_time: MSH-7.
        received_at: When it came.
        control_id: MSH-10.
        warnings: What was odd.
    """

    event: str
    keys: tuple[Identifier, ...]
    span: Interval | None
    resources: tuple[Blocked, ...]
    schedule: Identifier | None
    comment: str | None
    message_time: datetime | None
    received_at: datetime
    control_id: str
    warnings: tuple[Issue, ...]

    @property
    def when(self) -> datetime:
        """When it was sent, as far as that is told."""
        return self.message_time or self.received_at


def read_block(message: Message, profile: SenderProfile, received_at: datetime) -> BlockIntent:
    """Read an S23 or S24.

    Args:
        message: SIU with one of `mapping.triggers.BLOCKS`.
        profile: The sender's habits.
        received_at: When it came, aware.

    Raises:
        GatewayError: unprocessable, where nobody is named, or an S23 tells no start or no end.
    """
    reading = Reading(message, profile)
    head = sch.header(reading)
    event = profile.event(message.event[1])
    rows = resource_rows(reading)
    times = read_times(reading, rows)
    named = actors_of(rows, head, reading, Frame(None, times.start, times.end), single=True)
    resources = tuple(
        Blocked(each, _span(each, times)) for each in named if each.excludes and each.schedule_key
    )
    schedule = sch.schedule(head, reading)
    span = _told(times)
    keys = _keys(head, reading)
    if not resources and not schedule and (event == "S23" or not keys):
        told = "nobody is named whose time it is: AIP, AIL or AIG with an identifier, or SCH-5"
        raise fail(Category.UNPROCESSABLE, told, "AIP", "AIL", "AIG", "SCH^1^5", code="required")
    timed = all(each.span for each in resources) if resources else span is not None
    if event == "S23" and not timed:
        told = "a block needs start and end with time of day: TQ1-7 and TQ1-8, or SCH-11"
        raise fail(Category.UNPROCESSABLE, told, "TQ1^1^7", "SCH^1^11", code="required")
    return BlockIntent(
        event=event,
        keys=keys,
        span=span,
        resources=resources,
        schedule=schedule,
        comment=_comment(head, reading),
        message_time=reading.sent_at(received_at),
        received_at=received_at,
        control_id=message.control_id,
        warnings=reading.warnings,
    )


def _keys(head: Segment, reading: Reading) -> tuple[Identifier, ...]:
    configured = sch.configured_identifier(reading)
    return sch.own_identifiers(head, reading) or ((configured,) if configured else ())


def _told(times: Times) -> Interval | None:
    """The block's own time, where start and end are told."""
    if times.start is None or times.end is None or times.assumed:
        return None
    return Interval(times.start, times.end)


def _span(actor: ActorIntent, times: Times) -> Interval | None:
    if actor.start and actor.end:
        return Interval(actor.start, actor.end)
    return _told(times)


def _comment(head: Segment, reading: Reading) -> str | None:
    """The notes, else the words of SCH-6 or SCH-7."""
    note, _ = nte.comment(reading)
    for number in (6, 7):
        found = concept(head.field(number), reading, "event-reason") or {}
        texts = [found.get("text"), *(each.get("display") for each in found.get("coding", ()))]
        codes = [each.get("code") for each in found.get("coding", ())]
        note = note or next((each for each in [*texts, *codes] if each), None)
    return note
