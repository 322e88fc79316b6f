"""Is this a message that is read here, and can it be?"""

import re

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.bounds import MOST_VALUES, excess
from fhir_gateway.hl7.charset import is_transparent
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header
from fhir_gateway.mapping.passed_over import passed_over
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.triggers import unsupported

#: A header on one line, and how the name of the segment behind it ends.
_HEAD = re.compile(rb"MSH[^\r\n]*[\r\n]+[A-Z][A-Z0-9]{2}(.)")


def take(raw: bytes, profile: SenderProfile) -> Message:
    """A message that is read here, cut into segments.

    Args:
        raw: The bytes of one message.
        profile: Of its sender.

    Raises:
        GatewayError: it has no readable header; unsupported, where it is not for us; unprocessable,
            where it names more than any appointment has.
    """
    message = Message.parse(raw, encoding=profile.charset)
    issue = passed_over(message, profile) or unsupported(message, profile)
    if issue is not None:
        raise GatewayError(Category.UNSUPPORTED, issue)
    too_much = excess(message)
    if too_much is not None:
        raise GatewayError(Category.UNPROCESSABLE, too_much)
    return message


def surely_taken(raw: bytes, header: Header, profile: SenderProfile) -> bool:
    """Whether `take` will take a message, as far as its header and a few counts tell.

    Args:
        raw: The bytes of one message.
        header: Its own.
        profile: Of its sender.

    Returns:
        False where only reading it can tell.
    """
    marks = raw.count(b"\r") + raw.count(b"\n")
    if header.delimiters.repetition:
        marks += raw.count(header.delimiters.repetition.encode())
    head = _HEAD.match(raw)
    return (
        head is not None
        and head[1] == header.delimiters.field.encode()
        and marks < MOST_VALUES
        and header.encoding == "ascii"
        and is_transparent(header.repetitions(18), profile.charset)
        and passed_over(header, profile) is None
        and unsupported(header, profile) is None
    )
