"""What does whoever sends messages to patients have to do?

Take what is due for a channel, send it, say how it went. The state is looked at again at the moment
of sending: nobody is asked about an offer that has ended. The personal link is made then, so it is
in no record. reliability-security.md section 7.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import format_instant
from fhir_gateway.storage import messages, resources
from fhir_gateway.storage.messages import MOST_ATTEMPTS, Message
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import links, message_texts, notices, storing
from fhir_gateway.usecases.deps import Deps

Resource = dict[str, Any]

_FIRST_DELAY, _LONGEST_DELAY = timedelta(seconds=2), timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for a channel.

    Attributes:
        message: Named again when it has been sent or has failed.
        key: The same for each attempt, so that the receiver sends it once.
        text: As the patient reads it.
    """

    message: Message
    key: str
    text: str


async def due(deps: Deps, tenant: int, channel: str, base: str, limit: int = 50) -> list[Outgoing]:
    """Take the messages that are due; nobody else gets them for a minute.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        channel: sms, email, push or voice.
        base: Where patients reach this server, as `https://clinic.example`.
        limit: At most so many.
    """

    async def work(tx: Transaction) -> list[Outgoing]:
        taken = await messages.take(tx, channel, limit)
        made = [await _made(tx, deps, each, base) for each in taken]
        return [each for each in made if each is not None]

    return await deps.database.run(tenant, work)


async def _made(tx: Transaction, deps: Deps, message: Message, base: str) -> Outgoing | None:
    stored = await resources.read(tx, Ref("Communication", message.communication))
    text = stored.resource()["payload"][0]["contentString"] if stored else None
    if text is None:
        await messages.done(tx, message)
        return None
    if message.asks:
        try:
            link = await links.mint(tx, deps, message.offer)
        except GatewayError as error:
            if error.category is not Category.CONFLICT:
                raise
            await _settle(tx, deps, message, "not-done", "The offer ended before")
            return None
        text = text.replace(message_texts.LINK, f"{base}/o/{link.token}")
    return Outgoing(message, message.communication, text)


async def sent(deps: Deps, tenant: int, outgoing: Outgoing) -> bool:
    """A message has been handed to its channel; False where the lease was lost."""

    async def work(tx: Transaction) -> bool:
        return await _settle(tx, deps, outgoing.message, "completed")

    return await deps.database.run(tenant, work)


async def failed(deps: Deps, tenant: int, outgoing: Outgoing) -> bool:
    """A message could not be handed over: later again, twelve times at most.

    Returns:
        False where the lease was lost.
    """
    message = outgoing.message

    async def work(tx: Transaction) -> bool:
        if message.attempt >= MOST_ATTEMPTS:
            return await _settle(tx, deps, message, "not-done", "The channel did not take it")
        delay = min(_FIRST_DELAY * 2 ** (message.attempt - 1), _LONGEST_DELAY)
        return await messages.postpone(tx, message, delay)

    return await deps.database.run(tenant, work)


async def _settle(
    tx: Transaction, deps: Deps, message: Message, status: str, why: str | None = None
) -> bool:
    if not await messages.done(tx, message):
        return False
    stored = await resources.read(tx, Ref("Communication", message.communication))
    if stored is not None:
        told = notices.settled(stored.resource(), status, why)
        if status == "completed":
            told["sent"] = format_instant(deps.clock.now().replace(microsecond=0))
        await storing.replace(tx, deps, stored, told)
    return True
