"""What does an EHR send back about a message of ours?

It acknowledges, gives the appointment a number of its own and tells its booking to everybody,
also to us. For trying out a destination, and for the tests of what an echo must not do.

Source: HL7 v2.9.1 chapter 10, SIU and SRM; hl7v2.md sections 1.11 and 6, N8.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.siu_out import REQUESTS

_TOLD = {request: event for event, request in REQUESTS.items()}
#: ARQ fields by the SCH field that says the same.
_ARQ = {1: 1, 2: 2, 6: 6, 7: 7, 8: 8, 9: 9, 10: 10, 12: 15, 20: 19, 26: 24, 27: 25}
_STATUS = {"S15": "Cancelled", "S17": "Deleted", "S26": "Noshow"}


def filler_id(placer: str) -> str:
    """The number that this EHR gives to an appointment of that placer id: always the same."""
    return f"E{int.from_bytes(sha256(placer.encode()).digest()[:4]):010d}"


def echo_of(raw: bytes, *, control_id: str, now: datetime) -> bytes:
    """Write what the EHR tells after it has taken a scheduling message.

    Args:
        raw: SIU or SRM as it came.
        control_id: MSH-10 of the echo.
        now: MSH-7, aware.

    Returns:
        An SIU in the words of the message, from its receiver to its sender.

    Raises:
        Unreadable: it is no message.
    """
    message = Message.parse(raw)
    mark = message.syntax.delimiters.field
    event = _TOLD.get(message.event[1], message.event[1])
    lines = [_header(message, event, control_id, now)]
    for segment in message.segments:
        if segment.name == "SCH":
            lines.append(_schedule(segment.raw_field, mark))
        elif segment.name == "ARQ":
            arq = segment
            lines.append(_of_request(arq.raw_field, event, mark))
            start = arq.raw_field(11).partition(message.syntax.delimiters.component)[0]
            lines += [mark.join(["TQ1", "1", *[""] * 5, start])] if start else []
        elif segment.name != "MSH":
            lines.append(segment.raw)
    text = "".join(f"{line}\r" for line in lines)
    return text.encode(message.syntax.encoding)


def _header(message: Message, event: str, control_id: str, now: datetime) -> str:
    mark = message.syntax.delimiters.field
    fields = {n: message.msh.raw_field(n) for n in range(3, 19)}
    fields[3], fields[4], fields[5], fields[6] = fields[5], fields[6], fields[3], fields[4]
    fields[7], fields[10] = f"{now:%Y%m%d%H%M%S%z}", control_id
    fields[9] = message.syntax.delimiters.component.join(("SIU", event, "SIU_S12"))
    characters = message.syntax.delimiters.encoding_characters
    return mark.join(["MSH", characters, *(fields[n] for n in range(3, 19))])


def _schedule(field: Callable[[int], str], mark: str) -> str:
    """SCH with the EHR's own filler id."""
    values = [field(n) for n in range(1, 28)]
    values[1] = filler_id(values[0] or values[1])
    return mark.join(["SCH", *values]).rstrip(mark)


def _of_request(field: Callable[[int], str], event: str, mark: str) -> str:
    values = {sch: field(arq) for sch, arq in _ARQ.items()} | {25: _STATUS.get(event, "Booked")}
    return _schedule(lambda n: values.get(n, ""), mark)
