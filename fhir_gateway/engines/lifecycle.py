"""May an Appointment go from this status to that one, and at whose word?

R4 Appointment.status. One literal table serves REST updates, operations and SIU messages alike.
A feed states facts: it may go anywhere and reopen what was ended (the caller has checked that the
message is newer); only a cancellation of what was entered in error changes nothing. Entries of
the waitlist are never booked by a client: the offer is booked and the entry cancelled.

Source: decisions 14, 16 and 19; SIU trigger events S12 to S27.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from fhir_gateway.core.codes import APPOINTMENT_STATUSES, TERMINAL
from fhir_gateway.engines.decision import Refusal


class By(Enum):
    """Whose word moves the Appointment."""

    CLIENT = "c"  #: REST create, update, patch
    FEED = "f"  #: a message of the system of record
    OPERATION = "o"  #: one of the gateway's own operations, answers to offers and timers


#: old → {new: who may}. A pair that is absent is illegal for everyone; old → old is always legal.
TRANSITIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "proposed": {
            "pending": "cfo", "booked": "cfo", "waitlist": "cfo", "cancelled": "cfo",
            "entered-in-error": "cfo",
            "arrived": "f", "checked-in": "f", "fulfilled": "f", "noshow": "f",
        },
        "pending": {
            "booked": "cfo", "cancelled": "cfo", "entered-in-error": "cfo",
            "proposed": "f", "arrived": "f", "checked-in": "f", "fulfilled": "f", "noshow": "f",
            "waitlist": "f",
        },
        "booked": {
            "arrived": "cfo", "checked-in": "cfo", "fulfilled": "cfo", "cancelled": "cfo",
            "noshow": "cfo", "entered-in-error": "cfo",
            "pending": "fo",  # moved to a time that the system of record has yet to confirm
            "proposed": "f", "waitlist": "f",
        },
        "arrived": {
            "checked-in": "cfo", "fulfilled": "cfo", "cancelled": "cfo", "noshow": "cfo",
            "entered-in-error": "cfo",
            "booked": "fo",  # an arrival recorded for the wrong person is taken back
            "proposed": "f", "pending": "f", "waitlist": "f",
        },
        "checked-in": {
            "arrived": "cfo", "fulfilled": "cfo", "cancelled": "cfo", "noshow": "cfo",
            "entered-in-error": "cfo",
            "booked": "fo",
            "proposed": "f", "pending": "f", "waitlist": "f",
        },
        "waitlist": {
            "proposed": "cfo", "pending": "cfo", "cancelled": "cfo", "entered-in-error": "cfo",
            "booked": "f", "arrived": "f", "checked-in": "f", "fulfilled": "f", "noshow": "f",
        },
        "fulfilled": {
            "entered-in-error": "cfo",
            "proposed": "f", "pending": "f", "booked": "f", "arrived": "f", "checked-in": "f",
            "cancelled": "f", "noshow": "f", "waitlist": "f",
        },
        "cancelled": {
            "entered-in-error": "cfo",
            "proposed": "f", "pending": "f", "booked": "f", "arrived": "f", "checked-in": "f",
            "fulfilled": "f", "noshow": "f", "waitlist": "f",
        },
        "noshow": {
            "entered-in-error": "cfo",
            "proposed": "f", "pending": "f", "booked": "f", "arrived": "f", "checked-in": "f",
            "fulfilled": "f", "cancelled": "f", "waitlist": "f",
        },
        "entered-in-error": {
            "proposed": "f", "pending": "f", "booked": "f", "arrived": "f", "checked-in": "f",
            "fulfilled": "f", "waitlist": "f",
        },
    }
)  # fmt: skip


def transition(old: str, new: str, by: By) -> Refusal | None:
    """Decide one change of Appointment.status.

    Args:
        old: Status of the stored version.
        new: Status asked for.
        by: Whose word it is.

    Returns:
        None where it may go ahead (old = new included), else `unknown-status`,
        `terminal-status` or `illegal-transition`, with the statuses that would be legal.

    Source: decision 16; R4 appointmentstatus.
    """
    for status in (old, new):
        if status not in APPOINTMENT_STATUSES:
            return Refusal("unknown-status", f"'{status[:40]}' is not an Appointment status")
    if old == new or by.value in TRANSITIONS[old].get(new, ""):
        return None
    reason = "terminal-status" if old in TERMINAL else "illegal-transition"
    legal = ", ".join(onwards(old, by)) or "none"
    return Refusal(reason, f"an Appointment that is {old} cannot become {new}; possible: {legal}")


def onwards(old: str, by: By) -> tuple[str, ...]:
    """The other statuses that may follow, in the order of the value set."""
    row = TRANSITIONS[old]
    return tuple(new for new in APPOINTMENT_STATUSES if by.value in row.get(new, ""))
