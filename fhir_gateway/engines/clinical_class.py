"""How urgent is a request, and what follows from that?

Source: decision 25 (classes from Appointment.priority; τ; waitlist targets).
"""

from enum import IntEnum
from types import MappingProxyType

EMERGENCY_PRIORITY = 1
URGENT_PRIORITIES = (2, 3)
SOON_PRIORITIES = (4, 5, 6)


class ClinicalClass(IntEnum):
    """Lower is more urgent."""

    EMERGENCY = 0
    URGENT = 1
    SOON = 2
    ROUTINE = 3


#: Days after which a slot has lost 63 % of its urgency value.
TAU_DAYS = MappingProxyType(
    {
        ClinicalClass.EMERGENCY: 1,
        ClinicalClass.URGENT: 3,
        ClinicalClass.SOON: 14,
        ClinicalClass.ROUTINE: 30,
    }
)
#: Days within which someone on the waitlist should have been seen.
WAITLIST_TARGET_DAYS = MappingProxyType(
    {
        ClinicalClass.EMERGENCY: 1,
        ClinicalClass.URGENT: 7,
        ClinicalClass.SOON: 21,
        ClinicalClass.ROUTINE: 60,
    }
)


def class_of(priority: int | None) -> ClinicalClass:
    """The class of an Appointment.priority: 1 is highest, then 2 … 9, then 0 or absent."""
    if priority == EMERGENCY_PRIORITY:
        return ClinicalClass.EMERGENCY
    if priority in URGENT_PRIORITIES:
        return ClinicalClass.URGENT
    return ClinicalClass.SOON if priority in SOON_PRIORITIES else ClinicalClass.ROUTINE


def priority_rank(priority: int | None) -> int:
    """A sort key for Appointment.priority, small first: 1, 2, 3 …; 0 and absent share the end."""
    return priority or 1 << 62
