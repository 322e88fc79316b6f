"""In which character set, zone and form of time does this sender write?

Source: hl7v2.md sections 1.8 and 3.3.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from fhir_gateway.core.time import zone
from fhir_gateway.hl7.charset import codec_of
from fhir_gateway.hl7.peek import peek
from fhir_gateway.mapping.moments import Moment, read_as, read_ts
from fhir_gateway.mapping.suggesting.evidence import Suggestion, confidence, some
from fhir_gateway.mapping.suggesting.seen import Seen
from fhir_gateway.mapping.tables import lookup, table
from fhir_gateway.mapping.zones import in_range

_TIMES = ("MSH-7", "TQ1-7", "TQ1-8", "SCH-11.4", "SCH-11.5", "SCH-11.1", "PID-7", "PV1-44")
_FORMS = (
    "DD/MM/YYYY HH:mm", "MM/DD/YYYY HH:mm", "DD/MM/YYYY HH:mm:ss", "MM/DD/YYYY HH:mm:ss",
    "DD/MM/YYYY", "MM/DD/YYYY", "MM/DD/YYYY hh:mm a", "DD/MM/YYYY hh:mm a", "MM/DD/YYYY hh:mm:ss a",
    "DD.MM.YYYY HH:mm", "DD.MM.YYYY HH:mm:ss", "DD.MM.YYYY", "DD-MM-YYYY HH:mm", "MM-DD-YYYY HH:mm",
    "DD-MM-YYYY", "MM-DD-YYYY", "DD-MMM-YYYY HH:mm", "DD-MMM-YYYY", "DD MMM YYYY HH:mm",
    "YYYY/MM/DD HH:mm", "YYYY/MM/DD HH:mm:ss", "YYYY/MM/DD", "MM/DD/YY HH:mm", "DD/MM/YY HH:mm",
)  # fmt: skip


def country(messages: Sequence[Seen]) -> tuple[str, str]:
    """Two letters and the field that says so; '' where nothing does."""
    for name in ("MSH-17", "PID-11.6", "MSH-18"):  # some write their country where the set belongs
        found = Counter(filter(None, (_two(each.text(name)) for each in messages)))
        if found:
            return found.most_common(1)[0][0], name
    return "", ""


def _two(text: str) -> str:
    code = text.strip().upper()
    rows = table("countries").values()
    found = (row for row in rows if code in (row["country"], row["letters"]))
    return next((row["country"] for row in found), "") if code else ""


def charset(raws: Sequence[bytes], messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """A set that wins over MSH-18, where the bytes are not what it says."""
    beyond = [raw for raw in raws if not raw.isascii()]
    if not beyond:
        return
    headers = [header for raw in beyond if (header := peek(raw))]
    declared = Counter(header.repetitions(18)[0] or "nothing" for header in headers)
    stated = ", ".join(f"'{name}' ({count}x)" for name, count in declared.most_common(3))
    told = f"{len(beyond)} messages are not pure ASCII; MSH-18 says {stated}"
    wrong = [name for name in declared if not _readable(name, beyond)]
    utf8 = sum(_decodes(raw, "utf-8") for raw in beyond)
    if utf8 == len(beyond):
        if any(_safe_codec(name) not in ("utf-8", "ascii", "") for name in declared):
            text = "all of them are valid UTF-8, which other sets are hardly ever by chance"
            yield Suggestion("charset", "UNICODE UTF-8", confidence(utf8, utf8), (told, text))
        return
    shifted = sum(b"\x1b$" in raw for raw in beyond)
    if shifted and "ISO IR87" not in declared:
        text = f"{shifted} hold the shift sequences of JIS X 0208 (ESC $)"
        yield Suggestion("charset", "ISO IR87", confidence(shifted, len(beyond)), (told, text))
        return
    if wrong:
        yield _by_country(beyond, messages, told)


def _by_country(beyond: Sequence[bytes], messages: Sequence[Seen], told: str) -> Suggestion:
    where, place = country(messages)
    codec = lookup("countries", where, "codec") or "cp1252"
    fits = sum(_decodes(raw, codec) for raw in beyond)
    why = f"they are no UTF-8; {fits} can be read as {codec}"
    hint = f"; {place} says {where}, where that is usual" if where else ""
    against = () if where else ("nothing says the country; any set of one byte can be read",)
    sure = confidence(fits, len(beyond)) * (1.0 if where else 0.5)
    return Suggestion("charset", codec, round(sure, 2), (told, why + hint), against)


def _safe_codec(declared: str) -> str:
    try:
        return codec_of(declared) or ""
    except LookupError:
        return "none"


def _readable(declared: str, beyond: Sequence[bytes]) -> bool:
    codec = _safe_codec(declared)
    return codec not in ("", "none") and all(_decodes(raw, codec) for raw in beyond)


def _decodes(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except (UnicodeError, LookupError):
        return False
    return True


def time_zone(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """A zone that agrees with every offset that is told, in the country of the sender."""
    told = [each for each in (_sent(one) for one in messages) if each]
    offsets = Counter(f"{each:%z}" for each in told)
    where, place = country(messages)
    name = lookup("countries", where, "zone")
    counted = ", ".join(f"{offset} ({count}x)" for offset, count in offsets.most_common(4))
    evidence = [f"MSH-7 says {counted}"] if told else ["no time says its offset"]
    if where:
        evidence.append(f"{place} says {where}")
    if not name:
        why = f"{where} has several zones" if where else "nothing says the country"
        yield Suggestion("zone", None, 0.0, tuple(evidence), (f"{why}: a person has to say it",))
        return
    fits = sum(each.astimezone(zone(name)).utcoffset() == each.utcoffset() for each in told)
    against = () if fits == len(told) else (f"{len(told) - fits} offsets are not those of {name}",)
    sure = (
        max(0.5, confidence(fits, len(told))) if fits == len(told) else confidence(fits, len(told))
    )
    yield Suggestion("zone", name, sure, tuple(evidence), against)


def _sent(one: Seen) -> datetime | None:
    header: Moment | None = one.reading.header_time
    if header is None or header.offset is None or not in_range(header):
        return None
    return header.local.replace(tzinfo=header.offset)


def time_formats(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """Forms of those times that are none of HL7."""
    texts = [
        (name, text)
        for each in messages
        for name in _TIMES
        if (text := each.text(name)) and _is_date(text) and read_ts(text) is None
    ]
    if not texts:
        return
    written = [text for _, text in texts]
    fits = {form: sum(read_as(text, (form,)) is not None for text in written) for form in _FORMS}
    chosen: list[str] = []
    left = set(written)
    for form in sorted(fits, key=lambda each: -fits[each]):
        covered = {text for text in left if read_as(text, (form,))}
        if covered:
            chosen.append(form)
            left -= covered
    doubt = [
        f"{form} and {_swapped(form)} both fit: no day is beyond 12"
        for form in chosen
        if fits.get(_swapped(form)) == fits[form]
    ]
    where = ", ".join(sorted({name for name, _ in texts}))
    told = f"{len(written)} times in {where} are none of HL7: {some(written)}"
    against = [*doubt, *([f"{len(left)} of them fit no form: {some(left)}"] if left else [])]
    sure = confidence(len(written) - sum(t in left for t in written), len(written))
    value = tuple(chosen) or None
    yield Suggestion("time_formats", value, 0.2 if doubt else sure, (told,), tuple(against))


def _is_date(text: str) -> bool:
    return (
        re.fullmatch(r"[0-9]{1,4}[-/. ][0-9A-Za-z]{1,3}[-/. ][0-9]{1,4}.{0,30}", text) is not None
    )


def _swapped(form: str) -> str:
    """The form with day and month in each other's place; '' where the month has a name."""
    if "MMM" in form:
        return ""
    return form.replace("DD", "~").replace("MM", "DD").replace("~", "MM")
