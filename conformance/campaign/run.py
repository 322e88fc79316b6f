"""One campaign from beginning to end."""

import asyncio
import platform
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from conformance.campaign.checker import Violation, violations
from conformance.campaign.evidence import gather
from conformance.campaign.gateways import free_port, gateway
from conformance.campaign.senders import Ward
from conformance.campaign.traffic import Script, scripts
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.embedded import DATABASE, Embedded

#: How long after a goal the kill comes, at most; in seconds.
_JITTER = 0.1
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done.

    Attributes:
        senders: Hospitals, each with a connection.
        messages: In all, duplicates included.
        kills: How often the gateway is killed (SIGKILL), evenly over the messages.
        seed: The same seed, the same traffic.
        duplicates, reordered, resets: Shares.
    """

    senders: int = 8
    messages: int = 50_000
    kills: int = 100
    seed: int = 20260301
    duplicates: float = 0.10
    reordered: float = 0.05
    resets: float = 0.01


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        plan: As given.
        fault: The planted fault, if any.
        distinct: Messages without duplicates.
        overtaken: Messages that a newer one about the same appointment came before.
        acknowledgements: That the senders have got.
        broken: Connections that broke before an answer.
        seconds: From the first message to the last acknowledgement, starts after kills included.
        violations: What must not be.
    """

    plan: Plan
    fault: str | None
    distinct: int
    overtaken: int
    acknowledgements: int
    broken: int
    seconds: float
    violations: list[Violation]

    @property
    def text(self) -> str:
        """For people."""
        kinds = Counter(each.kind for each in self.violations)
        head = (
            f"{self.fault or 'as it is'}: {self.distinct} messages of {self.plan.senders} senders,"
            f" {self.acknowledgements} acknowledgements, {self.overtaken} overtaken,"
            f" {self.plan.kills} kills, {self.broken} broken connections, {self.seconds:.0f} s,"
            f" seed {self.plan.seed}"
        )
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        shown = [f"  {each.kind} {each.what}: {each.text}" for each in self.violations[:_SHOWN]]
        return "\n".join([head, f"violations: {told or 'none'}", *shown])

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"python": platform.python_version()}


async def campaign(
    plan: Plan,
    folder: Path,
    fault: str | None = None,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Send everything while the gateway is killed, and look at what is there then.

    Args:
        plan: See Plan.
        folder: An empty one, for the database and the gateway's log.
        fault: One of `planted.FAULTS`; None for the gateway as it is.
        progress: Told how far it is.
    """
    told = scripts(
        senders=plan.senders, messages=plan.messages, duplicates=plan.duplicates,
        reordered=plan.reordered, seed=plan.seed,
    )  # fmt: skip
    server = await asyncio.to_thread(Embedded.start, folder / "database")
    try:
        ward = Ward(free_port(), plan.resets, plan.seed)
        begun = time.perf_counter()
        await _send_and_kill(plan, told, ward, (folder, server.url(), fault), progress)
        seconds = time.perf_counter() - begun
        url = server.url(DATABASE, SUPERUSER)
        evidence = await asyncio.to_thread(gather, url, ward.acknowledged)
    finally:
        await asyncio.to_thread(server.stop)
    distinct = {each.control_id for script in told for each in script.messages}
    return Report(
        plan, fault, len(distinct), _overtaken(told), ward.answers, ward.broken, seconds,
        violations(told, evidence),
    )  # fmt: skip


async def _send_and_kill(
    plan: Plan,
    told: list[Script],
    ward: Ward,
    place: tuple[Path, str, str | None],
    progress: Callable[[str], None],
) -> None:
    folder, url, fault = place
    chance = random.Random(plan.seed)  # noqa: S311
    ports = (free_port(), ward.port)
    every = plan.messages / (plan.kills + 1)
    async with asyncio.TaskGroup() as sending:
        tasks = [sending.create_task(ward.send(each)) for each in told]
        for kill in range(1, plan.kills + 1):
            progress(f"{ward.answers} of {plan.messages} acknowledged, {kill - 1} kills")
            async with gateway(folder, url, ports, fault) as process:
                await ward.until(int(every * kill))
                await asyncio.sleep(chance.random() * _JITTER)
                process.kill()
        async with gateway(folder, url, ports, fault):
            progress(f"{ward.answers} of {plan.messages} acknowledged, {plan.kills} kills")
            await asyncio.gather(*tasks)
            await asyncio.sleep(1.0 if fault else 0.0)  # what a fault leaves for later is done too


def _overtaken(told: list[Script]) -> int:
    count = 0
    for script in told:
        newest: dict[str, Any] = {}
        for each in script.messages:
            if each.at < newest.get(each.appointment, each.at):
                count += 1
            newest[each.appointment] = max(newest.get(each.appointment, each.at), each.at)
    return count
