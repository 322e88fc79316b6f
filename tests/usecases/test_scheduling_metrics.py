"""$scheduling-metrics: what it counts, and that what is kept never drifts from what is stored."""

from tests.usecases.builders import a_location, an_appointment, at
from tests.usecases.clinic import Clinic


async def test_try(clinic: Clinic) -> None:
    await clinic.put(a_location())
    made = await clinic.book("09:00")
    day = at("00:00")[:10]
    r = await clinic.call("scheduling-metrics", ("start", day), ("end", day))
    import json

    print(json.dumps(r, indent=1, default=str))
    assert 0
