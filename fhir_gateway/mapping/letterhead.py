"""Between whom does a message of ours travel, and in which version and characters is it written?

Where the agreed character set lacks a character the message goes out in UTF-8 and says so in
MSH-18: a name with a `?` in it would be another name.

Source: HL7 v2.9.1 chapter 2, MSH; table 0211; hl7v2.md sections 2.4 and 3.3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_gateway.hl7.charset import codec_of
from fhir_gateway.hl7.writer import Row, Value, build
from fhir_gateway.mapping import writing

#: Versions that can be written, with what changed between them (hl7v2.md section 2.4).
VERSIONS = ("2.3.1", "2.4", "2.5", "2.5.1", "2.6")
#: Table 0211, sets in which no byte of a character looks like a delimiter.
CHARSETS = (
    "UNICODE UTF-8", "ASCII", "8859/1", "8859/2", "8859/3", "8859/4", "8859/5", "8859/6",
    "8859/7", "8859/8", "8859/9", "8859/15",
)  # fmt: skip
UTF_8 = CHARSETS[0]


@dataclass(frozen=True, slots=True)
class Manner:
    """How the segments after MSH are written.

    Args:
        zone: The receiver's.
        version: One of VERSIONS.
        name: What the gateway is called where somebody has to be named.
    """

    zone: ZoneInfo
    version: str = "2.5.1"
    name: str = "FHIR-GATEWAY"

    @property
    def has_tq1(self) -> bool:
        """Since 2.5 times stand in TQ1, before in SCH-11."""
        return self.version >= "2.5"

    @property
    def has_cwe(self) -> bool:
        """Since 2.6 a coded element is a CWE, before a CE."""
        return self.version >= "2.6"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands in MSH, and what follows from it for the rest.

    Args:
        sender: MSH-3 and MSH-4.
        receiver: MSH-5 and MSH-6.
        control_id: MSH-10, at most 20 characters.
        now: MSH-7, aware.
        zone: The receiver's.
        version: One of VERSIONS.
        charset: One of CHARSETS.
        processing_id: Table 0103: P, T or D.
        confirm: Whether the application's own word is wanted besides (enhanced mode).
    """

    sender: tuple[str, str]
    receiver: tuple[str, str]
    control_id: str
    now: datetime
    zone: ZoneInfo
    version: str = "2.5.1"
    charset: str = UTF_8
    processing_id: str = "P"
    confirm: bool = False

    @property
    def manner(self) -> Manner:
        """How the rest is written."""
        return Manner(self.zone, self.version, self.sender[0])

    def write(self, event: tuple[str, str, str], rows: Sequence[Row]) -> bytes:
        """Write a whole message.

        Args:
            event: MSH-9.
            rows: Everything after MSH.
        """
        charset = self.charset if _fits(rows, codec_of(self.charset) or "ascii") else UTF_8
        msh: dict[int, Value] = {
            3: self.sender[0], 4: self.sender[1], 5: self.receiver[0], 6: self.receiver[1],
            7: writing.dtm(self.now, self.zone), 9: event, 10: self.control_id,
            11: self.processing_id, 12: self.version, 18: charset,
        }  # fmt: skip
        if self.confirm:
            msh |= {15: "AL", 16: "AL"}
        return build([("MSH", msh), *rows], encoding=codec_of(charset) or "ascii")


def _fits(rows: Sequence[Row], codec: str) -> bool:
    try:
        for _, values in rows:
            for value in values.values():
                for text in _texts(value):
                    text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _texts(each)
