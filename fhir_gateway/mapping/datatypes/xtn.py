"""How does a telecommunication number become a FHIR ContactPoint?

Source: HL7 v2.9.1 chapter 2A, XTN; v2-to-FHIR XTN[ContactPoint] (which gives a number that stands
only in XTN.7 no value; this map does); tables 0201 and 0202; hl7v2.md section 1.6.
"""

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.cx import period
from fhir_gateway.mapping.intent import Resource
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.tables import lookup

_MAIL = frozenset({"internet", "x.400"})


def _composed(field: Field) -> str:
    """`+5 6 7 X8`: country, area, local number, extension."""
    country, area, local, extension = (part(field, each) for each in (5, 6, 7, 8))
    if not local:
        return ""
    number = " ".join(filter(None, (f"+{country.lstrip('+')}" if country else "", area, local)))
    return f"{number} X{extension}" if extension else number


def _value(field: Field, mail: bool) -> str:
    if mail:
        return part(field, 4) or part(field, 1)
    return part(field, 12) or _composed(field) or part(field, 1)


def _system(field: Field, value: str) -> str:
    equipment, use = part(field, 3), part(field, 2).upper()
    if "@" in value or (use == "NET" and not equipment):
        return "email"
    known = lookup("0202", equipment, "system")
    if known == "email":
        return "other"  # declared as mail, but no address
    return known or ("other" if equipment else {"BPN": "pager"}.get(use, "phone"))


def _use(field: Field, default: str) -> str:
    """A mobile phone is one, even where it is said to belong to a residence."""
    stated = lookup("0201", part(field, 2), "use")
    if stated in ("", "home") and lookup("0202", part(field, 3), "use") == "mobile":
        return "mobile"
    return stated or default


def contact_point(
    field: Field, reading: Reading, place: str, *, default_use: str = ""
) -> Resource | None:
    """Read an XTN.

    Args:
        field: The field.
        reading: The message.
        place: For warnings.
        default_use: Where XTN.2 does not tell: home for PID-13, work for PID-14.

    Returns:
        None where it holds no number or address.
    """
    value = _value(field, part(field, 3).casefold() in _MAIL)
    if not value:
        return None
    found: Resource = {"system": _system(field, value), "value": value}
    if use := _use(field, default_use):
        found["use"] = use
    rank = part(field, 18)
    if rank.isascii() and rank.isdigit() and 0 < int(rank[:9]) < 2**31:
        found["rank"] = int(rank[:9])
    if span := period(part(field, 13), part(field, 14), reading, place):
        found["period"] = span
    return found
