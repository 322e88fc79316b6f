"""What does every use case need?"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_gateway.core.clock import Clock
from fhir_gateway.core.ids import IdSource
from fhir_gateway.engines.quiet_hours import NEVER_QUIET, QuietHours
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile
from fhir_gateway.outbound.destinations import Destination
from fhir_gateway.storage.intake import Intake
from fhir_gateway.storage.loader import Loader
from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.tenants import Tenant
from fhir_gateway.storage.turns import Turns


def _secret() -> bytes:
    return secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class Policy:
    """How the gateway decides where people may differ.

    Args:
        slots: `plan` or `best`, for `$find-optimal-slots` where the caller names none.
        waitlist: `plan` or `best`.
        no_show: `plan` or `best`, for `$predict-no-show` where the caller names none.
        queue: `plan` or `best`, where the configuration of a queue names none.
        queue_ordering: `formula` or `weighted`, where the configuration of a queue names none.
        offer_hold: Whether offered time is held; None: as the policy says (decision 15).
        minimum_notice: Minutes between now and the start of a freed time below which nobody is
            asked.
        slot_notice: Minutes between now and the earliest start that `$find-optimal-slots` finds.
        notice_by_type: The same for some kinds of visit, by codes of serviceType.
        quiet_hours: When patients are not disturbed, in their own zones.
        channels: By which those are told who have not said how, the preferred one first.
        require_if_match: Whether an update has to name the version that it replaces.
        strict_feeds: Whether a content fault in a message is answered AE instead of AA.
    """

    slots: str = "best"
    waitlist: str = "best"
    no_show: str = "best"
    queue: str = "best"
    queue_ordering: str = "formula"
    offer_hold: bool | None = None
    minimum_notice: int = 60
    slot_notice: int = 0
    notice_by_type: Mapping[str, int] = field(default_factory=dict)
    quiet_hours: QuietHours = NEVER_QUIET
    channels: tuple[str, ...] = ("sms", "email")
    require_if_match: bool = False
    strict_feeds: bool = False

    @property
    def holds_offers(self) -> bool:
        return self.waitlist == "best" if self.offer_hold is None else self.offer_hold

    @property
    def shortest_notice(self) -> int:
        """Minutes before its start from which a freed time is nobody's any more."""
        return min([self.minimum_notice, *self.notice_by_type.values()])


@dataclass(frozen=True, slots=True)
class Deps:
    """Made once, in wiring; the first argument of every use case.

    Args:
        database: Acts as the application role.
        worker_role: Role that sees the outbox and the timers of all tenants.
        clock: The present.
        ids: New ids.
        tenants: By number.
        signing_key: 32 bytes that all processes of the installation share.
        policy: See Policy.
        profiles: Of senders, by (MSH-3, MSH-4); see usecases.senders.
        destinations: Who is told of changes, by tenant.
        default_profile: Of every other sender; its zone is replaced by the tenant's.
        log: Called with an action of a closed list and ids only.
        secret: Draws 32 bytes that nobody can guess.
        loader: Merges reads that wait at the same moment.
        intake: Keeps messages that wait at the same moment together.
        turns: Lets those who want the same queue at the same moment share a transaction.
    """

    database: Database
    worker_role: str
    clock: Clock
    ids: IdSource
    tenants: Mapping[int, Tenant]
    signing_key: bytes
    policy: Policy = field(default_factory=Policy)
    profiles: Mapping[tuple[str, str], SenderProfile] = field(default_factory=dict)
    destinations: Mapping[int, Sequence[Destination]] = field(default_factory=dict)
    default_profile: SenderProfile = DEFAULT_PROFILE
    log: Callable[..., None] = lambda action, **ids: None
    secret: Callable[[], bytes] = _secret
    loader: Loader = field(init=False)
    intake: Intake = field(init=False)
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "intake", Intake(self.database))
        object.__setattr__(self, "loader", Loader(self.database))
        object.__setattr__(self, "turns", Turns(self.database))
