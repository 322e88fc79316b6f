"""How are FHIR data types written as v2 ones?

The way back of `mapping.datatypes`; what is written here is read there as the same value.

Source: HL7 v2.9.1 chapter 2A; tables 0001, 0200, 0201, 0301; hl7v2.md section 1.6.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import parse_instant
from fhir_gateway.hl7.writer import Component, Repetition
from fhir_gateway.mapping.datatypes.hd import authority
from fhir_gateway.mapping.intent import Concept, Identifier, Resource

_SEX = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
_NAME_TYPE = {
    "official": "L", "usual": "D", "nickname": "N", "maiden": "M", "old": "BAD", "temp": "TEMP",
    "anonymous": "MSK",
}  # fmt: skip
_ADDRESS_TYPE = {"home": "H", "work": "O", "temp": "C", "old": "BA", "billing": "BI"}
_EQUIPMENT = {"phone": "PH", "fax": "FX", "pager": "BP", "email": "Internet"}
_USE = {"home": "PRN", "work": "WPN", "mobile": "PRS", "temp": "VHN"}


def sex(gender: str | None) -> str | None:
    """Table 0001."""
    return _SEX.get(gender or "")


def dtm(value: datetime, tz: ZoneInfo) -> str:
    """An instant at the receiver's wall clock, with its offset."""
    return value.astimezone(tz).strftime("%Y%m%d%H%M%S%z")


def dtm_of(text: str, tz: ZoneInfo) -> str:
    """A FHIR instant as DTM."""
    return dtm(parse_instant(text), tz)


def date(text: str | None) -> str | None:
    """A FHIR date of any precision."""
    return text.replace("-", "") if text else None


def type_code(identifier: Identifier) -> str | None:
    """Table 0203 code of an identifier."""
    codings: list[Resource] = identifier.get("type", {}).get("coding", [])
    return next((coding["code"] for coding in codings if coding.get("code")), None)


def hd(system: str | None) -> tuple[str, str, str] | None:
    """An identifier system as assigning authority."""
    return authority(system) if system else None


def ei(identifier: Identifier | None) -> Repetition:
    """An Identifier as EI."""
    if identifier is None:
        return None
    return (identifier.get("value"), *(hd(identifier.get("system")) or ()))


def cx(identifier: Identifier) -> Repetition:
    """An Identifier as CX."""
    kind = type_code(identifier) or identifier.get("type", {}).get("text")
    return (identifier.get("value"), None, None, hd(identifier.get("system")), kind)


def cwe(concept: Concept | None) -> Repetition:
    """A CodeableConcept as CWE: up to three codings and the text."""
    if not concept:
        return None
    triplets = [
        (coding.get("code"), coding.get("display"), coding.get("system"))
        for coding in [*concept.get("coding", ()), {}, {}, {}][:3]
    ]
    first, second, third = triplets
    tail: tuple[Component, ...] = (None, None, concept.get("text"), *third)
    return (*first, *second, *tail)


def ce(concept: Concept | None) -> Repetition:
    """A CodeableConcept as CE: two codings; the text where a coding has left room for it."""
    if not concept:
        return None
    codings: list[Resource] = [*concept.get("coding", ()), {}, {}][:2]
    text = concept.get("text")
    parts: list[str | None] = [
        component
        for each in codings
        for component in (each.get("code"), each.get("display"), each.get("system"))
    ]
    place = next((n for n in (1, 4) if parts[n] is None), None)
    if text and place is not None and text not in parts:
        parts[place] = text
    return tuple(parts)


def _given(name: Resource) -> tuple[str | None, str | None]:
    """First given name, and all others as one."""
    given: Sequence[str] = name.get("given", ())
    return (given[0] if given else None), (" ".join(given[1:]) or None)


def _one(values: Iterable[str]) -> str | None:
    return " ".join(values) or None


def xpn(name: Resource) -> Repetition:
    """A HumanName as XPN; one that is text only goes into the family name."""
    given, second = _given(name)
    family = name.get("family") or (None if given else name.get("text"))
    suffix, prefix = _one(name.get("suffix", ())), _one(name.get("prefix", ()))
    return (family, given, second, suffix, prefix, None, _NAME_TYPE.get(name.get("use", "")))


def xcn(practitioner: Resource) -> Repetition:
    """A Practitioner as XCN."""
    known: Identifier = next(iter(practitioner.get("identifier", ())), {})
    name: Resource = next(iter(practitioner.get("name", ())), {})
    given, second = _given(name)
    family = name.get("family") or (None if given else name.get("text"))
    suffix, prefix = _one(name.get("suffix", ())), _one(name.get("prefix", ()))
    use = _NAME_TYPE.get(name.get("use", ""))
    return (
        known.get("value"), family, given, second, suffix, prefix, None, None,
        hd(known.get("system")), use, None, None, type_code(known),
    )  # fmt: skip


def xad(address: Resource) -> Repetition:
    """An Address as XAD."""
    lines = [*address.get("line", ()), None, None][:2]
    kind = "M" if address.get("type") == "postal" else _ADDRESS_TYPE.get(address.get("use", ""))
    return (
        lines[0], lines[1], address.get("city"), address.get("state"), address.get("postalCode"),
        address.get("country"), kind, None, address.get("district"),
    )  # fmt: skip


def xtn(point: Resource) -> Repetition:
    """A ContactPoint as XTN; an address for mail stands in XTN.4."""
    system, use = point.get("system"), _USE.get(point.get("use", ""))
    equipment = "CP" if point.get("use") == "mobile" else _EQUIPMENT.get(system or "")
    if system == "email":
        return (None, use, "Internet", point.get("value"))
    return (point.get("value"), use, equipment)


def pl(location: Resource) -> Repetition:
    """A Location as PL: its identifier as point of care and, with its system, in PL.10."""
    known = next(iter(location.get("identifier", ())), None)
    if known is None:
        return (*[None] * 8, location.get("name"))
    full: Component = (known.get("value"), *(hd(known.get("system")) or ()))
    return (known.get("value"), *[None] * 7, location.get("name"), full)


def device(resource: Resource) -> Repetition:
    """A Device as CE: its identifier, name and system."""
    known: Identifier = next(iter(resource.get("identifier", ())), {})
    names = [each.get("name") for each in resource.get("deviceName", ())]
    return (known.get("value"), next(iter(names), None), known.get("system"))
