"""What `$find-optimal-slots` answers, taken apart."""

from tests.usecases.builders import Resource, at
from tests.usecases.clinic import Clinic

CODE = "find-optimal-slots"


async def find(clinic: Clinic, *pairs: tuple[str, str]) -> Resource:
    """Ask for the whole first day, unless a pair says otherwise."""
    window = (("start", at("08:00")), ("end", at("20:00")))
    return await clinic.call(CODE, *window, *pairs)


def entries(bundle: Resource, mode: str = "match") -> list[Resource]:
    return [each for each in bundle.get("entry", ()) if each["search"]["mode"] == mode]


def found(bundle: Resource) -> list[Resource]:
    """The proposed Appointments, best first."""
    return [each["resource"] for each in entries(bundle)]


def starts(bundle: Resource) -> list[str]:
    return [each["start"] for each in found(bundle)]


def minutes(bundle: Resource) -> list[str]:
    """The clock times at which they begin, in order of time."""
    return sorted(each[11:16] for each in starts(bundle))
