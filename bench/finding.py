"""Which requests find times? Practitioners with rules, whose Slots the gateway generates itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.clinic import instant
from bench.load import request
from fhir_gateway.core.codes import EXT_AVAILABILITY

Resource = dict[str, Any]
#: Slots of one practitioner a day, and the days that are generated.
A_DAY, DAYS = 16, 31
_SERVICE = {"coding": [{"system": "http://snomed.info/sct", "code": "408443003"}]}


@dataclass(frozen=True, slots=True)
class Finders:
    """A clinic apart from the other, by the calendar of today: rules look ahead, not back.

    Attributes:
        practitioners: How many.
    """

    practitioners: int

    def resources(self) -> Iterator[Resource]:
        """Practitioners with their Schedules, and a patient."""
        yield {"resourceType": "Patient", "id": "finder", "birthDate": "1980-01-01"}
        for n in range(self.practitioners):
            yield {"resourceType": "Practitioner", "id": f"f{n}"}
            yield _schedule(n)

    def generations(self) -> list[bytes]:
        """POST of `$generate-slots` for each Schedule."""
        return [
            request("POST", f"/fhir/Schedule/f{n}/$generate-slots")
            for n in range(self.practitioners)
        ]

    def searches(self) -> list[bytes]:
        """GET of the best times of thirty days among all practitioners, for a patient."""
        now = datetime.now(UTC)
        path = (
            f"/fhir/Appointment/$find-optimal-slots?start={instant(now)}"
            f"&end={instant(now + timedelta(days=30))}&service-type=408443003"
            "&patient=Patient/finder"
        )
        return [request("GET", f"{path}&policy={policy}") for policy in ("best", "plan")]


def _schedule(n: int) -> Resource:
    hours = {"start": "09:00:00", "end": "17:00:00"}
    weekly = [
        *({"url": "daysOfWeek", "valueCode": day}
          for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
        *({"url": name, "valueTime": hours[name]} for name in hours),
    ]  # fmt: skip
    last = (datetime.now(UTC) + timedelta(days=DAYS)).date().isoformat()
    rules = [
        {"url": "zone", "valueCode": "UTC"},
        {"url": "slotMinutes", "valuePositiveInt": 30},
        {"url": "validity", "valuePeriod": {"end": last}},
        {"url": "weekly", "extension": weekly},
    ]
    return {
        "resourceType": "Schedule", "id": f"f{n}", "active": True, "serviceType": [_SERVICE],
        "actor": [{"reference": f"Practitioner/f{n}"}],
        "extension": [{"url": EXT_AVAILABILITY, "extension": rules}],
    }  # fmt: skip
