"""Which appointment is it, what is it for, who may be asked, and what has become of it?

Source: HL7 v2.9.1 chapter 10, SCH; v2-to-FHIR SCH[Appointment]; tables 0276 to 0278;
hl7v2.md sections 1.3, 1.7 and 2.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_gateway.core.codes import GATEWAY_VALUE, SYSTEM_OWN
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.hl7.message import Field, Message, Segment
from fhir_gateway.mapping.datatypes.cwe import concept, words
from fhir_gateway.mapping.datatypes.ei import identifier
from fhir_gateway.mapping.datatypes.xcn import practitioners
from fhir_gateway.mapping.datatypes.xtn import contact_point
from fhir_gateway.mapping.extensions import EXT_OCCURRENCE, EXT_PARENT
from fhir_gateway.mapping.intent import ActorIntent, Concept, Identifier, Resource
from fhir_gateway.mapping.placeholders import is_placeholder, named
from fhir_gateway.mapping.places import place
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import Reading, clean, part
from fhir_gateway.mapping.segments.sch_shift import straight
from fhir_gateway.mapping.tables import find

#: What is taken for the number of the segment in SCH-1, where SCH-2 has an id.
_SET_ID = "1"
#: Fields that delete elements of Appointment when they are `""`.
_DELETES = {
    7: ("reasonCode",), 8: ("appointmentType",), 26: ("basedOn",), 27: ("basedOn",),
}  # fmt: skip


def reading_of(message: Message, profile: SenderProfile) -> Reading:
    """A scheduling message in the course of being read."""
    told, issue = straight(message, profile)
    reading = Reading(told, profile)
    if issue is not None:
        reading.warn(issue.diagnostics, *issue.expression, details=issue.details)
    return reading


def header(reading: Reading) -> Segment:
    """The SCH.

    Raises:
        GatewayError: unprocessable, where a scheduling message has none.
    """
    segment = reading.message.first("SCH")
    if segment is None and reading.message.event[0] != "SIU":
        # A visit that stands for an appointment: the profile says where its id and time are.
        return Segment("SCH", "SCH", 0, 1, reading.message.syntax)
    if segment is None:
        raise fail(
            Category.UNPROCESSABLE, "a scheduling message needs an SCH", "SCH", code="structure"
        )
    more = reading.message.all("SCH")[1:]
    if more:
        told = f"{len(more) + 1} SCH in one message; only the first is read"
        reading.warn(told, more[0].location(), details="conflict")
    return segment


def occurrence(segment: Segment) -> int:
    """SCH-3 where it counts occurrences; else 0."""
    text = segment.text(3).strip()
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def own_identifiers(segment: Segment, reading: Reading) -> tuple[Identifier, ...]:
    """Filler (SCH-2) and placer (SCH-1) id, as far as they are there.

    The occurrences of a series share their placer id: with SCH-3 its value becomes `id#n`.
    """
    filler = identifier(segment.field(2), reading, "appointment-filler", "FILL")
    placer = identifier(segment.field(1), reading, "appointment-placer", "PLAC")
    if filler and placer:
        filler, placer = _telling(filler, placer, segment, reading)
    number = occurrence(segment)
    if placer and number:
        placer["value"] = f"{placer['value']}#{number}"
    return tuple(each for each in (filler, placer) if each)


def _telling(
    filler: Identifier, placer: Identifier, segment: Segment, reading: Reading
) -> tuple[Identifier | None, Identifier | None]:
    """Of two ids those that are ids."""
    if segment.raw_field(1).strip() == _SET_ID != filler["value"]:
        # Some count SCH as they count PID: all their appointments would be one and the same.
        reading.warn("SCH-1 is the number of the segment, not an id", segment.location(1))
        return filler, None
    if _names_nothing((filler, placer)):
        return filler, placer
    own = named(filler["value"], reading, segment.location(2))
    theirs = named(placer["value"], reading, segment.location(1))
    return (filler if own else None), (placer if theirs else None)


def _names_nothing(found: Sequence[Identifier]) -> bool:
    """Whether these, if any, are there only because the fields must not be empty."""
    return all(is_placeholder(each["value"].partition("#")[0]) for each in found)


def configured_identifier(reading: Reading) -> Identifier | None:
    """The first valued field of those that the profile says identify an appointment."""
    for name in reading.profile.identity_fields:
        found = place(name).field(reading.message)
        value = part(found[1], 1) if found else ""
        if found and value:
            reading.took("identifier", found[0], place(name).number)
            return {"system": reading.system(f"appointment-{name.lower()}"), "value": value}
    return None


def _child_identifiers(segment: Segment, reading: Reading) -> tuple[Identifier, ...]:
    """A child without id of its own is known by its parent's and its number: `id#n`."""
    number = occurrence(segment)
    own = parents(segment, reading) if number else ()
    return tuple({**each, "value": f"{each['value']}#{number}"} for each in own)


