"""A gateway with one fault planted on purpose: would the checker see it?

Usage: python -m conformance.campaign.planted FAULT serve …
"""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import Any

from fhir_gateway.cli import app
from fhir_gateway.hl7.ack import acknowledge
from fhir_gateway.hl7.ack_codes import AckCode
from fhir_gateway.hl7.peek import peek
from fhir_gateway.storage import engagements
from fhir_gateway.usecases import feed, kept_v2, receive_v2

_running: set[Any] = set()


def acknowledges_too_early() -> None:
    """The answer leaves before anything is kept."""
    honest = receive_v2._receive_one  # noqa: SLF001

    async def early(deps: Any, tenant: int, raw: bytes, *rest: Any) -> bytes:
        async def later() -> None:
            await asyncio.sleep(0.2)
            await honest(deps, tenant, raw, *rest)

        task = asyncio.create_task(later())
        _running.add(task)
        task.add_done_callback(_running.discard)
        number = sha256(raw).hexdigest()[:20]
        return acknowledge(peek(raw), AckCode.AA, control_id=number, now=deps.clock.now())

    receive_v2._receive_one = early  # type: ignore[assignment]  # noqa: SLF001


def forgets_what_came() -> None:
    """A repeated message is taken for a new one."""
    honest = kept_v2.key_of
    numbers = count()

    def forgetful(header: Any, raw: bytes) -> Any:
        salt = f"{next(numbers)}".encode()
        return replace(honest(header, raw), sha256=sha256(raw + salt).digest())

    receive_v2.key_of = forgetful  # type: ignore[attr-defined]


def ignores_the_order() -> None:
    """What comes last counts, however old it is."""
    feed._is_late = lambda *_: False  # noqa: SLF001


def keeps_the_time_of_what_ended() -> None:
    """A cancelled appointment goes on holding the practitioner."""

    async def nothing(*_: Any) -> None:
        return None

    engagements.release = nothing  # type: ignore[assignment]


#: Name → what plants it, and the kinds of violation one of which has to be found.
FAULTS: dict[str, tuple[Callable[[], None], frozenset[str]]] = {
    "early": (acknowledges_too_early, frozenset({"lost", "order"})),
    "forgetful": (forgets_what_came, frozenset({"doubled"})),
    "unordered": (ignores_the_order, frozenset({"order"})),
    "unreleased": (keeps_the_time_of_what_ended, frozenset({"time"})),
}


if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)][0]()
    app()
