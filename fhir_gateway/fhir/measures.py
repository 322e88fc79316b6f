"""How is what an operation measures published?

A Measure for each, from the operation's own declaration, and the code system of its codes. FHIR R4
Measure; decision 22.
"""

from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.codes import CANONICAL, SYSTEM_METRIC


@dataclass(frozen=True, slots=True)
class MeasuredNumber:
    """One number of a Measure.

    Args:
        code: Of our code system `metric`.
        unit: UCUM: `%`, `min`, `1`.
        populations: Codes of what it is made from: the numerator, then the denominator.
    """

    code: str
    unit: str
    populations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """What an operation measures.

    Args:
        code: Id of the Measure.
        title: A few words.
        doc: What it is about, for people.
        numbers: In order.
        strata: Codes of what the numbers can be divided by.
    """

    code: str
    title: str
    doc: str
    numbers: tuple[MeasuredNumber, ...]
    strata: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Canonical address of its Measure."""
        return f"{CANONICAL}/Measure/{self.code}"


#: Codes of our code system `metric` -> what they mean, for people.
METRIC_CODES = {
    "utilisation-minutes": "Booked time in percent of the time offered",
    "utilisation-slots": "Slots booked in percent of the Slots offered",
    "plan-utilisation": "Appointments booked or kept in percent of the Slots offered, else 0",
    "no-show-rate": "Missed appointments in percent of those kept or missed",
    "plan-no-show-rate": "Missed appointments in percent of all whose start is past, else 0",
    "cancellation-rate": "Cancelled appointments in percent of all",
    "completed": "Appointments that were kept",
    "average-duration": "Mean length of the visits: that of the Encounter, else the planned one",
    "average-wait": "Mean time from the arrival to the begin of the visit",
    "overtime": "Time that practitioners worked past the end of their last Slot of the day",
    "offered-minutes": "Length of the Slots offered",
    "offered-slots": "Slots that are neither blocked nor taken by another Schedule",
    "booked-minutes": "Planned length of appointments booked, arrived, checked in or fulfilled",
    "booked-slots": "Slots offered that are booked",
    "booked-appointments": "Appointments booked, arrived, checked in or fulfilled",
    "appointments": "All appointments; no proposals, waitlist entries, offers and errors",
    "past-appointments": "Appointments whose planned start is past",
    "past-no-shows": "Missed appointments whose planned start is past",
    "no-shows": "Missed appointments",
    "kept-or-missed": "Appointments that are fulfilled or were missed",
    "cancellations": "Cancelled appointments",
    "completed-appointments": "Fulfilled appointments",
    "visit-minutes": "Length of the visits",
    "timed-visits": "Visits whose length is known",
    "waited-minutes": "Time that patients waited",
    "timed-waits": "Visits of which arrival and begin are known",
    "overtime-minutes": "Time worked past the end of the last Slot of the day",
    "service": "The HealthcareService",
    "queue-entries": "People who joined the queue",
    "queue-served": "People whose service has ended",
    "queue-no-shows": "People who did not answer the call",
    "queue-average-wait": "Mean time from joining to the first call",
    "queue-longest-wait": "Longest time from joining to the first call",
    "queue-average-service": "Mean time from the begin of the service to its end",
    "queue-peak-size": "Most people who waited in one queue at once",
    "queue-average-size": "People who waited in one queue, on average over its hours",
    "first-calls": "People who were called for the first time",
    "service-minutes": "Length of the services",
    "services": "Services whose begin and end are known",
    "size-minutes": "People who waited, each by the minutes for which they did",
    "waitlist-freed": "Booked times that came free",
    "waitlist-offered": "Offers made of them",
    "waitlist-messages": "Messages that said so",
    "waitlist-accepted": "Offers accepted",
    "waitlist-declined": "Offers declined",
    "waitlist-expired": "Offers that nobody answered in time",
    "waitlist-filled": "Times that somebody from the waitlist took",
    "waitlist-offers-per-fill": "Offers made for each time that was filled",
    "waitlist-minutes-to-fill": "Mean time from free to filled",
    "service-type": "The kind of visit, a code of serviceType",
    "channel": "By which patients are told",
    "queue-minutes": "Length of the hours in which anybody came, waited, was called or served",
}


def coded(code: str) -> dict[str, Any]:
    """A CodeableConcept of our code system `metric`."""
    return {"coding": [{"system": SYSTEM_METRIC, "code": code}]}


def measure(spec: MeasureSpec) -> dict[str, Any]:
    """The Measure under our canonical base, without version and date."""
    return {
        "resourceType": "Measure",
        "id": spec.code,
        "url": spec.url,
        "name": "".join(part.capitalize() for part in spec.code.split("-")),
        "title": spec.title,
        "status": "active",
        "experimental": False,
        "publisher": "fhir_gateway",
        "description": spec.doc,
        "group": [_group(each, spec.strata) for each in spec.numbers],
    }


def _group(number: MeasuredNumber, strata: tuple[str, ...]) -> dict[str, Any]:
    group: dict[str, Any] = {
        "code": coded(number.code),
        "description": f"{METRIC_CODES[number.code]} ({number.unit})",
    }
    if number.populations:
        group["population"] = [_counted(each) for each in number.populations]
    return group | ({"stratifier": [_counted(each) for each in strata]} if strata else {})


def _counted(code: str) -> dict[str, Any]:
    words = METRIC_CODES[code]
    criteria = {"description": words, "language": "text/plain", "expression": code}
    return {"code": coded(code), "criteria": criteria}