def keys(segment: Segment, reading: Reading) -> tuple[Identifier, ...]:
    """Identity of the appointment: filler, placer, else as configured, else its parent's.

    Raises:
        GatewayError: unprocessable, where nothing identifies it.
    """
    own = own_identifiers(segment, reading)
    if _names_nothing(own):
        others = _other_identifiers(segment, reading)
        if others:
            return others
    if not own:
        raise fail(
            Category.UNPROCESSABLE,
            "the appointment has neither a filler id (SCH-2) nor a placer id (SCH-1)",
            "SCH^1^2", "SCH^1^1",
            code="required",
        )  # fmt: skip
    for each, number in (("FILL", 2), ("PLAC", 1)):
        if any(each == known["type"]["coding"][0]["code"] for known in own):
            reading.took("identifier", segment, number)
    return own


def _other_identifiers(segment: Segment, reading: Reading) -> tuple[Identifier, ...]:
    """What a field that the profile names says, else the parent; () where neither does."""
    configured = configured_identifier(reading)
    if configured is not None:
        return (configured,)
    child = _child_identifiers(segment, reading)
    if child:
        reading.took("identifier", segment, 3)
    return child


def group(segment: Segment, reading: Reading) -> Identifier | None:
    """SCH-4, which several appointments share. EIP since 2.8: its first part is the placer's."""
    value = part(segment.field(4), 1)
    if not value:
        return None
    return {
        "type": {"text": "placer group"}, "system": reading.system("placer-group"), "value": value,
    }  # fmt: skip


def schedule(segment: Segment, reading: Reading) -> Identifier | None:
    """SCH-5 as identifier of a Schedule."""
    value = part(segment.field(5), 1)
    return {"system": reading.system("schedule"), "value": value} if value else None


def event_reason(segment: Segment, reading: Reading) -> Concept | None:
    """SCH-6."""
    return concept(segment.field(6), reading, "event-reason")


def types(segment: Segment, reading: Reading) -> Resource:
    """reasonCode and appointmentType of SCH-7 and SCH-8.

    A reason of table 0276 is a type in R4; where SCH-8 names another, both are its codings.
    """
    found: Resource = {}
    codings: list[Resource] = []
    reason = concept(segment.field(7), reading, "appointment-reason", tables=("0276",))
    kind = concept(segment.field(8), reading, "appointment-type", tables=("0277", "0276"))
    if reason and any(find("0276", word) for word in words(segment.field(7))):
        codings += reason.get("coding", ())
        found["appointmentType"] = reason
        reading.took("appointmentType", segment, 7)
    elif reason:
        found["reasonCode"] = [reason]
        reading.took("reasonCode", segment, 7)
    if kind:
        codings += [each for each in kind.get("coding", ()) if each not in codings]
        joined = {"coding": codings} if codings else {}
        found["appointmentType"] = {**found.get("appointmentType", {}), **kind, **joined}
        reading.took("appointmentType", segment, 8)
    return found


def based_on(segment: Segment, reading: Reading) -> list[Resource]:
    """Orders by their numbers: SCH-26 placer, SCH-27 filler."""
    found: list[Resource] = []
    for number, kind in ((26, "PLAC"), (27, "FILL")):
        for field in segment.repetitions(number):
            order = identifier(field, reading, f"order-{kind.lower()}", kind)
            if order and _is_status(order["value"], number, reading):
                reading.warn("a status instead of an order number", segment.location(number))
            elif order:
                found.append({"type": "ServiceRequest", "identifier": order})
                reading.took("basedOn", segment, number)
    return found


def _is_status(value: str, number: int, reading: Reading) -> bool:
    """Some senders put the status where order numbers belong."""
    declared = f"SCH-{number}" in reading.profile.status_fields
    return declared or find("0278", value) is not None


def parents(segment: Segment, reading: Reading) -> tuple[Identifier, ...]:
    """Filler (SCH-24) and placer (SCH-23) id of the appointment that this one is a part of."""
    filler = identifier(segment.field(24), reading, "appointment-filler", "FILL")
    placer = identifier(segment.field(23), reading, "appointment-placer", "PLAC")
    return tuple(each for each in (filler, placer) if each)


