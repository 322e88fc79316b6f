"""In which character set are these bytes written?

Order: what the operator says of the sender, MSH-18, valid UTF-8, windows-1252 with a warning.
Bad bytes are never a reason to refuse a message.

Source: HL7 table 0211; values outside the table seen in real feeds; hl7v2.md section 3.3.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fhir_gateway.hl7.delimiters import Unreadable

#: Table 0211, and what senders write in its place, to Python codecs. Keys are compared without
#: regard to case, blanks, `-`, `_` and `/`. None: there is no codec.
CODECS: dict[str, str | None] = {
    "ASCII": "ascii", "US-ASCII": "ascii", "ISO IR6": "ascii", "ISO-IR-6": "ascii",
    "8859/1": "iso8859-1", "8859/2": "iso8859-2", "8859/3": "iso8859-3", "8859/4": "iso8859-4",
    "8859/5": "iso8859-5", "8859/6": "iso8859-6", "8859/7": "iso8859-7", "8859/8": "iso8859-8",
    "8859/9": "iso8859-9", "8859/10": "iso8859-10", "8859/11": "iso8859-11",
    "8859/13": "iso8859-13", "8859/14": "iso8859-14", "8859/15": "iso8859-15",
    "8859/16": "iso8859-16",
    "ISO8859/1": "iso8859-1", "ISO-8859-2": "iso8859-2", "ISO-8859-15": "iso8859-15",
    "LATIN1": "iso8859-1",
    "UNICODE UTF-8": "utf-8", "UNICODE": "utf-8", "UTF-8": "utf-8", "UNICODE/UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16", "UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32", "UTF-32": "utf-32",
    "GB 18030-2000": "gb18030", "GB18030": "gb18030", "GBK": "gb18030", "GB2312": "gb18030",
    "BIG-5": "big5hkscs", "BIG5": "big5hkscs",
    "ISO IR14": "shift_jis", "SHIFT_JIS": "shift_jis",
    "JAS2020": "iso2022_jp_2", "JIS X 0202": "iso2022_jp_2", "JIS X 0208": "iso2022_jp_2",
    "ISO IR87": "iso2022_jp_2", "ISO IR159": "iso2022_jp_2", "ISO-2022-JP": "iso2022_jp_2",
    "KS X 1001": "euc_kr", "EUC-KR": "euc_kr",
    "CNS 11643-1992": None,
    "WINDOWS-1252": "cp1252", "CP1252": "cp1252", "WINDOWS-1256": "cp1256",
}  # fmt: skip

_UTF8_MARK = codecs.BOM_UTF8
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text, the Python codec that gave it without loss, and what was odd."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def _key(name: str) -> str:
    return name.upper().translate({ord(each): None for each in " -_/"})


_BY_KEY = {_key(name): codec for name, codec in CODECS.items()}


def codec_of(declared: str) -> str | None:
    """The Python codec of one repetition of MSH-18; None where the value is not known.

    Raises:
        LookupError: table 0211 has it and Python has no codec for it.
    """
    key = _key(declared)
    if key in _BY_KEY and _BY_KEY[key] is None:
        raise LookupError(declared)
    return _BY_KEY.get(key)


@lru_cache(maxsize=256)
def _declared_codecs(declared: tuple[str, ...]) -> tuple[str, ...]:
    """Codecs to try for MSH-18; one with shift sequences first, since it looks like ASCII.

    A header that says UTF-16 or UTF-32 and could be read as ASCII is not written in it.
    """
    found = [codec for each in declared if each and (codec := codec_of(each))]
    known = [each for each in found if not each.startswith(("utf-16", "utf-32"))]
    return tuple(sorted(known, key=lambda codec: not codec.startswith("iso2022")))


#: Codecs in which a byte below 128 is the character of ASCII, and nothing else is.
_TRANSPARENT = ("ascii", "utf-8", "iso8859", "cp125")


@lru_cache(maxsize=256)
def is_transparent(declared: tuple[str, ...], override: str | None = None) -> bool:
    """Whether delimiters and line ends can be found in the bytes, before they are decoded.

    Args:
        declared: The repetitions of MSH-18 as written.
        override: See `decode`.

    Returns:
        True where each set that is tried is so, and one of them has every byte.
    """
    try:
        tried = [
            *_declared_codecs(declared),
            *([codec_of(override) or override] if override else ()),
        ]
    except LookupError:
        return False
    return all(each.startswith(_TRANSPARENT) for each in tried)


def _attempt(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _last_resort(raw: bytes, warnings: tuple[str, ...]) -> Decoded:
    """Windows-1252, or ISO 8859-1 where it has a hole; both keep every byte."""
    for encoding in ("cp1252", "iso8859-1"):
        text = _attempt(raw, encoding)
        if text is not None:
            return Decoded(text, encoding, (*warnings, f"read as {encoding}: not valid UTF-8"))
    raise AssertionError("ISO 8859-1 gives every byte a character")


def decode(raw: bytes, declared: Sequence[str] = (), override: str | None = None) -> Decoded:
    """Decode a whole message.

    Args:
        raw: The message, with or without a byte order mark.
        declared: The repetitions of MSH-18 as written.
        override: What the operator knows of this sender: a table 0211 value or a Python codec.

    Returns:
        Text without byte order mark, the codec used, warnings.

    Raises:
        Unreadable: declared in a set without a codec, and not valid UTF-8 either.
    """
    if raw.startswith(_UTF16_MARKS) and (text := _attempt(raw, "utf-16")) is not None:
        return Decoded(text, "utf-16", ("the message came in UTF-16",))
    raw = raw.removeprefix(_UTF8_MARK)
    warnings: tuple[str, ...] = ()
    if override:
        encoding = codec_of(override) or override
        if (text := _attempt(raw, encoding)) is not None:
            return Decoded(text, encoding)
        warnings = (f"not valid in {encoding}, which is configured for the sender",)
    return _by_declaration(raw, declared, warnings)


def _suspicion(raw: bytes, stated: str, encoding: str) -> tuple[str, ...]:
    """Bytes that happen to be UTF-8 are hardly ever anything else; every byte is 8859/1, though."""
    if raw.isascii() or not encoding.startswith("iso8859") or _attempt(raw, "utf-8") is None:
        return ()
    return (f"MSH-18 says {stated}, and is believed; the bytes look like UTF-8",)


def _by_declaration(raw: bytes, declared: Sequence[str], warnings: tuple[str, ...]) -> Decoded:
    stated = ", ".join(each[:20] for each in declared if each)
    try:
        codecs_to_try = _declared_codecs(tuple(declared))
    except LookupError:
        if (text := _attempt(raw, "utf-8")) is None:
            raise Unreadable(f"no codec for the character set {stated} of MSH-18") from None
        return Decoded(text, "utf-8", (*warnings, f"MSH-18 says {stated}; read as UTF-8"))
    for encoding in codecs_to_try:
        if (text := _attempt(raw, encoding)) is not None:
            told = (*warnings, *_suspicion(raw, stated, encoding))
            return Decoded(text, "utf-8" if encoding == "ascii" else encoding, told)
    if stated and not raw.isascii():
        known = "the bytes are not" if codecs_to_try else "which is no known character set"
        warnings = (*warnings, f"MSH-18 says {stated}; {known}")
    if (text := _attempt(raw, "utf-8")) is not None:
        return Decoded(text, "utf-8", warnings)
    return _last_resort(raw, warnings)
