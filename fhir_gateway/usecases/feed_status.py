"""How are the feeds, in and out: what has come, what waits, who is silent, who does not answer?

Source: hl7v2.md section 6, row 12; decision record 0025.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_gateway.mapping.profile_files import Described
from fhir_gateway.storage import feed_figures
from fhir_gateway.storage.feed_figures import Heard, Told
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.senders import Senders

#: For what is recent.
RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """How one sender is.

    Attributes:
        sender: MSH-3 and MSH-4, `*` for any.
        profile: Name of its description; None where there is none.
        figures: What has come from it; None where nothing has.
        expected_by: When the next message is overdue, where its description says how often one is
            expected.
        warnings: What somebody should look at.
    """

    sender: tuple[str, str]
    profile: str | None
    figures: Heard | None
    expected_by: datetime | None
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """How one destination is.

    Attributes:
        name: Of its description.
        enabled: Whether messages are sent to it now.
        figures: What has been written for it; None where nothing has.
        circuit: `closed`, or `open` where messages go unanswered so often that it is spared.
        warnings: What somebody should look at.
    """

    name: str
    enabled: bool
    figures: Told | None
    circuit: str
    warnings: Sequence[str]


async def feeds(deps: Deps, tenant: int) -> list[FeedStatus]:
    """Every sender that has sent something or is described."""
    now = deps.clock.now()
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        heard = await feed_figures.heard(tx, now - RECENT)
    senders = deps.profiles if isinstance(deps.profiles, Senders) else Senders()
    found = [(each, _described(senders, each)) for each in heard]
    newest: dict[str, datetime] = {}
    for each, profile in found:
        if profile is not None:
            newest[profile.name] = max(each.last, newest.get(profile.name, each.last))
    known = [_feed(each.sender, profile, each, now, newest) for each, profile in found]
    silent = [each for each in senders.all() if each.name not in newest]
    return known + [_feed(each.sender, each, None, now, newest) for each in silent]


def _described(senders: Senders, heard: Heard) -> Described | None:
    by_port = senders.named(heard.port_sender) if heard.port_sender else None
    return by_port or senders.described(heard.sender)


def _feed(
    sender: tuple[str, str],
    described: Described | None,
    heard: Heard | None,
    now: datetime,
    newest: dict[str, datetime],
) -> FeedStatus:
    expected_by = None
    warnings: list[str] = []
    every = described.profile.expect_every if described else None
    if described is not None and every is not None:
        last = newest.get(described.name)
        expected_by = last + timedelta(seconds=every) if last else None
        if last is None:
            warnings.append("silent: nothing has ever come")
        elif expected_by is not None and expected_by < now:
            warnings.append(f"silent: nothing has come for {lasting(now - last)}")
    if heard is not None and heard.states.get("error"):
        warnings.append(f"{heard.states['error']} wait for people")
    if heard is not None and heard.recent and heard.at_fault * 10 > heard.recent:
        warnings.append(f"{heard.at_fault} of {heard.recent} of the last 24 h at fault")
    return FeedStatus(sender, described.name if described else None, heard, expected_by, warnings)


async def destinations(deps: Deps, tenant: int) -> list[DestinationStatus]:
    """Every destination that is described or has messages."""
    now = deps.clock.now()
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        told = {each.destination: each for each in await feed_figures.told(tx, now - RECENT)}
    described = {each.name: each for each in deps.destinations.get(tenant, ())}
    found = []
    for name in sorted({*told, *described}):
        figures, destination = told.get(name), described.get(name)
        threshold = destination.circuit.patience.threshold if destination else 0
        spared = bool(figures and threshold and figures.failing >= threshold)
        warnings: list[str] = []
        if figures is not None:
            stuck = sum(figures.states.get(each, 0) for each in ("rejected", "dead"))
            warnings += [f"{stuck} wait for people"] if stuck else []
            if figures.oldest and now - figures.oldest > timedelta(minutes=5):
                warnings.append(f"the oldest has waited for {lasting(now - figures.oldest)}")
        if destination is None:
            warnings.append("it is not described, or not enabled: nothing is sent to it")
        elif spared:
            warnings.append("it does not answer")
        circuit = "open" if spared else "closed"
        found.append(DestinationStatus(name, destination is not None, figures, circuit, warnings))
    return found


def lasting(span: timedelta) -> str:
    """A span as people say it: `3 d 4 h`, `12 min`."""
    seconds = max(0, int(span.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    told = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(told[:2]) or f"{seconds} s"
