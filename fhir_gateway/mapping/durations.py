"""How long is a v2 duration?

The standard says seconds where no unit is given; half of the feeds mean minutes.

Source: HL7 v2.9.1 chapter 10, SCH-10 and AIS-8; chapter 2A, TQ.3; hl7v2.md section 1.8 rules 6, 7.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from fhir_gateway.mapping.profiles import BlankUnit
from fhir_gateway.mapping.tables import lookup

_NUMBER = re.compile(r"([+-]?[0-9]{1,9}(?:\.[0-9]{0,6})?)\s*([A-Za-z]*)")
_PREFIXED = re.compile(r"([A-Za-z]{1,3})([0-9]{1,9})")
#: More is no appointment.
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration as read.

    Attributes:
        span: How long.
        guessed: Whether the unit was left blank (or is unknown) and had to be guessed.
        other: What it would be in the unit that was not chosen; None where a unit was given.
    """

    span: timedelta
    guessed: bool = False
    other: timedelta | None = None

    @property
    def minutes(self) -> int:
        """Whole minutes, rounded up."""
        return -(-int(self.span.total_seconds()) // 60)

    def fits(self, span: timedelta) -> bool:
        """Whether it can mean that span, to the minute."""
        return any(
            each is not None and abs(each - span) < timedelta(minutes=1)
            for each in (self.span, self.other)
        )


def _guess(number: Decimal, blank: BlankUnit) -> Duration:
    seconds, minutes = _span(number, 1), _span(number, 60)
    if blank == "guess":
        whole = number >= 300 and number % 60 == 0
        return Duration(*((seconds, True, minutes) if whole else (minutes, True, seconds)))
    chosen = (seconds, minutes) if blank == "seconds" else (minutes, seconds)
    return Duration(chosen[0], other=chosen[1])


def _span(number: Decimal, unit: int) -> timedelta:
    return timedelta(seconds=float(number * unit))


_NO_UNITS: Mapping[str, int] = {}


def _seconds(unit: str, own: Mapping[str, int]) -> int | None:
    if own:
        folded = unit.strip().casefold()
        told = next((value for name, value in own.items() if name.casefold() == folded), None)
        if told is not None:
            return told
    known = lookup("units", unit, "seconds")
    return int(known) if known else None


def read_duration(
    number: str, units: tuple[str, ...], blank: BlankUnit, own: Mapping[str, int] = _NO_UNITS
) -> Duration | None:
    """Read a number and its unit.

    Args:
        number: May carry its unit itself (`2 hours`), and a sign.
        units: Code and text of the unit (CWE.1, .2, .4 …), each may be ''.
        blank: What a number without known unit is in.
        own: Seconds of the sender's own units; they win.

    Returns:
        None where there is no number, or one beyond a year.
    """
    match = _NUMBER.fullmatch(number.strip())
    if match is None:
        return None
    value = Decimal(match[1])
    known = (_seconds(unit, own) for unit in (*units, match[2]) if unit)
    seconds = next((each for each in known if each), None)
    found = _guess(value, blank) if seconds is None else Duration(_span(value, seconds))
    return found if abs(found.span) <= _LONGEST else None


def read_tq_duration(
    text: str, blank: BlankUnit, own: Mapping[str, int] = _NO_UNITS
) -> Duration | None:
    """Read TQ.3: `M30`, `S1800`, `H1`, or a number with or without unit."""
    match = _PREFIXED.fullmatch(text.strip())
    if match:
        return read_duration(match[2], (match[1],), blank, own)
    return read_duration(text, (), blank, own)
