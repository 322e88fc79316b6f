"""What do we answer to a message, and what does an answer to ours say?

`acknowledge` writes an answer, also to bytes of which no header could be read; `read_ack` reads
one. The codes are those of `hl7.ack_codes`.

Source: HL7 v2.9.1 chapter 2, MSA and ERR; tables 0357 and 0516; hl7v2.md section 3.2.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.time import parse_instant
from fhir_gateway.hl7.ack_codes import (
    ANSWERS,
    CONDITIONS,
    AckCode,
    AckModes,
    ack_modes,
    commit_code,
    condition,
)
from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.charset import codec_of
from fhir_gateway.hl7.delimiters import DEFAULT_DELIMITERS, Delimiters, Unreadable
from fhir_gateway.hl7.message import Message, Segment
from fhir_gateway.hl7.peek import Header
from fhir_gateway.hl7.writer import Row, SegmentWriter

__all__ = [
    "ANSWERS",
    "CONDITIONS",
    "AckCode",
    "AckError",
    "AckModes",
    "AckView",
    "Reply",
    "ack_modes",
    "acknowledge",
    "commit_code",
    "condition",
    "frames",
    "read_ack",
    "refuse",
]

_LOCATION = re.compile(r"[A-Z][A-Z0-9]{2}(\^[0-9]{1,5}){0,5}")
_STRUCTURAL = str.maketrans("", "", "\r\n\x0b\x1c")
_LONGEST_TEXT = 250


def _release(version: str) -> tuple[int, ...]:
    """`2.5.1` as numbers; the newest form where the version cannot be read."""
    parts = version.split(".")
    known = all(part.isdecimal() and len(part) <= 3 for part in parts)
    return tuple(map(int, parts)) if known else (2, 9)


def _kind(header: Header) -> Header:
    """The header without what is of one message only: those of a feed are nearly all the same.

    MSH-3 to MSH-6, MSH-9, MSH-11, MSH-12 and MSH-18 are kept.
    """
    all_ = header.fields
    kept = (*all_[:7], "", "", *all_[9:10], "", *all_[11:13], "", "", "", "", "", *all_[18:19])
    return Header(header.delimiters, kept, header.encoding)


@lru_cache(maxsize=256)
def _writer_of(kind: Header) -> "_AckWriter":
    return _AckWriter(kind)


class _AckWriter:
    """Acknowledgements in the delimiters and character set of the messages that they answer.

    Args:
        header: See `_kind`.
        roomy: Write in UTF-8, and say so.
    """

    def __init__(self, header: Header, *, roomy: bool = False) -> None:
        self._header = header
        own = self._header.delimiters
        complete = own.component and own.repetition and own.escape and own.subcomponent
        self._delimiters: Delimiters = own if complete else DEFAULT_DELIMITERS
        self._verbatim = self._delimiters is own
        self.release = _release(self._header.version)
        self._encoding = self._header.encoding
        declared = _codec_or_ascii(self._header.component(18))
        #: UTF-16 and UTF-32 cannot be framed; UTF-8 holds the same characters.
        self._wide = declared.startswith(("utf-16", "utf-32"))
        if self._encoding == "ascii":
            self._encoding = "utf-8" if self._wide else declared
        self._charset = b""
        if roomy:
            self._encoding, self._charset = "utf-8", b"UNICODE UTF-8"
        self._values = SegmentWriter(self._delimiters, self._encoding)
        self._plain = {each: self._around(None, enhanced=each) for each in (False, True)}

    def with_room_for(self, rows: Sequence[Row]) -> "_AckWriter":
        """One that has the characters of these segments; itself where its own set has them."""
        text = "".join(map(self._values.segment, rows))
        kept = text.encode(self._encoding, "replace").decode(self._encoding)
        return self if kept == text else _AckWriter(self._header, roomy=True)

    def echo(self, header: Header, number: int, default: str = "") -> bytes:
        """A field of a header, byte by byte; only what would break the frame is left out."""
        if not self._verbatim:
            return self._encode(self._values.part(header.component(number) or default))
        raw = header.field(number).translate(_STRUCTURAL) or default
        return raw.encode(header.encoding, "surrogateescape")

    def _encode(self, text: str) -> bytes:
        return text.encode(self._encoding, "replace")

    def value(self, *components: str | tuple[str, ...]) -> bytes:
        return self._encode(self._values.field(components))

    def segment(self, name: str, *fields: bytes) -> bytes:
        mark = self._delimiters.field.encode()
        return mark.join([name.encode(), *fields]).rstrip(mark) + b"\r"

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Further segments."""
        text = "".join(self._values.segment(each) + "\r" for each in rows)
        return self._encode(text)

    def msh(
        self, control_id: str, now: datetime, reply: "Reply | None" = None, *, enhanced: bool
    ) -> bytes:
        """The header: the partners change places, version and processing id stay."""
        before, kind, after = (
            self._around(reply, enhanced=enhanced) if reply else self._plain[enhanced]
        )
        time = _time_as_written_by(self, now.replace(microsecond=0), now.utcoffset())
        parts = (before, time, b"", kind, self.value(control_id), after)
        return self._delimiters.field.encode().join(parts)

    def _around(self, reply: "Reply | None", *, enhanced: bool) -> tuple[bytes, bytes, bytes]:
        """What stands before MSH-7, MSH-9, and what stands behind MSH-10."""
        kind, structure = (reply.type, reply.structure) if reply else ("ACK", "ACK")
        trigger = self._header.event[1]
        # Before 2.3.1 an answer needs no trigger event and there is no structure to name.
        named = trigger and self.release >= (2, 3, 1)
        own = self._header
        before = [self.echo(own, number) for number in (5, 6, 3, 4)]
        wishes = [b"NE", b"NE"] if enhanced else [b"", b""]
        charset = b"UNICODE UTF-8" if self._wide else self._charset or self.echo(own, 18)
        version = self.echo(own, 12, "2.5.1")
        after = [self.echo(own, 11, "P"), version, b"", b"", *wishes, b"", charset]
        mark = self._delimiters.field.encode()
        characters = self._delimiters.encoding_characters.encode()
        return (
            mark.join([b"MSH", characters, *before]),
            self.value(kind, trigger, structure) if named else self.value(kind),
            mark.join(after).rstrip(mark) + b"\r",
        )

    def msa(self, code: AckCode, header: Header, text: str) -> bytes:
        """MSA-2 is what the sender finds its message by; MSA-3 is text before 2.5 only."""
        return self.segment(
            "MSA", code.encode(), self.echo(header, 10), self.value(text) if text else b""
        )

    def err(self, found: Sequence[tuple[str, Issue]], severity: str) -> bytes:
        """ERR in the form of the version, for (table 0357 code, issue) pairs."""
        if self.release < (2, 5):
            mark = self._delimiters.repetition.encode()
            return self.segment("ERR", mark.join(self._err_1(*each) for each in found))
        return b"".join(self._err_2_5(*each, severity) for each in found)

    def _err_1(self, code: str, issue: Issue) -> bytes:
        place = [*(_places(issue)[:1] or [""])[0].split("^")[:3], "", ""][:3]
        return self.value(*place, (code, CONDITIONS[code], "HL70357"))

    def _err_2_5(self, code: str, issue: Issue, severity: str) -> bytes:
        mark = self._delimiters.repetition.encode()
        return self.segment(
            "ERR",
            b"",
            mark.join(self.value(*place.split("^")) for place in _places(issue)),
            self.value(code, CONDITIONS[code], "HL70357"),
            self.value(severity),
            # Table 0357 has nothing for a time that is taken, and 207 is all that is left.
            self.value(issue.details, "", "HL70533") if issue.details else b"",
            mark.join(self.value(each) for each in _times(issue)),
            b"",
            self.value(_short(issue.diagnostics)),
        )


