"""What does a patient wish for appointments, and what do the visits show?

What was stated is a Basic resource of the patient, one at most, which only people write; what was
learnt is worked out from the visits whenever it is asked for. They are never mixed: what was stated
wins where something was stated. Decision 22; row S16.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import BASIC_PREFERENCE, EXT_PREFERENCE, SYSTEM_BASIC
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import reference_of
from fhir_gateway.engines.clinic_time import DAYS, PARTS
from fhir_gateway.engines.preferences import FulfilledVisit, LearntPreferences, effective, learnt
from fhir_gateway.fhir import json
from fhir_gateway.fhir.extension_values import complaints
from fhir_gateway.storage import identities
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Write
from fhir_gateway.storage.visits import Known
from fhir_gateway.usecases import storing
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.no_show_records import first_zone
from fhir_gateway.usecases.zones import extension, zones_of_places

Resource = dict[str, Any]

_CODES = {"dayOfWeek": DAYS, "partOfDay": tuple(name for name, _ in PARTS)}


@dataclass(frozen=True, slots=True)
class Stated:
    """What the patient said; empty for what was not said.

    Args:
        days: Days-of-week codes.
        parts: Parts of the day.
        practitioners: References.
        travel: Minutes from home, by reference of the Location.
    """

    days: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    travel: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preferences:
    """Both, kept apart."""

    stated: Stated
    learnt: LearntPreferences

    def days(self, policy: str) -> tuple[str, ...]:
        """The weekdays that count (row S16); policy `plan` or `best`."""
        return effective(self.stated.days, self.learnt.days(policy))

    def parts(self, policy: str) -> tuple[str, ...]:
        """The parts of the day that count."""
        return effective(self.stated.parts, self.learnt.parts(policy))

    def practitioners(self, policy: str) -> tuple[str, ...]:
        """The practitioners that count."""
        return effective(self.stated.practitioners, self.learnt.practitioners(policy))

    def likings(self, asked_for: Sequence[str] = ()) -> dict[str, float]:
        """How much each of what was learnt is liked, 0..1; what was stated is liked wholly.

        Args:
            asked_for: Practitioners whom the caller prefers, as good as stated.
        """
        said, seen = self.stated, self.learnt
        return {
            name: share / max(shares.values())
            for stated, shares in (
                (said.days, seen.day_shares),
                (said.parts, seen.part_shares),
                (asked_for or said.practitioners, seen.practitioner_shares),
            )
            if not stated
            for name, share in shares.items()
        }

    @property
    def travel(self) -> dict[str, Decimal]:
        """Minutes of travel by Location."""
        return {place: Decimal(minutes) for place, minutes in self.stated.travel.items()}


async def preferences_of(tx: Transaction, known: Known, zone: ZoneInfo) -> Preferences:
    """Stated and learnt preferences of a patient.

    Args:
        tx: Open transaction.
        known: Of the patient.
        zone: Of the tenant; a Location's own zone wins.
    """
    came = [each for each in known.visits if each.status == "fulfilled"]
    places = {place for each in came for place in each.places}
    zones = await zones_of_places(tx, places) if places else {}
    visits = [
        FulfilledVisit(
            each.start,
            first_zone(each.places, zones, zone).key,
            next(iter(each.practitioners), None),
        )
        for each in came
    ]
    stated = read_stated(json.parse(known.preference)) if known.preference else Stated()
    return Preferences(stated, learnt(visits))


def read_stated(basic: Resource) -> Stated:
    """What a Basic resource states; what it does not state is empty."""
    found: dict[str, list[Any]] = {}
    for part in (extension(basic, EXT_PREFERENCE) or {}).get("extension", ()):
        found.setdefault(part.get("url", ""), []).append(part)
    return Stated(
        days=tuple(each.get("valueCode", "") for each in found.get("dayOfWeek", ())),
        parts=tuple(each.get("valueCode", "") for each in found.get("partOfDay", ())),
        practitioners=_references(found.get("practitioner", [])),
        travel=dict(_travel(each) for each in found.get("travel", ())),
    )


def _references(parts: list[Any]) -> tuple[str, ...]:
    found = (reference_of(each.get("valueReference")) for each in parts)
    return tuple(str(ref) for ref in found if ref is not None)


def _travel(part: Resource) -> tuple[str, int]:
    inner = {each.get("url"): each for each in part.get("extension", ())}
    place = reference_of(inner.get("location", {}).get("valueReference"))
    return str(place), int(inner.get("minutes", {}).get("valueUnsignedInt", 0))


def is_preference(basic: Resource) -> bool:
    """Whether a Basic resource states a patient's preferences."""
    codings = basic.get("code", {}).get("coding", ())
    return any(
        each.get("system") == SYSTEM_BASIC and each.get("code") == BASIC_PREFERENCE
        for each in codings
    )


async def create(tx: Transaction, deps: Deps, write: Write) -> Stored:
    """Keep a new Basic resource; a preference is the only one of its patient.

    Raises:
        GatewayError: unprocessable, without a patient or with a code that is none; duplicate,
            where the patient has one already.
    """
    key = _key(write.resource)
    stored = await storing.store(tx, deps, write)
    if key and await identities.add(tx, "Basic", stored.id, key) is not None:
        text = "The patient has a scheduling preference already; change that one"
        raise GatewayError(Category.DUPLICATE, Issue(text, ("Basic.subject",), "duplicate"))
    return stored


async def update(tx: Transaction, deps: Deps, old: Stored, write: Write) -> Stored:
    """The same for another version."""
    identities.keep_only(tx, "Basic", old.id, _key(write.resource))
    return await create(tx, deps, write)


def _key(basic: Resource) -> tuple[tuple[str, str], ...]:
    """What a preference is unique by; nothing for another Basic resource."""
    if not is_preference(basic):
        return ()
    patient = reference_of(basic.get("subject"))
    if patient is None or patient.type != "Patient":
        raise _wrong("A scheduling preference needs a Patient of this server", "Basic.subject")
    issues = complaints(basic, EXT_PREFERENCE)
    if issues:
        raise GatewayError(Category.UNPROCESSABLE, *issues)
    _check(extension(basic, EXT_PREFERENCE) or {})
    return ((SYSTEM_BASIC, f"{BASIC_PREFERENCE}|{patient}"),)


def _check(stated: Resource) -> None:
    for part in stated.get("extension", ()):
        name = part.get("url")
        if name in _CODES and part.get("valueCode") not in _CODES[name]:
            raise _wrong(f"{name} is one of {', '.join(_CODES[name])}", "Basic.extension")
        inner = {each.get("url"): each for each in part.get("extension", ())}
        if name == "practitioner" and not _points_to(part, "Practitioner"):
            raise _wrong("practitioner is a reference to a Practitioner", "Basic.extension")
        if name == "travel" and not (
            _points_to(inner.get("location", {}), "Location")
            and "valueUnsignedInt" in inner.get("minutes", {})
        ):
            raise _wrong("travel needs a location and minutes", "Basic.extension")


def _points_to(part: Resource, kind: str) -> bool:
    ref = reference_of(part.get("valueReference"))
    return ref is not None and ref.type == kind


def _wrong(text: str, expression: str) -> GatewayError:
    return GatewayError(Category.UNPROCESSABLE, Issue(text, (expression,), "business-rule"))
