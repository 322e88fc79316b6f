"""How far is a message from what its version of the standard prescribes?

The only importer of hl7apy. It is thousands of times slower than `hl7.message` and stricter than
any real feed, so it judges our own messages in tests and those of others on demand, never on the
way in (decision 12).

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
#: How hl7apy begins what it says, and which rule that is about.
_RULES = {
    "Missing required child": "required",
    "Child limit exceeded": "cardinality",
    "Value": "table",
    "Exceeded max length": "length",
    "Datatype": "datatype",
}
#: Structures of messages whose senders name another, or one of their own making.
_STRUCTURES = {
    "SIU": "SIU_S12", "SRM": "SRM_S01", "SRR": "SRR_S01", "SQM": "SQM_S25", "SQR": "SQR_S25",
    "ACK": "ACK", "ADT_A01": "ADT_A01", "ADT_A04": "ADT_A01", "ADT_A08": "ADT_A01",
    "ADT_A05": "ADT_A05", "ADT_A28": "ADT_A05", "ADT_A31": "ADT_A05", "ADT_A03": "ADT_A03",
    "ADT_A09": "ADT_A09", "ADT_A10": "ADT_A09", "ADT_A11": "ADT_A09", "ADT_A38": "ADT_A38",
    "ADT_A40": "ADT_A39", "ADT_A41": "ADT_A39",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure from the standard.

    Args:
        severity: `error`, or `warning` for lengths and table values.
        location: `SCH^1^25`; '' where hl7apy names no segment. It never tells which of several
            segments of a name it means, so the sequence is always 1.
        diagnostics: hl7apy's own words.
        rule: What was broken: `version`, `structure`, `required`, `cardinality`, `length`,
            `datatype` or `table`.
    """

    severity: str
    location: str
    diagnostics: str
    rule: str = "structure"


@dataclass(frozen=True, slots=True)
class Report:
    """How a message compares with the standard.

    Attributes:
        declared: Version of MSH-12.
        used: Version whose tables were used; the nearest where the one declared has none.
        structure: What it was compared with (`SIU_S12`); '' where there is none.
        deviations: In the order found.
    """

    declared: str
    used: str
    structure: str
    deviations: tuple[Deviation, ...]


def report(raw: bytes) -> tuple[Deviation, ...]:
    """The deviations of `compare`."""
    return compare(raw).deviations


def compare(raw: bytes, charset: str | None = None) -> Report:
    """Compare a message with its version's structure, cardinalities, data types and tables.

    Where the version or the structure it declares has no tables, that is a deviation, and the
    nearest that has is used.

    Args:
        raw: One message, unframed.
        charset: Known for the sender; wins over MSH-18.

    Raises:
        Unreadable: no MSH.
    """
    message = Message.parse(raw, encoding=charset)
    used, structure, found = _tables_for(message)
    if structure is not None:
        try:
            found += _findings(_parsed(message, used, structure))
        except Exception as error:  # noqa: BLE001 - hl7apy also fails with AttributeError and others
            found.append(_deviation("error", f"hl7apy cannot judge it: {error}"))
    return Report(message.version, used, structure or "", tuple(found))


def _tables_for(message: Message) -> tuple[str, str | None, list[Deviation]]:
    """Version and structure to judge by, and what was wrong with those declared."""
    # Loaded on first use: the import costs more than a thousand messages do in `hl7.message`.
    from hl7apy import SUPPORTED_LIBRARIES, load_library

    found: list[Deviation] = []
    version = message.version
    if version not in SUPPORTED_LIBRARIES:
        nearest = max((each for each in SUPPORTED_LIBRARIES if each <= version), default="2.5.1")
        words = f"no tables for version {version[:20]!r}; those of {nearest} are used"
        found.append(Deviation("error", "MSH^1^12", words, "version"))
        version = nearest
    known = load_library(version).MESSAGES
    kind, trigger, declared = message.event
    own = declared or f"{kind}_{trigger}"
    usual = _STRUCTURES.get(f"{kind}_{trigger}") or _STRUCTURES.get(kind) or own
    structure = next((each for each in (own, usual) if each in known), None)
    if structure != own and (declared or structure is None):
        words = f"version {version} has no structure {own}"
        words += f"; {structure} is used" if structure else f" for {kind}^{trigger}"
        found.append(Deviation("error", "MSH^1^9^1^3", words))
    return version, structure, found


def _parsed(message: Message, version: str, structure: str) -> Any:
    """The message as hl7apy's own object."""
    from hl7apy.core import Message as Structure
    from hl7apy.parser import get_message_info, parse_message, parse_segments

    msh = message.msh
    fields = [msh.raw_field(number) for number in range(2, max(msh.field_count, 12) + 1)]
    mark, component = message.syntax.delimiters.field, message.syntax.delimiters.component or "^"
    fields[10] = version + "".join(fields[10].partition(component)[1:])
    plain_ack = fields[7] == "ACK"
    if not plain_ack:
        fields[7] = component.join([*message.event[:2], structure])
    rows = [mark.join(["MSH", *fields]), *(each.raw for each in message.segments[1:])]
    text = "".join(each.replace("\n", " ") + "\r" for each in rows)
    if not plain_ack:
        return parse_message(text, find_groups=True)
    # Before 2.3.1 an answer needs no trigger event, without which parse_message finds nothing.
    characters, _, _ = get_message_info(text)
    answer = Structure("ACK", version=version, encoding_chars=characters)
    answer.children = parse_segments(text, version, characters, None, answer.reference, True)
    return answer


def _findings(parsed: Any) -> list[Deviation]:
    """Everything the validator has to say; its exception would tell only the first error."""
    from hl7apy.exceptions import HL7apyException

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report"
        try:
            parsed.validate(report_file=str(path))
        except HL7apyException as error:
            # Usually the first error of those in the report, told a second time.
            if not path.exists():
                return [_deviation("error", str(error))]
        lines = path.read_text().splitlines()
    pairs = (line.partition(": ") for line in lines)
    return [_deviation(kind.lower(), text) for kind, mark, text in pairs if mark]


def _deviation(severity: str, text: str) -> Deviation:
    rule = next((rule for words, rule in _RULES.items() if text.startswith(words)), "structure")
    if field := _FIELD.search(text):
        return Deviation(severity, f"{field[1]}^1^{int(field[2])}", text, rule)
    segments = _SEGMENT.findall(text)
    return Deviation(severity, f"{segments[-1]}^1" if segments else "", text, rule)