@lru_cache(maxsize=256)
def _time_as_written_by(writer: _AckWriter, second: datetime, _offset: timedelta | None) -> bytes:
    return writer.value(second.strftime("%Y%m%d%H%M%S%z"))


def _codec_or_ascii(declared: str) -> str:
    try:
        return codec_of(declared) or "ascii"
    except LookupError:
        return "ascii"


def _places(issue: Issue) -> list[str]:
    """The v2 locations of an issue; FHIRPath means nothing to the sender."""
    return [each for each in issue.expression if _LOCATION.fullmatch(each)]


def _times(issue: Issue) -> list[str]:
    """Times that would do instead, as ERR-6 has them."""
    periods = [each["valuePeriod"] for each in issue.extension if "valuePeriod" in each]
    return [f"{parse_instant(each['start']):%Y%m%d%H%M%S%z}" for each in periods][:10]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


@dataclass(frozen=True, slots=True)
class Reply:
    """An acknowledgement that also answers, such as SRR.

    Attributes:
        type: MSH-9.1.
        structure: MSH-9.3.
        rows: What comes after MSA and ERR.
    """

    type: str
    structure: str
    rows: Sequence[Row] = ()


def acknowledge(
    header: Header | Message | None,
    code: AckCode,
    *,
    control_id: str,
    now: datetime,
    issues: Sequence[Issue] = (),
    category: Category | None = None,
    enhanced: bool = False,
    reply: Reply | None = None,
) -> bytes:
    """Write an acknowledgement.

    Args:
        header: Of the message answered; None where none could be read.
        code: MSA-1.
        control_id: Our own, for MSH-10.
        now: Aware; for MSH-7.
        issues: What to report in ERR. With AA and CA they are warnings.
        category: The kind of failure; it decides ERR-3 where the issues do not.
        enhanced: Say in MSH-15 and MSH-16 that this answer is not to be answered.
        reply: What it answers besides; None for a plain ACK.

    Returns:
        The message, without MLLP framing.
    """
    answered = header.header if isinstance(header, Message) else header
    answered = answered or Header(DEFAULT_DELIMITERS, ("MSH", "|"))
    writer = _writer_of(_kind(answered))
    if reply is not None:
        writer = writer.with_room_for(reply.rows)
    accepted = code in (AckCode.AA, AckCode.CA)
    kind = None if accepted else (category or _usual_category(code))
    reported = issues or (
        () if accepted else (Issue(CONDITIONS[ANSWERS[kind][1]] if kind else ""),)
    )
    text = "" if accepted or writer.release >= (2, 5) else _short(reported[0].diagnostics)
    parts = [
        writer.msh(control_id, now, reply, enhanced=enhanced),
        writer.msa(code, answered, text),
    ]
    if reported:
        found = [(condition(kind, issue), issue) for issue in reported]
        parts.append(writer.err(found, "W" if accepted else "E"))
    if reply is not None:
        parts.append(writer.rows(reply.rows))
    return b"".join(parts)


