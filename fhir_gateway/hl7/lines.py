"""Which lines of a message begin a segment, and to which do the others belong?

Source: HL7 v2.9.1 chapter 2, 2.5.1; hl7v2.md section 3.3 for line breaks inside of fields.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

from fhir_gateway.core.errors import Category, fail

#: Decision 20. Counted in lines, so that a flood of line breaks is refused as well.
MAX_SEGMENTS = 50_000
#: Segments that most messages consist of; others are told by their form once and then known.
_USUAL = ("MSH", "SCH", "TQ1", "NTE", "PID", "PD1", "PV1", "PV2", "RGS", "AIS", "AIG", "AIL", "AIP")
_MOST_KNOWN = 1_000
_LINE = re.compile(r"[^\r\n]+")


@lru_cache(maxsize=64)
def _segment_start(separator: str) -> re.Pattern[str]:
    return re.compile(rf"[ \t\0]*([A-Z][A-Z0-9]{{2}})(?:{re.escape(separator)}|[ \t\0]*\Z)")


@lru_cache(maxsize=64)
def _beginnings(separator: str) -> set[str]:
    """Names and the separator, by which lines are known to begin a segment; grows to a bound."""
    return {f"{name}{separator}" for name in _USUAL}


def _is_name(beginning: str, separator: str) -> bool:
    """Whether a line that begins so begins a segment, as most lines plainly do."""
    known = _beginnings(separator)
    if beginning in known:
        return True
    if not beginning.endswith(separator) or _segment_start(separator).match(beginning) is None:
        return False
    if len(known) < _MOST_KNOWN:
        known.add(beginning)
    return True


def lines_of(text: str, separator: str, limit: int) -> list[tuple[str, str]]:
    """Name and text of each segment; a line that begins like none belongs to the one before."""
    if text.count("\r") + text.count("\n") < limit:
        lines = text.split("\r") if "\n" not in text else _LINE.findall(text)
    else:  # a flood need not be cut to be refused
        lines = [each[0] for each in islice(_LINE.finditer(text), limit + 1)]
    if not lines[-1]:
        del lines[-1]
    if len(lines) > limit:
        raise fail(Category.TOO_LARGE, f"more than {limit} segments", "MSH^1", code="too-long")
    if _beginnings(separator).issuperset([line[:4] for line in lines]):
        return [(line[:3], line) for line in lines]
    return _told_apart(lines, separator)


def _told_apart(lines: list[str], separator: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    carried: list[str] = []
    for line in filter(None, lines):
        if _is_name(line[:4], separator):
            name, whole = line[:3], line
        elif head := _segment_start(separator).match(line):
            name, whole = head[1], line[head.start(1) :]
        else:
            carried.append(line)
            continue
        if carried:
            _carry(found, carried)
        found.append((name, whole))
    if carried:
        _carry(found, carried)
    return found


def _carry(found: list[tuple[str, str]], carried: list[str]) -> None:
    """Add to the last segment what stands on lines of its own; the lines are used up."""
    name, raw = found[-1]
    found[-1] = name, "\n".join([raw, *carried])
    carried.clear()


def stray_lines(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Warnings about segments that hold lines which begin like none, the first 20 of them."""
    broken = [each for each in lines if "\n" in each[1]]
    if not broken:
        return []
    seen: dict[str, int] = {}
    warnings = []
    for name, raw in lines:
        seen[name] = seen.get(name, 0) + 1
        if "\n" in raw and raw.strip("\n \t\0"):
            warnings.append(f"{name}^{seen[name]} holds a bare line break")
    return warnings[:20]
