"""What $scheduling-metrics says, in short."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from fhir_gateway.core.refs import relative
from fhir_gateway.fhir import json, parameters
from fhir_gateway.usecases import scheduling_days
from fhir_gateway.usecases.operations import Call, Document, scheduling_metrics
from tests.usecases.builders import DAY
from tests.usecases.clinic import BASE, TENANT, Clinic

Pair = tuple[str, str]
ON_THE_DAY: tuple[Pair, ...] = (("start", str(DAY)), ("end", str(DAY)))


async def answer(
    clinic: Clinic, place: str, pairs: Iterable[Pair] = ON_THE_DAY, *, csv: bool = False
) -> bytes:
    """The answer at `Practitioner/p1`, `Location` or an empty place, as bytes."""
    values = parameters.read(scheduling_metrics.OF_ALL, None, list(pairs))
    call = Call(relative(place), values, BASE, type=place.split("/")[0], csv=csv)
    done = await scheduling_metrics.run(clinic.deps, TENANT, call)
    return done.content if isinstance(done, Document) else done


async def measured(clinic: Clinic, place: str = "", *pairs: Pair) -> dict[str, Any]:
    """The one MeasureReport there; a period is the DAY of the clinic unless pairs say another."""
    return json.parse(await answer(clinic, place, pairs or ON_THE_DAY))


async def scores(clinic: Clinic, place: str = "", *pairs: Pair) -> dict[str, str]:
    """Its numbers by code, without those that are not known."""
    return in_short(await measured(clinic, place, *pairs))


async def counted(clinic: Clinic, place: str = "", *pairs: Pair) -> dict[str, int]:
    """What they are made from, by code, without zeros."""
    report = await measured(clinic, place, *pairs)
    found = [each for group in report["group"] for each in group["population"]]
    return {code_of(each): each["count"] for each in found if each["count"]}


def in_short(part: dict[str, Any]) -> dict[str, str]:
    return {
        code_of(each): str(each["measureScore"]["value"])
        for each in part["group"]
        if "measureScore" in each
    }


def code_of(element: dict[str, Any]) -> str:
    return str(element["code"]["coding"][0]["code"])


async def kept(clinic: Clinic) -> list[tuple[Any, ...]]:
    """Everything that is kept of days."""
    return await clinic.sql("SELECT * FROM scheduling_day ORDER BY day, subject, service")


async def count_again(clinic: Clinic) -> int:
    """Count what has changed in the days around DAY."""
    around = (DAY - timedelta(3), DAY + timedelta(3))
    return await scheduling_days.count_again(clinic.deps, TENANT, *around)


async def count_everything(clinic: Clinic) -> None:
    """The same as if nothing had ever been counted."""
    await clinic.sql("DELETE FROM scheduling_day")
    await clinic.sql("INSERT INTO scheduling_change (tenant, subject) VALUES (1, '')")
    await count_again(clinic)