def _usual_category(code: AckCode) -> Category:
    return Category.INVALID if code in (AckCode.AR, AckCode.CR) else Category.FAULT


def refuse(
    header: Header | Message | None,
    error: GatewayError,
    *,
    control_id: str,
    now: datetime,
    commit: bool = False,
    reply: Reply | None = None,
) -> bytes:
    """Answer a failure as the table says.

    Args:
        header: Of the message answered; None where none could be read.
        error: What happened.
        control_id: Our own, for MSH-10.
        now: Aware.
        commit: Answer with CE or CR, as an accept acknowledgement.
        reply: See `acknowledge`.
    """
    code, _ = ANSWERS[error.category]
    return acknowledge(
        header,
        commit_code(code) if commit else code,
        control_id=control_id,
        now=now,
        issues=error.issues,
        category=error.category,
        reply=reply,
    )


_ACCEPT = re.compile(rb"\rMSA.C")


def frames(answers: bytes) -> tuple[bytes, ...]:
    """Cut acknowledgements into what goes out in one frame each: accept, then application.

    Args:
        answers: Those of one frame that came in, one after the other; they may be empty.
    """
    each_of = messages(answers) if answers else ()
    if len(each_of) < 2:
        return each_of
    accept = b"".join(each for each in each_of if _ACCEPT.search(each))
    application = b"".join(each for each in each_of if not _ACCEPT.search(each))
    return tuple(filter(None, (accept, application)))


@dataclass(frozen=True, slots=True)
class AckError:
    """One ERR, whatever version wrote it."""

    location: str
    condition: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class AckView:
    """An acknowledgement of one of our messages."""

    code: str
    control_id: str
    text: str
    errors: tuple[AckError, ...]

    @property
    def positive(self) -> bool:
        """AA or CA."""
        return self.code in {"AA", "CA"}


def read_ack(raw: bytes) -> AckView:
    """Read an acknowledgement.

    Raises:
        Unreadable: no MSH or no MSA.
    """
    message = Message.parse(raw)
    msa = message.first("MSA")
    if msa is None:
        raise Unreadable("an acknowledgement without MSA")
    errors = tuple(error for segment in message.all("ERR") for error in _read_err(segment))
    return AckView(
        code=msa.text(1).strip().upper(),
        control_id=message.syntax.value(msa.raw_field(2)),
        text=msa.field(3).text,
        errors=errors,
    )


def _read_err(segment: Segment) -> list[AckError]:
    if segment.raw_field(3):
        place = "^".join(filter(None, segment.field(2).components))
        text = segment.field(8).text or segment.field(7).text or segment.text(3, 2)
        return [AckError(place, segment.text(3), segment.text(4), text)]
    return [
        AckError("^".join(filter(None, each.components[:3])), each.sub(4, 1), "E", each.sub(4, 2))
        for each in segment.repetitions(1)
    ]
