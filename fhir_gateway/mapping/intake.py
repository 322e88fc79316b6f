"""Is this a message that is read here, and can it be?"""

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.bounds import excess
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.passed_over import passed_over
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.triggers import unsupported


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
