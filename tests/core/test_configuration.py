"""Descriptions of senders, listeners and destinations are read strictly."""

from pathlib import Path

import pytest

from fhir_gateway.configuration import descriptions, read_description
from fhir_gateway.core.errors import GatewayError


def test_files_of_a_kind_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "senders").mkdir()
    for name, text in (("b.yaml", "zone: UTC"), ("a.yml", "zone: Asia/Dubai"), ("notes.txt", "x")):
        (tmp_path / "senders" / name).write_text(text)
    found = [(each.name, dict(each.content)) for each in descriptions(tmp_path, "senders")]
    assert found == [("a", {"zone": "Asia/Dubai"}), ("b", {"zone": "UTC"})]
    assert list(descriptions(tmp_path, "listeners")) == []
    assert list(descriptions(None, "senders")) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("zone: UTC\nzone: Asia/Dubai", "twice"),
        ("- a list", "no mapping"),
        ("", "no mapping"),
        ("zone: [", "line 1"),
        ("zone: !!python/object/apply:os.system [id]", "constructor"),
        ("zone: \x00", "x00"),
        ("a: " + "x" * (1 << 20), "longer"),
    ],
)
def test_a_file_that_is_no_plain_description_is_refused_with_its_name(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(text)
    with pytest.raises(GatewayError) as caught:
        read_description(path)
    assert str(path) in str(caught.value)
    assert why in str(caught.value)
