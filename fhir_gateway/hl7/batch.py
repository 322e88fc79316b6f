"""How many messages are in this frame?

A frame may hold a batch (FHS, BHS … BTS, FTS) or messages one after the other without any
envelope. Each message goes its own way and gets its own acknowledgement.

Source: HL7 v2.9.1 chapter 2, 2.10.3 batch protocol; hl7v2.md section 3.2.
"""

import re

_ENVELOPE = (b"FHS", b"BHS", b"BTS", b"FTS")
_NAME = rb"[ \t\0\x0b]*(?:\xef\xbb\xbf)?((?:MSH|FHS|BHS|BTS|FTS)(?![A-Za-z0-9]))"
_FIRST = re.compile(_NAME)
#: Begins with the line break, so that the search runs from line to line and not byte by byte.
_LATER = re.compile(rb"[\r\n]" + _NAME)


def messages(payload: bytes) -> tuple[bytes, ...]:
    """Cut the content of a frame into messages.

    Args:
        payload: The content of a frame.

    Returns:
        A single message is returned exactly as it came, and so is what has neither MSH nor batch
        segments. A batch without messages gives ().
    """
    if payload.count(b"MSH") < 2 and not any(each in payload for each in _ENVELOPE):
        return (payload,)  # a search for lines would hold everybody up in a large one
    first = _FIRST.match(payload)
    found = [*([first] if first else ()), *_LATER.finditer(payload)]
    starts = [(match.start(1), match[1]) for match in found]
    if not starts or (len(starts) == 1 and starts[0][1] == b"MSH"):
        return (payload,)
    ends = [start for start, _ in starts[1:]] + [len(payload)]
    return tuple(
        payload[start:end]
        for (start, name), end in zip(starts, ends, strict=True)
        if name == b"MSH"
    )
