"""When are two pieces of text the same to a person who searches?

FHIR R4 section 3.1.1.4.9 (string: case, accents and punctuation aside). Arabic letters that people
write in more than one way fall together: alef with or without hamza, ya and alef maqsura, ta
marbuta and ha; vowel marks and tatweel fall away.
"""

import re
import unicodedata

_ARABIC = str.maketrans(
    {
        "\u0622": "\u0627",  # alef with madda
        "\u0623": "\u0627",  # alef with hamza above
        "\u0625": "\u0627",  # alef with hamza below
        "\u0671": "\u0627",  # alef wasla
        "\u0649": "\u064a",  # alef maqsura
        "\u06cc": "\u064a",  # Farsi ya
        "\u0626": "\u064a",  # ya with hamza
        "\u0624": "\u0648",  # waw with hamza
        "\u0621": None,  # hamza
        "\u0629": "\u0647",  # ta marbuta
        "\u06a9": "\u0643",  # keheh
        "\u0640": None,  # tatweel
    }
)
_SPACE = re.compile(r"\s+")
_NOT_LETTERS = re.compile(r"[^\w]+")
_VOWELS = re.compile(r"[aeiouyw]")
_TWICE = re.compile(r"(.)\1+")


def fold(text: str) -> str:
    """Reduce text to what a prefix search compares; folding twice changes nothing more."""
    if text.isascii():
        return _SPACE.sub(" ", text.lower()).strip()
    letters = _without_marks(text.translate(_ARABIC))
    letters = _without_marks(letters.casefold().translate(_ARABIC))
    return _SPACE.sub(" ", letters).strip()


def _without_marks(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    return "".join(each for each in parts if not unicodedata.combining(each))


def sound(text: str) -> str:
    """A rough key of how a name sounds: first letter, then consonants without repeats."""
    letters = _TWICE.sub(r"\1", _NOT_LETTERS.sub("", fold(text)))
    letters = letters.replace("ph", "f").replace("th", "t").replace("kh", "k").replace("ck", "k")
    return letters[:1] + _VOWELS.sub("", letters[1:]).replace("h", "")
