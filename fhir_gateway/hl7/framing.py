"""Where does a message begin and end in a stream of bytes?

MLLP release 1: VT, content, FS, CR. Bytes in, events out: no socket, no clock, and the events do
not depend on how the stream was cut into reads.

Senders are not exact, so four things are read with goodwill:

- Bytes before VT are skipped and reported; line breaks, blanks and NUL there are not worth a word.
- FS ends a frame before CR, LF or VT; before anything else only where a segment has just ended.
  A lone FS in the middle of a segment is content.
- VT is content, unless a segment has just ended and `MSH` follows: then the end of the frame was
  lost, and a new one has begun.
- An empty frame is nothing.
- In UTF-16 (a byte order mark comes first) FS CR may be a character, U+0D1C or U+1C0D. It ends the
  frame after a segment, before another frame, or where nothing follows (see `settle`).

Source: HL7 v2.9.1 appendix C, minimal lower layer protocol, release 1; MLLP release 2, whose
blocks look the same; hl7v2.md section 3.1.
"""

import re
from dataclasses import dataclass

VT = b"\x0b"
FS = b"\x1c"
CR = b"\r"
#: Content of the blocks by which release 2 says that a message is, or is not, in safe hands.
COMMITTED = b"\x06"
NOT_COMMITTED = b"\x15"

#: Decision 20.
MAX_FRAME = 16 * 1024 * 1024
#: As much of an oversize frame as a header needs.
HEAD = 4096
#: Junk is reported at the latest after so many bytes, so that endless junk is seen.
JUNK_REPORT = 64 * 1024

#: Where a frame may end or another begin: FS or VT after a segment, FS before what may follow a
#: frame. All other VT and FS are content, and a flood of them has to be skipped fast.
_MARK = re.compile(rb"[\r\n][\x0b\x1c]|\x1c(?:[\r\n\x0b]|\Z)")
_SEGMENT_END = b"\r\n"
_BLANK = b"\r\n\t \0"
_RESTART = (b"MSH", b"\xef\xbb\xbfMSH")
_LONGEST_RESTART = 6
#: How a message or batch in UTF-16 begins -> how a segment ends in it.
_WIDE = {
    f"\ufeff{letter}".encode(codec): ("\r".encode(codec), "\n".encode(codec))
    for letter in "MFB"
    for codec in ("utf-16-le", "utf-16-be")
}
_WIDE_RESTART = (CR + VT + b"\xff\xfeM\0", CR + VT + b"\xfe\xff\0M")
_WIDE_END = FS + CR


@dataclass(frozen=True, slots=True)
class Frame:
    """The content of one complete frame, never empty."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Junk:
    """Bytes outside any frame were skipped; what they were is not kept."""

    size: int


@dataclass(frozen=True, slots=True)
class Oversize:
    """A frame is longer than allowed; its rest is skipped.

    Args:
        head: How it begins, for an answer. It is content and does not belong in a log.
    """

    head: bytes


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A frame lost its end: another began, or the stream ended. It was not delivered."""

    size: int


Event = Frame | Junk | Oversize | Unfinished


def encode(payload: bytes) -> bytes:
    """Put a message into a frame.

    Raises:
        ValueError: the content would end the frame early.
    """
    if FS + CR in payload or payload.endswith(FS):
        raise ValueError("the content holds an end of frame")
    return VT + payload + FS + CR


