"""What does one sender mean where the standard leaves it open, or where the sender departs from it?

The default profile follows the standard and then the habits of most feeds. Everything that is said
"per sender" in the mapping is a field here.

Source: hl7v2.md sections 1.3 to 1.8, 2.3 and 4; decisions 14 and 20.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from fhir_gateway.mapping.tables import Row, find, table

#: Where an appointment's start may stand, by falling authority. `PV1-44` (admission) is a last
#: resort: it is never compared with the others.
START_SOURCES = (
    "TQ1-7", "SCH-11.4", "SCH-11.1", "AIS-4", "AIP-6", "AIG-8", "AIL-6", "PV1-44",
)  # fmt: skip

#: Where the name of a provider may stand. Resource rows are all read, the rest is a last resort.
PROVIDER_FIELDS = ("AIP-3", "AIG-3", "PV1-7")

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

BlankUnit = Literal["seconds", "minutes", "guess"]
#: Code of a sender -> FHIR Coding.
CodeTable = Mapping[str, Mapping[str, str]]
#: What a status word may say beside Appointment.status: word -> status and flag of table 0278.
STATUS_FLAGS = {"overbooked": "booked", "discontinued": "cancelled"}


@dataclass(frozen=True, slots=True)
class SenderProfile:
    """The habits of one sender (MSH-3, MSH-4).

    Args:
        zone: IANA zone of wall-clock times without an offset; '' is that of the tenant.
        charset: Python codec that wins over MSH-18; None trusts the message.
        ack: What a fault of content is answered: `durable` AA, `strict` AE; `stored` AA to
            everything that can be read, as soon as it is kept and before it is applied; None as
            the gateway is set.
        ack_mode: Acknowledgements as MSH-15 and MSH-16 of each `message` ask, or always as in
            `original` or `enhanced` mode.
        authority: `filler`: what it says is a fact; `placer`: it only asks.
        identifier_base: Start of every system made for identifiers and codes that name no
            authority. Empty: `urn:fhir-gateway:v2:<MSH-3>:<MSH-4>`, each percent-encoded, `-`
            where absent. Give several applications of one house the same base, and they know
            each other's patients.
        namespaces: System for an assigning authority known by name only (HD.1).
        coding_systems: System for a name of coding system (CWE.3), before table 0396.
        codings: By kind (`appointment-type`, `appointment-reason`, `service`): the Coding that is
            put before a code of the sender.
        statuses: Appointment.status, or one of STATUS_FLAGS, for further filler status codes.
        status_fields: Fields that hold the status, first valued one counts (`SCH-25`).
        identity_fields: Fields that identify the appointment where SCH-2 and SCH-1 are empty
            (`SCH-5`, `PV1-19`, `MSH-10`).
        unneeded: What an event of the standard that nothing here needs (ADT^A02) is answered:
            `accept` keeps it as filtered, AA; `refuse` AR.
        filtered: Types (`ORU`) and events (`SIU^S27`) that are kept as filtered, AA, and not read.
        expect_every: Seconds after which silence is worth a warning; None where none is.
        events: Standard event for a site's own trigger (`Z02`).
        start_sources: Where the start may stand, by falling authority.
        provider_fields: Which fields name practitioners. AIP-3 and AIG-3 are read in all rows; each
            other only where those before it name nobody.
        time_formats: Forms of a time beside those of HL7 and ISO 8601 (`DD/MM/YYYY HH:mm`).
        units: Seconds of further units of time, and of known ones that mean something else here.
        blank_unit: What a duration without unit is in. `guess`: seconds for a multiple of 60 from
            300 on, else minutes; with a warning.
        default_minutes: Duration where the message tells neither end nor duration.
        date_only: What becomes of a new or moved appointment whose start has no time of day:
            `propose` it for that day, or `reject` the message.
        aig_role: What AIG-3 is where AIG-4 does not tell.
        snapshot_notes: Whether a message without NTE deletes the comment.
        priorities: Appointment.priority for further codes of TQ1-9.
    """

    zone: str = "UTC"
    charset: str | None = None
    ack: Literal["durable", "stored", "strict"] | None = None
    ack_mode: Literal["message", "original", "enhanced"] = "message"
    authority: Literal["filler", "placer"] = "filler"
    identifier_base: str = ""
    namespaces: Mapping[str, str] = field(default_factory=dict)
    coding_systems: Mapping[str, str] = field(default_factory=dict)
    codings: Mapping[str, CodeTable] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    status_fields: tuple[str, ...] = ("SCH-25",)
    identity_fields: tuple[str, ...] = ()
    unneeded: Literal["accept", "refuse"] = "accept"
    filtered: tuple[str, ...] = ()
    expect_every: int | None = None
    events: Mapping[str, str] = field(default_factory=dict)
    start_sources: tuple[str, ...] = START_SOURCES
    provider_fields: tuple[str, ...] = PROVIDER_FIELDS
    time_formats: tuple[str, ...] = ()
    units: Mapping[str, int] = field(default_factory=dict)
    blank_unit: BlankUnit = "guess"
    default_minutes: int = 30
    date_only: Literal["propose", "reject"] = "propose"
    aig_role: Literal["Practitioner", "Location", "Device"] = "Device"
    snapshot_notes: bool = False
    priorities: Mapping[str, int] = field(default_factory=dict)

    def __hash__(self) -> int:  # of what can be hashed: the tables of a sender cannot
        return hash((self.zone, self.ack, self.authority, self.identifier_base))

    def in_zone(self, zone: str) -> "SenderProfile":
        """The same habits, with wall-clock times in another zone."""
        return _in_zone(self, zone)

    def status_row(self, code: str) -> Row | None:
        """The row of table 0278, or of this sender's own codes, in any case; None if unknown."""
        folded = code.strip().casefold()
        for known, told in self.statuses.items():
            if folded and known.casefold() == folded:
                status = STATUS_FLAGS.get(told, told)
                flag = told if told in STATUS_FLAGS else ""
                return {"code": code, "status": status, "participant": _part(status), "flag": flag}
        return find("0278", code)

    def event(self, trigger: str) -> str:
        """The standard event that a trigger of this sender stands for."""
        return self.events.get(trigger, trigger)


@lru_cache(maxsize=256)
def _in_zone(profile: SenderProfile, zone: str) -> SenderProfile:
    return replace(profile, zone=zone)


DEFAULT_PROFILE = SenderProfile()


def _part(status: str) -> str:
    """ParticipationStatus that goes with a status, as the table has it."""
    rows = table("0278").values()
    return next((row["participant"] for row in rows if row["status"] == status), "")


def percent_encoded(text: str) -> str:
    """Text as one piece of a URI (RFC 3986, 2.1): everything but unreserved characters encoded."""
    return "".join(
        c if c in _UNRESERVED else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "replace"))
        for c in text
    )


def base_of(profile: SenderProfile, sender: tuple[str, str]) -> str:
    """Start of the systems made for a sender; a URI.

    Args:
        profile: Its identifier_base wins.
        sender: MSH-3 and MSH-4.
    """
    if profile.identifier_base:
        return profile.identifier_base
    application, facility = (percent_encoded(name) or "-" for name in sender)
    return f"urn:fhir-gateway:v2:{application}:{facility}"
