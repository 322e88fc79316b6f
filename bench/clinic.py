"""Which data and which requests? Deterministic: the same seed gives the same bytes."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bench.load import request

Resource = dict[str, Any]
SEED = 7
START = datetime(2030, 1, 7, 8, tzinfo=UTC)
_SERVICE = {
    "coding": [{"system": "http://snomed.info/sct", "code": "394814009", "display": "General"}]
}


def instant(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


class Clinic:
    """Practitioners with a Schedule each, patients, Slots, and appointments in a part of them.

    Args:
        practitioners: How many.
        patients: How many.
        slots: For each Schedule.
    """

    def __init__(self, practitioners: int, patients: int, slots: int) -> None:
        self.practitioners, self.patients, self.slots = practitioners, patients, slots
        self._random = random.Random(SEED)  # noqa: S311 - not a secret

    def resources(self) -> Iterator[Resource]:
        """Everything, each after what it refers to."""
        for n in range(self.practitioners):
            yield {
                "resourceType": "Practitioner", "id": f"d{n}",
                "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": f"{n:010}"}],
                "name": [{"family": f"Doctor{n}", "given": ["Sam"]}],
            }  # fmt: skip
        for n in range(self.patients):
            yield _patient(n)
        for n in range(self.practitioners):
            yield {
                "resourceType": "Schedule", "id": f"s{n}", "active": True,
                "actor": [{"reference": f"Practitioner/d{n}"}], "serviceType": [_SERVICE],
            }  # fmt: skip
            for k in range(self.slots):
                yield self._slot(n, k)
        for n in range(self.practitioners):
            for k in range(0, self.slots, 5):
                yield self.appointment(n, k, self._patient_of(n, k))

    def _patient_of(self, n: int, k: int) -> int:
        """Somebody who is free then: no two practitioners see the same patient at one time."""
        return (n + 3 * k) % self.patients

    def start(self, k: int) -> datetime:
        """When the k-th Slot of every Schedule begins: 16 a day."""
        return START + timedelta(days=k // 16, minutes=30 * (k % 16))

    def _slot(self, n: int, k: int) -> Resource:
        start = self.start(k)
        return {
            "resourceType": "Slot", "id": f"s{n}-{k}", "schedule": {"reference": f"Schedule/s{n}"},
            "status": "free", "start": instant(start),
            "end": instant(start + timedelta(minutes=30)), "serviceType": [_SERVICE],
        }  # fmt: skip

    def appointment(self, n: int, k: int, patient: int) -> Resource:
        """A booking of the k-th Slot of the n-th Schedule."""
        start = self.start(k)
        return {
            "resourceType": "Appointment", "id": f"a{n}-{k}", "status": "booked",
            "identifier": [{"system": "urn:bench", "value": f"{n}-{k}"}],
            "serviceType": [_SERVICE], "start": instant(start),
            "end": instant(start + timedelta(minutes=30)), "minutesDuration": 30,
            "slot": [{"reference": f"Slot/s{n}-{k}"}],
            "participant": [
                {"actor": {"reference": f"Patient/p{patient}"}, "status": "accepted"},
                {"actor": {"reference": f"Practitioner/d{n}"}, "status": "accepted"},
            ],
        }  # fmt: skip

    def reads(self) -> list[bytes]:
        """GET of Appointments by id."""
        return [
            request("GET", f"/fhir/Appointment/a{n}-{k}")
            for n in range(self.practitioners)
            for k in range(0, self.slots, 5)
        ]

    def slot_searches(self) -> list[bytes]:
        """Free Slots of one Schedule in two days."""
        first, last = instant(START), instant(START + timedelta(days=2))
        return [
            request(
                "GET",
                f"/fhir/Slot?schedule=Schedule/s{n}&start=ge{first}&start=lt{last}&status=free",
            )
            for n in range(self.practitioners)
        ]

    def patient_searches(self) -> list[bytes]:
        """A patient's Appointments."""
        day = instant(START)
        return [
            request("GET", f"/fhir/Appointment?patient=Patient/p{n}&date=ge{day}")
            for n in range(self.patients)
        ]

    def bookings(self) -> list[bytes]:
        """POST of bookings of free Slots, each once, for patients who are free then."""
        found = []
        for k in range(self.slots):
            if k % 5:
                for n in range(self.practitioners):
                    body = self.appointment(n, k, self._patient_of(n, k))
                    del body["id"], body["identifier"]
                    found.append(request("POST", "/fhir/Appointment", orjson.dumps(body)))
        self._random.shuffle(found)
        return found

    def transactions(self, count: int) -> list[bytes]:
        """POST of Bundles with five new Slots and five bookings of them."""
        return [request("POST", "/fhir", orjson.dumps(self._transaction(n))) for n in range(count)]

    def _transaction(self, number: int) -> Resource:
        entries = []
        for k in range(5):
            start = START + timedelta(days=60 + number // 40, minutes=150 * (number % 9) + 30 * k)
            schedule = number % self.practitioners
            slot = self._slot(schedule, 0) | {
                "start": instant(start), "end": instant(start + timedelta(minutes=30)),
            }  # fmt: skip
            booking = self.appointment(schedule, 0, number % self.patients) | {
                "start": slot["start"], "end": slot["end"],
                "slot": [{"reference": f"urn:uuid:00000000-0000-4000-8000-{k:012}"}],
            }  # fmt: skip
            for each in (slot, booking):
                del each["id"]
            del booking["identifier"]
            entries.append(_post(slot, f"urn:uuid:00000000-0000-4000-8000-{k:012}"))
            entries.append(_post(booking, None))
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _post(resource: Resource, full_url: str | None) -> Resource:
    entry: Resource = {"fullUrl": full_url} if full_url else {}
    return entry | {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    }


def _patient(n: int) -> Resource:
    return {
        "resourceType": "Patient", "id": f"p{n}",
        "identifier": [{"system": "urn:bench:mrn", "value": f"{n:07}"}],
        "name": [{"family": f"Family{n % 97}", "given": [f"Given{n % 31}"]}],
        "telecom": [{"system": "phone", "value": f"+1555{n:07}"},
                    {"system": "email", "value": f"p{n}@example.org"}],
        "birthDate": f"19{40 + n % 60}-0{1 + n % 9}-1{n % 10}",
        "address": [{"line": [f"{n} Long Street"], "city": "Springfield", "postalCode": "12345"}],
    }  # fmt: skip
