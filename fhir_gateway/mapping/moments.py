"""What does a v2 time stamp say, and how precisely?

`YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ]`. Also read: hundredths without a point (16 digits) and
after the minute (`YYYYMMDDHHMM.hh`), both of which are sent; a precision in TS.2; ISO 8601; and
the forms that a sender profile names.

Source: HL7 v2.9.1 chapter 2A, DTM and TS; hl7v2.md section 1.8 rule 1.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache

PRECISIONS = ("year", "month", "day", "hour", "minute", "second")

_TEXT = re.compile(r"([0-9]{4,16})(?:\.([0-9]{1,9}))?([+-][0-9]{4})?")
_ISO = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[T ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(\.[0-9]{1,9})?)?)? ?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
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
    written = text.strip()
    match = _TEXT.fullmatch(written) or _TEXT.fullmatch(_compact(written))
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
    return Moment(local, precision, offset, written)


def _compact(text: str) -> str:
    """ISO 8601 in the form of HL7; '' for everything else."""
    match = _ISO.fullmatch(text) if 10 <= len(text) <= 40 else None
    if match is None:
        return ""
    *digits, offset = (each or "" for each in match.groups())
    return "".join(digits) + ("+0000" if offset == "Z" else offset.replace(":", ""))


_TOKENS = {
    "YYYY": "(?P<year>[0-9]{4})", "YY": "(?P<short>[0-9]{2})", "MMM": "(?P<name>[A-Za-z]{3})",
    "MM": "(?P<month>[0-9]{1,2})", "DD": "(?P<day>[0-9]{1,2})", "HH": "(?P<hour>[0-9]{1,2})",
    "hh": "(?P<half>[0-9]{1,2})", "mm": "(?P<minute>[0-9]{2})", "ss": "(?P<second>[0-9]{2})",
    "a": "(?P<noon>[AaPp])\\.?[Mm]\\.?",
}  # fmt: skip
_TOKEN = re.compile("YYYY|YY|MMM|MM|DD|HH|hh|mm|ss|a")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


@lru_cache(maxsize=64)
def time_form(form: str) -> re.Pattern[str]:
    """A form of time as a pattern.

    Args:
        form: Of YYYY or YY, MM or MMM, DD, HH (or hh and a), mm, ss and separators:
            `DD/MM/YYYY HH:mm`.

    Raises:
        ValueError: it does not tell year, month and day, each once.
    """
    pieces, at = [], 0
    for token in _TOKEN.finditer(form):
        pieces += [re.escape(form[at : token.start()]), _TOKENS[token[0]]]
        at = token.end()
    try:
        pattern = re.compile("".join([*pieces, re.escape(form[at:])]))
    except re.error:
        raise ValueError(f"'{form[:40]}' names a part twice") from None
    told = set(pattern.groupindex)
    if not ({"year", "short"} & told and {"month", "name"} & told and "day" in told):
        raise ValueError(f"'{form[:40]}' does not tell year (YYYY), month (MM) and day (DD)")
    if ("half" in told) != ("noon" in told) or ("minute" in told) != bool({"hour", "half"} & told):
        raise ValueError(f"'{form[:40]}' tells no time of day: HH:mm, or hh:mm a")
    return pattern


def read_as(text: str, forms: Iterable[str]) -> Moment | None:
    """Read a time in the first of these forms that fits; None where none does."""
    written = text.strip()
    for form in forms:
        match = time_form(form).fullmatch(written) if len(written) <= 60 else None
        found = _moment_of(match.groupdict(), written) if match else None
        if found is not None:
            return found
    return None


def _moment_of(told: dict[str, str | None], written: str) -> Moment | None:
    try:
        named = told.get("name")
        month = _MONTHS.index(named.lower()) + 1 if named else int(told.get("month") or 0)
        year = int(told.get("year") or 2000 + int(told.get("short") or 0))
        hour = int(told.get("hour") or 0)
        if noon := told.get("noon"):
            hour = int(told.get("half") or 0) % 12 + (12 if noon in "Pp" else 0)
        minute, second = int(told.get("minute") or 0), int(told.get("second") or 0)
        local = datetime(year, month, int(told["day"] or 0), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    return Moment(local, "minute" if told.get("minute") else "day", None, written)
