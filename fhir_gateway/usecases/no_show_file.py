"""What does a table of appointments and their outcomes say?

The columns of the public data set "Medical Appointment No Shows", in any order and spelling:
PatientId, ScheduledDay, AppointmentDay and No-show have to be there; Age, Gender, SMS_received and
AppointmentID are used where they are; everything else is not looked at. RFC 4180, with comma,
semicolon or tab; a byte order mark and compression by gzip are taken.
"""

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import numpy as np

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.engines.clinic_time import day_number
from fhir_gateway.engines.no_show_trial import Booked

_PATIENT, _BOOKED, _DAY, _MISSED = "patientid", "scheduledday", "appointmentday", "noshow"
_AGE, _SEX, _REMINDED, _ID = "age", "gender", "smsreceived", "appointmentid"
_NEEDED = {_PATIENT: "PatientId", _BOOKED: "ScheduledDay", _DAY: "AppointmentDay",
           _MISSED: "No-show"}  # fmt: skip
_ALSO = {"sex": _SEX, "patient": _PATIENT, "sms": _REMINDED}
_YES = frozenset({"yes", "y", "true", "1", "1.0"})
_NO = frozenset({"no", "n", "false", "0", "0.0"})
_SEXES = {"m": 1.0, "male": 1.0, "f": 0.0, "female": 0.0}
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_OLDEST = 130
_TOLD_EVERY = 5000


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line.

    Args:
        patient: Normalised, so that 12345 and 1.2345E+4 are the same.
        day: Of the appointment, days since 1970-01-01.
        booked: When it was booked, days since 1970-01-01 with fractions.
        has_hour: Whether the hour of the booking is known.
        missed, age, male, reminded: As in `Booked`.
        id: AppointmentID; empty where there is none.
    """

    patient: str
    day: int
    booked: float
    has_hour: bool
    missed: bool
    age: float
    male: float
    reminded: float
    id: str


def read_outcomes(
    name: str, content: bytes, progress: Callable[[int], object] = lambda _: None
) -> list[Outcome]:
    """Read a table.

    Args:
        name: Of the file, for what is said about it.
        content: As it is, or compressed by gzip.
        progress: Told the number of lines now and then.

    Raises:
        GatewayError: invalid, with the name and the line.
    """
    text = _text(name, content)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        places = _places(name, next(rows, []))
        found = []
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) <= max(places.values()):
                text = f"it has {len(row)} columns, fewer than the header"
                raise fail(Category.INVALID, f"{name}, line {rows.line_num}: {text}")
            found.append(_outcome(row, places, f"{name}, line {rows.line_num}"))
            if len(found) % _TOLD_EVERY == 0:
                progress(rows.line_num)
    except csv.Error as error:
        raise fail(Category.INVALID, f"{name}, line {rows.line_num}: {error}") from error
    if not found:
        raise fail(Category.INVALID, f"{name}: no appointment below the header")
    return found


def booked(outcomes: Sequence[Outcome]) -> Booked:
    """The lines as columns."""
    told = dict.fromkeys(each.patient for each in outcomes)
    names = {name: number for number, name in enumerate(told)}

    def column(value: Callable[[Outcome], float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.fromiter((value(each) for each in outcomes), np.float64, len(outcomes))

    moments = column(lambda each: each.booked)
    has_hour = column(lambda each: each.has_hour) > 0
    return Booked(
        patient=np.array([names[each.patient] for each in outcomes], dtype=np.int64),
        day=np.array([each.day for each in outcomes], dtype=np.int64),
        booked=moments,
        booking_hour=np.where(has_hour, (moments % 1) * 24, math.nan),
        hour=np.full(len(outcomes), math.nan),
        missed=column(lambda each: each.missed),
        counted=np.ones(len(outcomes), dtype=np.bool_),
        age=column(lambda each: each.age),
        male=column(lambda each: each.male),
        reminded=column(lambda each: each.reminded),
    )


def _text(name: str, content: bytes) -> str:
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise fail(Category.INVALID, f"{name}: it is damaged ({error})") from error
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # no name is looked at: the rest is ASCII in both
    return text.removeprefix("\ufeff")


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)


def _places(name: str, header: Sequence[str]) -> Mapping[str, int]:
    """Column of each field that is used."""
    places: dict[str, int] = {}
    for place, cell in enumerate(header):
        plain = re.sub(r"[^a-z0-9]", "", cell.lower())
        plain = _ALSO.get(plain, plain)
        if plain in places and plain in {*_NEEDED, _AGE, _SEX, _REMINDED, _ID}:
            raise fail(Category.INVALID, f"{name}, line 1: two columns are called {cell.strip()}")
        places.setdefault(plain, place)
    missing = [title for plain, title in _NEEDED.items() if plain not in places]
    if missing:
        raise fail(Category.INVALID, f"{name}, line 1: there is no column {', '.join(missing)}")
    used = (*_NEEDED, _AGE, _SEX, _REMINDED, _ID)
    return {plain: places[plain] for plain in used if plain in places}


def _outcome(row: Sequence[str], places: Mapping[str, int], line: str) -> Outcome:
    def cell(field: str) -> str:
        return row[places[field]].strip() if field in places else ""

    day, _ = _moment(cell(_DAY), "AppointmentDay", line)
    moment, has_hour = _moment(cell(_BOOKED), "ScheduledDay", line)
    missed = _yes_or_no(cell(_MISSED), "No-show", line)
    if missed is None:
        raise _wrong(line, "No-show", "", "Yes or No")
    if not cell(_PATIENT):
        raise _wrong(line, "PatientId", "", "a number or name")
    reminded = _yes_or_no(cell(_REMINDED), "SMS_received", line)
    return Outcome(
        patient=_number_or_text(cell(_PATIENT)),
        day=math.floor(day),
        booked=moment,
        has_hour=has_hour,
        missed=missed,
        age=_age(cell(_AGE), line),
        male=_SEXES.get(cell(_SEX).lower(), math.nan),
        reminded=math.nan if reminded is None else float(reminded),
        id=_number_or_text(cell(_ID)),
    )


def _moment(text: str, field: str, line: str) -> tuple[float, bool]:
    """Days since 1970-01-01 as they stand there, and whether a time of day stands there."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise _wrong(line, field, text, "a date like 2016-04-29 or 2016-04-29T18:38:08Z")
    year, month, day, hour, minute, second = (int(each or 0) for each in match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - local
    except ValueError:
        raise _wrong(line, field, text, "a day and time that there are") from None
    since_midnight = (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86_400
    return day_number(date(year, month, day)) + since_midnight, match[4] is not None


def _yes_or_no(text: str, field: str, line: str) -> bool | None:
    if not text:
        return None
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise _wrong(line, field, text, "Yes or No")


def _age(text: str, line: str) -> float:
    """Years; what nobody can be is unknown."""
    if not text:
        return math.nan
    try:
        age = float(text)
    except ValueError:
        raise _wrong(line, "Age", text, "a number of years") from None
    return age if 0 <= age <= _OLDEST else math.nan


def _number_or_text(text: str) -> str:
    """One spelling for one number: spreadsheets write long ones with an exponent."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return str(number.normalize()) if number.is_finite() else text


def _wrong(line: str, field: str, text: str, right: str) -> GatewayError:
    said = f"'{text[:60]}' is not" if text else "it is empty, and has to be"
    return fail(Category.INVALID, f"{line}: {field}: {said} {right}")


def without(outcomes: Sequence[Outcome], known: Sequence[Outcome]) -> list[Outcome]:
    """Those that are not among others, by AppointmentID."""
    ids = {each.id for each in known if each.id}
    return [each for each in outcomes if each.id not in ids]
