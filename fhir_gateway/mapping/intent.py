"""What does a scheduling message want to be done?

Nothing here refers to what is stored: resources have no ids, actors are known by identifier.

Source: hl7v2.md sections 1.3 to 1.5, 1.10, 1.12 and 2.3.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fhir_gateway.core.errors import Issue

Resource = dict[str, Any]
#: A FHIR Identifier.
Identifier = dict[str, Any]
#: A FHIR CodeableConcept.
Concept = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ActorIntent:
    """One resource or person that takes part, the patient apart.

    Attributes:
        resource: Practitioner, Location or Device without id, with identifier; or, for somebody
            known by name only, `{"display": …}`.
        participant: Appointment.participant without its actor: type, required, status, period.
        action: Table 0206: A add, D delete, U update, X no change; None where not said.
        start: When it is needed, where that differs from the appointment; None otherwise.
        end: Likewise.
        excludes: Whether it counts for availability (a contact does not).
        schedule_key: Names its Schedule: system, value and, where sent, SCH-5; None by name only.
        timed: Whether its own row tells when or how long it is needed.
        source: Where it stood (`AIP^2^3`).
    """

    resource: Resource
    participant: Resource
    action: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    excludes: bool = True
    schedule_key: str | None = None
    timed: bool = False
    source: str = ""

    @property
    def type(self) -> str | None:
        """Its resource type; None for somebody known by name only."""
        kind: str | None = self.resource.get("resourceType")
        return kind

    @property
    def display(self) -> str:
        """What it is called."""
        return str(self.resource.get("display") or display_of(self.resource))


def display_of(resource: Resource) -> str:
    """What people call a Practitioner, Location or Device; '' where nothing is told."""
    if isinstance(resource.get("name"), str):
        return str(resource["name"])
    names = resource.get("name") or resource.get("deviceName") or [{}]
    return str(names[0].get("text") or names[0].get("name") or "")


@dataclass(frozen=True, slots=True)
class ServiceIntent:
    """One AIS: a service and what to do with it.

    Attributes:
        concept: Appointment.serviceType.
        action: Table 0206, or None.
        source: Where it stood.
    """

    concept: Concept
    action: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class SiuIntent:
    """A scheduling message as far as the gateway understands it.

    Attributes:
        event: Trigger event, a site's own one already replaced by the standard one.
        event_effective: What it comes to: an S14 whose status is Cancelled is an S15.
        keys: Identity of the appointment in order of precedence: filler, placer, configured. Only
            these identify; `appointment["identifier"]` may hold shared ones (visit, group).
        status: Appointment.status; None keeps what is held (`booked` for a new one).
        start: None where the message says none.
        end: Given wherever start is.
        end_assumed: Whether end is only the sender's default duration; where the appointment is
            known, its own duration is better.
        appointment: Elements set by the message, without participant.
        removed: Appointment elements deleted by `""`.
        patient: Patient without id; None where there is no PID.
        patient_participant: The patient's Appointment.participant without its actor.
        patient_removed: Patient elements deleted by `""`.
        other_patients: Those of further PIDs.
        actors: In order of AIG, AIL, AIP inside each group, then contacts.
        services: Every AIS, deleted ones too.
        snapshot: Of `Practitioner`, `Location`, `Device` and `serviceType` those that the message
            lists completely: it names some and none with an action code.
        reason: SCH-6.
        declines: Whether who is taken out of the appointment stays in it as declined.
        parents: SCH-24 and SCH-23, the appointment that this one is a part of.
        overbooked: Whether the status is Overbook.
        schedule: SCH-5 as identifier of a Schedule.
        message_time: MSH-7.
        received_at: When it came.
        control_id: MSH-10.
        sender: MSH-3 and MSH-4.
        provenance: For each element the place that it was read from.
        warnings: What was odd, missing or contradictory.
    """

    event: str
    event_effective: str
    keys: tuple[Identifier, ...]
    status: str | None
    start: datetime | None
    end: datetime | None
    appointment: Resource
    received_at: datetime
    end_assumed: bool = False
    removed: tuple[str, ...] = ()
    patient: Resource | None = None
    patient_participant: Resource | None = None
    patient_removed: tuple[str, ...] = ()
    other_patients: tuple[Resource, ...] = ()
    actors: tuple[ActorIntent, ...] = ()
    services: tuple[ServiceIntent, ...] = ()
    snapshot: frozenset[str] = frozenset()
    reason: Concept | None = None
    declines: bool = False
    parents: tuple[Identifier, ...] = ()
    overbooked: bool = False
    schedule: Identifier | None = None
    message_time: datetime | None = None
    control_id: str = ""
    sender: tuple[str, str] = ("", "")
    provenance: dict[str, str] = field(default_factory=dict)
    warnings: tuple[Issue, ...] = ()
