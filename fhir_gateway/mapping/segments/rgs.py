"""Which resources does the message name, in which group, and with which action?

RGS-2 speaks for its whole group: a group that is deleted takes its rows with it, otherwise it is
what a row without action code means. Rows before any RGS are accepted.

Source: HL7 v2.9.1 chapter 10, RGS, AIS, AIG, AIL, AIP; table 0206; hl7v2.md section 1.10.
"""

from dataclasses import dataclass

from fhir_gateway.hl7.message import Segment
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.tables import lookup

#: Field of the start; offset, duration, substitution and status follow it in the same order.
START_FIELD = {"AIS": 4, "AIG": 8, "AIL": 6, "AIP": 6}


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """One AIS, AIG, AIL or AIP.

    Attributes:
        segment: Itself.
        action: A, D, U or X; None where nobody says.
    """

    segment: Segment
    action: str | None

    @property
    def name(self) -> str:
        return self.segment.name

    @property
    def start(self) -> int:
        """Number of the field that holds its start; offset +1 and its unit +2, duration +3 and
        its unit +4, substitution +5, filler status +6."""
        return START_FIELD[self.segment.name]


def _action(segment: Segment, reading: Reading) -> str | None:
    code = segment.text(2).strip()
    if not code:
        return None
    action = lookup("0206", code, "action")
    if action != code.upper():
        read_as = action or "none"
        place = segment.location(2)
        reading.warn(f"action code '{code[:10]}' is not in table 0206; read as {read_as}", place)
    return action or None


def resource_rows(reading: Reading, default: str | None = None) -> tuple[ResourceRow, ...]:
    """Every resource row in order.

    Args:
        reading: The message.
        default: What a row without action code means, where the event is about single rows. Where
            some rows of the message have the code, the others are there to be complete.
    """
    rows: list[ResourceRow] = []
    group: str | None = None
    for segment in reading.message.segments:
        if segment.name == "RGS":
            group = _action(segment, reading)
        elif segment.name in START_FIELD:
            own = _action(segment, reading)
            rows.append(ResourceRow(segment, "D" if group == "D" else own or group))
    if default is None:
        return tuple(rows)
    rest = "X" if any(row.action == default for row in rows) else default
    return tuple(ResourceRow(row.segment, row.action or rest) for row in rows)
