"""Are the documents true about what is in the repository?"""

import re
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT, within

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "conformance" / "decisions").glob("*.md")])
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
_MODULE = re.compile(r"`((?:[a-z0-9_]+/)+[a-z0-9_]+\.py)`")
_RECORD = re.compile(r"# (\d{4}) \S.*\n\n\*\*Status:\*\* (accepted|superseded)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=within)
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = _LINK.findall(document.read_text(encoding="utf-8"))
    assert [each for each in targets if not (document.parent / each).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=within)
def test_every_module_that_is_named_is_there(document: Path) -> None:
    named = _MODULE.findall(document.read_text(encoding="utf-8"))
    missing = [each for each in named if not ((PACKAGE / each).exists() or (ROOT / each).exists())]
    assert missing == []


def test_the_architecture_names_every_floor() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    floors = {path.stem for path in PACKAGE.iterdir() if not path.stem.startswith("__")}
    assert [each for each in sorted(floors) if not re.search(rf"\b{each}\b", text)] == []


@pytest.mark.parametrize(
    "record", sorted((ROOT / "conformance" / "decisions").iterdir()), ids=within
)
def test_a_decision_record_has_its_number_and_its_three_parts(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    heading = _RECORD.match(text)
    assert heading is not None
    assert record.name.startswith(heading[1])
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