def links(segment: Segment, reading: Reading) -> list[Resource]:
    """Extensions for the parent (SCH-23, SCH-24) and the occurrence (SCH-3)."""
    found: list[Resource] = []
    for parent in parents(segment, reading):
        reference = {"type": "Appointment", "identifier": parent}
        found.append({"url": EXT_PARENT, "valueReference": reference})
    if occurrence(segment):
        found.append({"url": EXT_OCCURRENCE, "valuePositiveInt": occurrence(segment)})
    return found


def contacts(segment: Segment, reading: Reading) -> list[ActorIntent]:
    """Those to ask: SCH-12 at the placer, SCH-16 at the filler. They do not attend."""
    found: list[ActorIntent] = []
    for number, phone, text in ((12, 13, "placer contact"), (16, 17, "filler contact")):
        if f"SCH-{number}" in reading.profile.provider_fields:
            continue
        where = segment.location(phone)
        points = [
            contact_point(field, reading, where, default_use="work")
            for field in segment.repetitions(phone)
        ]
        telecom = [point for point in points if point]
        for person in practitioners(segment.repetitions(number), reading):
            if _is_gateway(person):
                continue
            if "identifier" in person and telecom:
                person["telecom"] = telecom
            participant = {
                "type": [{"text": text}], "required": "information-only", "status": "accepted",
            }  # fmt: skip
            found.append(
                ActorIntent(person, participant, excludes=False, source=segment.location(number))
            )
    return found


def _is_gateway(person: Resource) -> bool:
    """Whether it is only what our own messages put where somebody has to be named."""
    known = [(each.get("system"), each.get("value")) for each in person.get("identifier", ())]
    return known == [(SYSTEM_OWN, GATEWAY_VALUE)]


@dataclass(frozen=True, slots=True)
class Stated:
    """What the status field says.

    Attributes:
        status: Appointment.status; None where nothing or nothing known is said.
        flag: `discontinued`, `overbooked`, `blocked` or ''.
        unknown: Whether something is said that no table knows.
    """

    status: str | None = None
    flag: str = ""
    unknown: bool = False


#: Where senders have been seen to put the status instead of SCH-25.
_STRAY_STATUS = ("SCH-27", "SCH-28", "SCH-26", "SCH-6", "SCH-17", "SCH-20", "SCH-21")
#: Shorter words are too often somebody's initials.
_SHORTEST_STRAY = 4


def stated_status(reading: Reading) -> Stated:
    """Read the filler status: SCH-25, or where the profile says it is.

    Two triplets may tell two states; the one that says more than `booked` counts. Where none of
    those fields has a value, a word of table 0278 in another is taken, and that is reported.
    """
    for name in reading.profile.status_fields:
        found = place(name).field(reading.message)
        if found is None:
            continue
        segment, field = found
        said = _said(field)
        rows = [row for word in said if (row := reading.profile.status_row(word))]
        reading.took("status", segment, place(name).number)
        if not rows or rows[0]["flag"] == "blocked":
            told = said[0][:30] if said else ""
            reading.warn(
                f"'{told}' is no status of an appointment that is known; the status stays",
                segment.location(place(name).number), details="unknown-status",
            )  # fmt: skip
            return Stated(unknown=True)
        more = next((row for row in rows if row["status"] != "booked"), rows[0])
        return Stated(more["status"], more["flag"])
    return _stray_status(reading)


def _said(field: Field) -> list[str]:
    """The words of a status field: code and text of both triplets, then what stands elsewhere."""
    return [clean(each) for each in (*words(field), part(field, 3), part(field, 6))]


def _stray_status(reading: Reading) -> Stated:
    for name in _STRAY_STATUS:
        found = place(name).field(reading.message)
        for word in _said(found[1]) if found else ():
            row = reading.profile.status_row(word) if len(word) >= _SHORTEST_STRAY else None
            if found and row and row["status"]:
                told = f"the status '{word[:30]}' stands in {name}; it is taken"
                where = found[0].location(place(name).number)
                reading.warn(told, where, details="status-elsewhere")
                reading.took("status", found[0], place(name).number)
                return Stated(row["status"], row["flag"])
    return Stated()


def removed(segment: Segment) -> tuple[str, ...]:
    """The elements of Appointment that SCH deletes."""
    return tuple(n for number, names in _DELETES.items() if segment.is_null(number) for n in names)
