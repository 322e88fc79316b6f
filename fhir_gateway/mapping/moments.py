"""What does a v2 time stamp say, and how precisely?

`YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ]`. Also read: hundredths without a point (16 digits) and
after the minute (`YYYYMMDDHHMM.hh`), both of which are sent; a precision in TS.2.

Source: HL7 v2.9.1 chapter 2A, DTM and TS; hl7v2.md section 1.8 rule 1.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

PRECISIONS = ("year", "month", "day", "hour", "minute", "second")

_TEXT = re.compile(r"([0-9]{4,16})(?:\.([0-9]{1,9}))?([+-][0-9]{4})?")
_LENGTHS = {4: "year", 6: "month", 8: "day", 10: "hour", 12: "minute", 14: "second", 16: "second"}
_TS_2 = {"Y": "year", "L": "month", "D": "day", "H": "hour", "M": "minute", "S": "second"}
#: The widest offset of a FHIR instant.
_MOST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time stamp as written.

    Attributes:
        local: Naive; parts beyond the precision are 1 or 0.
        precision: One of PRECISIONS.
        offset: What the value itself says; None where it says nothing.
        text: As it stood in the message.
    """

    local: datetime
    precision: str
    offset: timezone | None
    text: str

    @property
    def has_time(self) -> bool:
        """Whether it tells the minute."""
        return self.precision in ("minute", "second")

    @property
    def date(self) -> str:
        """FHIR date, as precise as the value, no finer than the day."""
        width = {"year": 4, "month": 7}.get(self.precision, 10)
        return self.local.date().isoformat()[:width]


def _offset(text: str | None) -> timezone | None:
    """The offset `+HHMM`; ValueError beyond what FHIR can write."""
    if not text:
        return None
    span = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    if span > _MOST_OFFSET or int(text[3:5]) > 59:
        raise ValueError("no such offset")
    return timezone(-span if text[0] == "-" else span)


def _local(digits: str, precision: str, fraction: str | None) -> datetime:
    parts = [int(digits[:4])] + [int(digits[at : at + 2]) for at in range(4, len(digits), 2)]
    parts += [1, 1][len(parts) - 1 :] if len(parts) < 3 else []
    if len(parts) == 7:
        fraction = digits[14:16]
        parts = parts[:6]
    leap = len(parts) == 6 and parts[5] == 60
    if leap:
        parts[5] = 59
    micros = int((fraction or "0").ljust(6, "0")[:6]) if precision == "second" else 0
    whole = datetime(*parts, microsecond=micros)  # type: ignore[arg-type,misc]  # noqa: DTZ001
    return whole + timedelta(seconds=1) if leap else whole


def read_ts(text: str, declared: str = "") -> Moment | None:
    """Read a time stamp.

    Args:
        text: TS.1 or DTM.
        declared: TS.2, degree of precision; it can only take precision away.

    Returns:
        None for '' and for what is no time.
    """
    match = _TEXT.fullmatch(text.strip())
    precision = _LENGTHS.get(len(match[1])) if match else None
    if match is None or precision is None:
        return None
    try:
        local = _local(match[1], precision, match[2])
        offset = _offset(match[3])
    except (ValueError, OverflowError):
        return None
    coarse = _TS_2.get(declared.strip().upper(), precision)
    precision = min(precision, coarse, key=PRECISIONS.index)
    return Moment(local, precision, offset, text.strip())
