r"""How does text travel between delimiters?

Escape sequences that are not known stay in the text as they came. NUL, which neither FHIR nor
PostgreSQL can hold, becomes U+FFFD.

Source: HL7 v2.9.1 chapter 2, 2.7 use of escape sequences; hl7v2.md section 3.3.
"""

import re
from functools import lru_cache

from fhir_gateway.hl7.delimiters import Delimiters

#: `\.sp 9999999\` must not become a message of its own.
_MOST_REPEATED = 200
_SEQUENCE = (
    r"(?:[FSTREPHN]|X(?:[0-9A-Fa-f]{2})+"
    r"|\.(?:br|ce|fi|nf)|\.(?:sp|sk|in|ti) ?[+-]?[0-9]{0,4})"
)
#: Everything below a blank and DEL: no such byte is ever written as itself.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@lru_cache(maxsize=64)
def _pattern(escape: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(escape)}({_SEQUENCE}){re.escape(escape)}")


def _formatted(command: str) -> str:
    """Plain text for a formatting command such as `.br`, `.sp3` or `.in+2`."""
    name, amount = command[1:3], command[3:].strip().lstrip("+")
    if name in {"br", "ce"}:
        return "\n"
    if name not in {"sp", "sk"}:
        return ""
    count = int(amount) if amount.isdigit() else 1
    return ("\n" if name == "sp" else " ") * min(count, _MOST_REPEATED)


def _replacement(code: str, delimiters: Delimiters, encoding: str) -> str | None:
    """What one escape sequence stands for; None where it has to stay as it is."""
    if code.startswith("X"):
        try:
            return bytes.fromhex(code[1:]).decode(encoding)
        except UnicodeDecodeError:
            return None
    if code.startswith("."):
        return _formatted(code)
    return {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent or "&",
        "R": delimiters.repetition or "~",
        "E": delimiters.escape,
        "P": delimiters.truncation or "#",
    }.get(code, "")  # H and N switch highlighting on and off


def unescape(text: str, delimiters: Delimiters, encoding: str = "utf-8") -> str:
    r"""Replace escape sequences by what they stand for.

    Args:
        text: A component or subcomponent as it stands in the message.
        delimiters: Of the same message.
        encoding: Python codec of the message, for `\Xhh\`.
    """
    escape = delimiters.escape
    if escape and escape in text:
        text = _pattern(escape).sub(
            lambda match: (
                match[0]
                if (known := _replacement(match[1], delimiters, encoding)) is None
                else known
            ),
            text,
        )
    return text.replace("\0", "\ufffd") if "\0" in text else text


@lru_cache(maxsize=64)
def _special(delimiters: Delimiters) -> dict[int, str]:
    """Delimiter characters and their escape sequences, as a table for str.translate."""
    escape = delimiters.escape
    codes = {
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.subcomponent: "T",
        delimiters.repetition: "R",
        delimiters.escape: "E",
        delimiters.truncation: "P",
    }
    return {ord(char): escape + code + escape for char, code in codes.items() if char}


def escape_text(text: str, delimiters: Delimiters, encoding: str = "utf-8") -> str:
    r"""Write text so that no part of it can be taken for structure.

    A line break becomes `\.br\`, other control characters `\Xhh\`, and a text that would read as
    the null value `""` is written in hexadecimal.

    Args:
        text: Any text.
        delimiters: With an escape character.
        encoding: Python codec the message will be written in.
    """
    if text.isascii() and text.isalnum():  # no delimiter is a letter or digit
        return text
    mark = delimiters.escape
    if text == '""':
        return f"{mark}X2222{mark}"
    safe = (
        text.replace("\r\n", "\n").translate(_special(delimiters)).replace("\n", f"{mark}.br{mark}")
    )
    return _CONTROL.sub(
        lambda match: f"{mark}X{match[0].encode(encoding, 'replace').hex().upper()}{mark}", safe
    )
