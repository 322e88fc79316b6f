"""Which characters cut this message into fields, and when can it not be cut at all?

The characters come from MSH-1 and MSH-2 of each message; nothing else in the gateway may assume
`|^~\\&`.

Source: HL7 v2.9.1 chapter 2, 2.5.4 message delimiters; hl7v2.md section 3.3.
"""

from dataclasses import dataclass
from functools import lru_cache

from fhir_gateway.core.errors import Category, GatewayError, Issue


class Unreadable(GatewayError):  # noqa: N818 - a state of the message, as in the standard's prose
    """Raised for bytes that are no HL7 v2 message: no MSH, or no way to decode it.

    Args:
        reason: A sentence for a person; it never quotes the content.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(Category.INVALID, Issue(reason, ("MSH^1",), "structure"))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and the characters of MSH-2; an empty string is a delimiter not in use."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


DEFAULT_DELIMITERS = Delimiters()


def _plausible(characters: str) -> bool:
    """Whether every character can be a delimiter: distinct, printable ASCII, no letter or digit."""
    return len(set(characters)) == len(characters) and all(
        "!" <= each <= "~" and not each.isalnum() for each in characters
    )


def read_delimiters(header: str) -> tuple[Delimiters, tuple[str, ...]]:
    """Read MSH-1 and MSH-2.

    Args:
        header: Text that begins with `MSH` (or FHS, BHS).

    Returns:
        The delimiters and warnings; where MSH-2 makes no sense the usual ones, with a warning.

    Raises:
        Unreadable: the character after the segment name cannot be a field separator.
    """
    return _read(header[3:16])


@lru_cache(maxsize=256)
def _read(beginning: str) -> tuple[Delimiters, tuple[str, ...]]:
    separator = beginning[:1]
    if not separator or not _plausible(separator):
        raise Unreadable("the header segment has no field separator")
    declared = beginning[1:].split(separator, 1)[0].split("\r", 1)[0].split("\n", 1)[0]
    if not declared or len(declared) > 5 or not _plausible(separator + declared):
        usual = Delimiters(field=separator)
        return usual, ("MSH-2 holds no usable encoding characters; the usual ones are taken",)
    return Delimiters(separator, *declared, *([""] * (5 - len(declared)))), ()
