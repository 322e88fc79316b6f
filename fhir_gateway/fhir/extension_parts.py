"""In which words is an extension of ours declared?"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Part:
    """One extension inside an extension.

    Args:
        name: Its url.
        type: R4 type of its value; None where it has parts.
        doc: What it means, unit included.
        min: 0 or 1.
        max: 1 or `*`.
        parts: Its own parts.
        targets: What a Reference may point to.
    """

    name: str
    type: str | None
    doc: str
    min: int = 0
    max: Literal["1", "*"] = "1"
    parts: tuple["Part", ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnExtension:
    """One extension of ours.

    Args:
        url: Canonical address.
        title: A few words.
        doc: What it says.
        contexts: Where it stands: FHIRPath of elements.
        type: R4 type of its value; None where it has parts.
        max: How often it stands in one place.
        parts: Its parts.
        targets: What a Reference may point to.
    """

    url: str
    title: str
    doc: str
    contexts: tuple[str, ...]
    type: str | None = None
    max: Literal["1", "*"] = "1"
    parts: tuple[Part, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.url.rsplit("/", 1)[1]
