"""Is what we publish about ourselves what the code says?"""

from conformance.claims import CLAIMS, claims


def test_the_published_claims_are_the_generated_ones() -> None:
    published = {path.name: path.read_text(encoding="utf-8") for path in CLAIMS.glob("*.json")}
    assert published == claims(), "run: python -m conformance.claims"


def test_the_claims_do_not_depend_on_the_day_they_are_written() -> None:
    assert claims() == claims()