class Decoder:
    """Cuts a stream into frames, in time linear in its length.

    Args:
        max_frame: Longest content in bytes.
    """

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._buffer = bytearray()
        self._in_frame = False
        self._oversize = False
        self._wide: tuple[bytes, ...] = ()  #: how segments end, in UTF-16
        self._skipped = 0  #: content of an oversize frame that has been let go
        self._scanned = 0  #: buffer position up to which marks have been judged
        self._junk = 0
        self._junk_matters = False

    @property
    def idle(self) -> bool:
        """Whether no frame has begun."""
        return not self._in_frame

    @property
    def awaits_end(self) -> bool:
        """Whether FS came, and silence would tell that it ends the frame (see `settle`)."""
        return self._in_frame and self._buffer.endswith(_ends(self._wide))

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes in the order received; return what they complete."""
        if not self._buffer and not self._in_frame and self._is_one_frame(data):
            return self._take_whole(data)
        self._buffer += data
        events: list[Event] = []
        position = 0
        while position < len(self._buffer):
            step = self._body if self._in_frame else self._gap
            following = step(position, events)
            if following is None:
                break
            position = following
        self._forget(position)
        return events

    def _is_one_frame(self, data: bytes) -> bool:
        """Whether bytes are a frame and nothing else, with no mark in it to be judged."""
        return (
            data.startswith(VT)
            and data.endswith(FS + CR)
            and data.find(FS) == len(data) - 2
            and data.rfind(VT) == 0
            and 3 < len(data) <= self._max_frame + 3
            and data[1:5] not in _WIDE
        )

    def _take_whole(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        self._report_junk(events)
        self._junk = 1  # CR
        events.append(Frame(data[1:-2]))
        return events

    def settle(self) -> list[Event]:
        """Take a final FS for the end of the frame: its CR, or another frame, will not come."""
        if not self.awaits_end:
            return []
        events: list[Event] = []
        self._finish(0, self._buffer.rindex(FS), events)
        self._forget(len(self._buffer))
        return events

    def close(self) -> list[Event]:
        """The stream has ended: report what is left."""
        events = self.settle()
        self._report_junk(events)
        if self._in_frame and self._buffer and not self._oversize:
            events.append(Unfinished(len(self._buffer)))
        self._in_frame = False
        self._forget(len(self._buffer))
        return events

    def _forget(self, position: int) -> None:
        """Drop what has been dealt with; of an oversize frame all but what a mark looks back to."""
        if self._in_frame and self._oversize:
            let_go = max(position, self._scanned - 2)
            self._skipped += let_go - position
            position = let_go
        del self._buffer[:position]
        self._scanned = max(0, self._scanned - position) if self._in_frame else 0

    # --- between frames ---

    def _gap(self, position: int, events: list[Event]) -> int:
        """Skip to the next VT and enter its frame."""
        start = self._buffer.find(VT, position)
        self._skip(self._buffer[position : start if start >= 0 else None], events)
        if start < 0:
            return len(self._buffer)
        self._report_junk(events)
        self._enter(start + 1)
        return start + 1

    def _skip(self, junk: bytearray, events: list[Event]) -> None:
        while junk:
            part = junk[: JUNK_REPORT - self._junk]
            junk = junk[len(part) :]
            self._junk += len(part)
            self._junk_matters = self._junk_matters or bool(part.strip(_BLANK))
            if self._junk == JUNK_REPORT:
                self._report_junk(events)

    def _report_junk(self, events: list[Event]) -> None:
        if self._junk_matters:
            events.append(Junk(self._junk))
        self._junk, self._junk_matters = 0, False

    def _enter(self, position: int) -> None:
        self._in_frame, self._oversize, self._skipped = True, False, 0
        self._scanned = position

    # --- within a frame ---

    def _body(self, start: int, events: list[Event]) -> int | None:
        """Judge marks from where we left off; the position after the frame, None if it goes on."""
        self._scanned = max(self._scanned, start)
        if not self._skipped:
            self._wide = _WIDE.get(bytes(self._buffer[start : start + 4]), ())
        while (at := self._mark(start)) is not None:
            self._measure(start, at, events)
            verdict = self._judge(start, at)
            if verdict is None:
                self._scanned = at
                return None
            self._scanned = at + 1
            if verdict:
                return self._leave(start, at, events)
        self._scanned = len(self._buffer)
        self._measure(start, self._scanned, events)
        return None

    def _mark(self, start: int) -> int | None:
        """The next position that may end the frame, from where we left off."""
        if self._scanned == start and self._buffer.startswith(VT, start) and not self._skipped:
            return start
        found = _MARK.search(self._buffer, max(start, self._scanned - 1))
        if (
            found is not None
            and self._buffer[found.start()] == FS[0]
            and found.start() < self._scanned
        ):
            found = _MARK.search(self._buffer, self._scanned)  # that FS has been judged
        if found is None:
            return None
        return found.start() + (self._buffer[found.start()] != FS[0])

    def _judge(self, start: int, at: int) -> bool | None:
        """Whether the mark at that position ends the frame; None where more bytes must tell."""
        if self._wide:
            return self._judge_wide(start, at)
        after_segment = at > start and self._buffer[at - 1] in _SEGMENT_END
        following = bytes(self._buffer[at + 1 : at + 1 + _LONGEST_RESTART])
        if self._buffer[at] == FS[0]:
            if after_segment:
                return True
            return following[:1] in (CR, b"\n", VT) if following else None
        if not after_segment and (at > start or self._skipped):
            return False
        if following.startswith(_RESTART):
            return True
        return None if any(each.startswith(following) for each in _RESTART) else False

    def _judge_wide(self, start: int, at: int) -> bool | None:
        if self._buffer[at] != FS[0] or (at - start + self._skipped) % 2:
            return False
        if self._buffer[at - 2 : at] in self._wide:
            return True
        following = bytes(self._buffer[at + 1 : at + 1 + len(_WIDE_RESTART[0])])
        if following.startswith(_WIDE_RESTART):
            return True
        return None if any(each.startswith(following) for each in _WIDE_RESTART) else False

    def _leave(self, start: int, at: int, events: list[Event]) -> int:
        """Close the frame at its mark; return where the next byte to look at stands."""
        if self._buffer[at] == VT[0]:
            if at > start and not self._oversize:
                events.append(Unfinished(at - start))
            self._in_frame = False
            return at
        self._finish(start, at, events)
        return at + 1

    def _finish(self, start: int, end: int, events: list[Event]) -> None:
        if end > start and not self._oversize:
            events.append(Frame(bytes(self._buffer[start:end])))
        self._in_frame = False

    def _measure(self, start: int, end: int, events: list[Event]) -> None:
        if not self._oversize and end - start > self._max_frame:
            self._oversize = True
            head = min(HEAD, self._max_frame)
            events.append(Oversize(bytes(self._buffer[start : start + head])))


def _ends(wide: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return (FS, _WIDE_END) if wide else (FS,)
