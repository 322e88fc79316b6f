"""How far is a message from what its version of the standard prescribes?

The only importer of hl7apy. It is thousands of times slower than `hl7.message` and stricter than
any real feed, so it judges our own messages in tests and by sample, never on the way in, and
callers run it in a worker process (decision 12).

Source: HL7 v2 message structures as shipped with hl7apy, 2.3 to 2.8.2.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_gateway.hl7.message import Message

_FIELD = re.compile(r"\b([A-Z][A-Z0-9]{2})_([0-9]{1,3})\b")
_SEGMENT = re.compile(r"\b([A-Z][A-Z0-9]{2})\b")


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure from the standard.

    Args:
        severity: `error`, or `warning` for lengths and table values.
        location: `SCH^1^25`; '' where hl7apy names no segment. It never tells which of several
            segments of a name it means, so the sequence is always 1.
        diagnostics: hl7apy's own words.
    """

    severity: str
    location: str
    diagnostics: str


def report(raw: bytes) -> tuple[Deviation, ...]:
    """Compare a message with its version's structure, cardinalities, data types and tables.

    Args:
        raw: One message, unframed.

    Returns:
        Deviations in the order found; () for a message that conforms.

    Raises:
        Unreadable: no MSH.
    """
    # Loaded on first use: the import costs more than a thousand messages do in `hl7.message`.
    from hl7apy import SUPPORTED_LIBRARIES

    message = Message.parse(raw)
    if message.version not in SUPPORTED_LIBRARIES:
        return (Deviation("error", "MSH^1^12", f"no tables for version {message.version[:20]!r}"),)
    try:
        parsed = _parsed(message)
        if not hasattr(parsed, "reference"):
            words = f"version {message.version} has no structure for {message.event}"
            return (Deviation("error", "MSH^1^9^1^3", words),)
        return _findings(parsed)
    except Exception as error:  # noqa: BLE001 - hl7apy also fails with AttributeError and others
        return (_deviation("error", f"hl7apy cannot judge it: {error}"),)


def _parsed(message: Message) -> Any:
    """The message as hl7apy's own object; without `reference` where it knows no such structure."""
    from hl7apy.core import Message as Structure
    from hl7apy.parser import get_message_info, parse_message, parse_segments

    text = "".join(segment.raw.replace("\n", " ") + "\r" for segment in message.segments)
    if message.msh.raw_field(9) != "ACK":
        return parse_message(text, find_groups=True)
    # Before 2.3.1 an answer needs no trigger event, without which parse_message finds nothing.
    characters, _, version = get_message_info(text)
    answer = Structure("ACK", version=version, encoding_chars=characters)
    answer.children = parse_segments(text, version, characters, None, answer.reference, True)
    return answer


def _findings(parsed: Any) -> tuple[Deviation, ...]:
    """Everything the validator has to say; its exception would tell only the first error."""
    from hl7apy.exceptions import HL7apyException

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report"
        try:
            parsed.validate(report_file=str(path))
        except HL7apyException as error:
            # Usually the first error of those in the report, told a second time.
            if not path.exists():
                return (_deviation("error", str(error)),)
        lines = path.read_text().splitlines()
    pairs = (line.partition(": ") for line in lines)
    return tuple(_deviation(kind.lower(), text) for kind, mark, text in pairs if mark)


def _deviation(severity: str, text: str) -> Deviation:
    if field := _FIELD.search(text):
        return Deviation(severity, f"{field[1]}^1^{int(field[2])}", text)
    segments = _SEGMENT.findall(text)
    return Deviation(severity, f"{segments[-1]}^1" if segments else "", text)
