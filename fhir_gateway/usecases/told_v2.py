"""Which use case carries out which message?

One line for each type. A handler works in the caller's transaction; it answers with what was
touched and what was odd. hl7v2.md section 2.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.adt import read_adt
from fhir_gateway.mapping.blocks import read_block
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.siu import read_siu
from fhir_gateway.mapping.triggers import BLOCKS, meant
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.aside import aside
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed import Applied, apply_siu
from fhir_gateway.usecases.feed_blocks import apply_block
from fhir_gateway.usecases.feed_visits import apply_adt
from fhir_gateway.usecases.queries_v2 import answer_query
from fhir_gateway.usecases.requests_v2 import apply_request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """A message that is read here, with its bytes, its sender's habits, and when it came.

    Attributes:
        replayed: Whether it waited while others came: those of the same moment, or of none, are
            newer then if they were received later.
    """

    raw: bytes
    message: Message
    profile: SenderProfile
    received_at: datetime
    replayed: bool = False

    async def read(self, reader: Callable[[Message, SenderProfile, datetime], T]) -> T:
        """Read its content; a long one keeps nobody waiting."""
        return await aside(self.raw, lambda: reader(self.message, self.profile, self.received_at))


async def _schedule(tx: Transaction, deps: Deps, told: Told) -> Applied:
    """SIU: an appointment, or a block."""
    if meant(told.message, told.profile)[1] in BLOCKS:
        block = await told.read(read_block)
        return Applied(None, await apply_block(tx, deps, block, replayed=told.replayed))
    intent = await told.read(read_siu)
    return await apply_siu(tx, deps, intent, told.profile, replayed=told.replayed)


async def _visit(tx: Transaction, deps: Deps, told: Told) -> Applied:
    """ADT: a patient, a visit, or a merge."""
    return await apply_adt(tx, deps, await told.read(read_adt), replayed=told.replayed)


async def _request(tx: Transaction, deps: Deps, told: Told) -> Applied:
    """SRM: somebody asks for an appointment, or for a change of one."""
    return await apply_request(
        tx, deps, told.message, told.profile, told.received_at, replayed=told.replayed
    )


async def _query(tx: Transaction, deps: Deps, told: Told) -> Applied:
    """SQM: somebody asks for free times."""
    return await answer_query(tx, deps, told.message, told.profile)


#: Message type → who carries it out.
HANDLERS: Mapping[str, Callable[[Transaction, Deps, Told], Awaitable[Applied]]] = {
    "ADT": _visit,
    "SIU": _schedule,
    "SQM": _query,
    "SRM": _request,
}


async def carry_out(tx: Transaction, deps: Deps, told: Told) -> Applied:
    """Carry out a message in the caller's transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        told: With one of `mapping.triggers.EVENTS`.

    Raises:
        GatewayError: it cannot be read; whatever its content breaks.
        AmbiguousError: its identifiers belong to several records.
    """
    tx.source = told.message.sender
    return await HANDLERS[meant(told.message, told.profile)[0]](tx, deps, told)
