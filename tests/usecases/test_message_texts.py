"""No text tells more than clinic, date, time and link, in any language."""

from datetime import UTC, datetime
from string import Formatter

import pytest

from fhir_gateway.usecases.message_texts import ALLOWED, LINK, TEXTS, language_of, text

NINE = datetime(2026, 6, 15, 9, tzinfo=UTC)
ALL = [(language, told) for language, texts in TEXTS.items() for told in texts]


@pytest.mark.parametrize(("language", "told"), ALL)
def test_a_text_shows_only_what_is_allowed(language: str, told: str) -> None:
    fields = {name for _, name, _, _ in Formatter().parse(TEXTS[language][told]) if name}
    assert fields <= ALLOWED
    shown = text(told, language, "Clinic", NINE, NINE)
    assert "15.06.2026" in shown
    assert "{" not in shown.replace(LINK, "")


def test_every_language_has_every_text() -> None:
    assert len({frozenset(texts) for texts in TEXTS.values()}) == 1


@pytest.mark.parametrize(
    ("spoken", "language"),
    [
        ([], "en"),
        ([("fr", True)], "en"),
        ([("en", False), ("ar", True)], "ar"),
        ([("fr", True), ("ar", False)], "ar"),
        ([("AR-sa", False)], "ar"),
    ],
)
def test_the_preferred_language_goes_first(spoken: list[tuple[str, bool]], language: str) -> None:
    lines = [
        {"language": {"coding": [{"code": code}]}, "preferred": preferred}
        for code, preferred in spoken
    ]
    assert language_of({"communication": lines}) == language
