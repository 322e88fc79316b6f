"""What does a patient like, as told or as learnt, and how far away is the patient?

Told: the Basic resource `scheduling-preference` of the patient with the extension `preference`.
Learnt: from the last visits. What was told wins, each on its own. Decision 22; row S16.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fhir_gateway.core.codes import EXT_PREFERENCE
from fhir_gateway.engines.preferences import LearntPreferences, effective
from fhir_gateway.fhir import json
from fhir_gateway.storage import wishes
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.zones import extension, part

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What counts of a patient's preferences.

    Attributes:
        days, parts, practitioners: Preferred ones: days-of-week codes, parts of the day, and
            references.
        likings: 0..1 for each of these that was learnt; what was told is liked wholly.
        travel: Minutes to each Location, by reference.
    """

    days: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    practitioners: frozenset[str] = frozenset()
    likings: Mapping[str, float] = field(default_factory=dict)
    travel: Mapping[str, Decimal] = field(default_factory=dict)


async def wishes_of(
    tx: Transaction, patient: str, learnt: LearntPreferences, asked_for: Sequence[str] = ()
) -> Wishes:
    """The wishes of one patient.

    Args:
        tx: Open transaction.
        patient: `Patient/7`.
        learnt: From the last visits.
        asked_for: Practitioners whom the caller says are preferred; they go before all others.
    """
    content = await wishes.preference_of(tx, patient)
    told = extension(json.parse(content), EXT_PREFERENCE) if content else None
    days, parts = _codes(told, "day"), _codes(told, "partOfDay")
    stated = [each.get("reference", "") for each in _values(told, "practitioner")]
    people = list(asked_for) or [each for each in stated if each]
    likings: dict[str, float] = {}
    for chosen, shares in (
        (days, learnt.day_shares),
        (parts, learnt.part_shares),
        (people, learnt.practitioner_shares),
    ):
        likings |= {} if chosen else _relative(shares)
    return Wishes(
        days=frozenset(effective(days, learnt.days)),
        parts=frozenset(effective(parts, learnt.parts)),
        practitioners=frozenset(effective(people, tuple(learnt.practitioner_shares))),
        likings=likings,
        travel=dict(_travel(told)),
    )


def _relative(shares: Mapping[str, float]) -> dict[str, float]:
    most = max(shares.values(), default=1.0)
    return {name: share / most for name, share in shares.items()}


def _values(told: Resource | None, name: str) -> list[Any]:
    return [
        part({"extension": [each]}, name)
        for each in (told or {}).get("extension", ())
        if each.get("url") == name
    ]


def _codes(told: Resource | None, name: str) -> list[str]:
    return [str(each) for each in _values(told, name)]


def _travel(told: Resource | None) -> Iterable[tuple[str, Decimal]]:
    for each in (told or {}).get("extension", ()):
        if each.get("url") == "travel":
            yield part(each, "location").get("reference", ""), Decimal(part(each, "minutes"))
