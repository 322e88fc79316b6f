import pytest

from fhir_gateway.hl7.ack import AckCode, acknowledge
from fhir_gateway.hl7.charset import CODECS, codec_of, decode
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import peek
from tests.hl7.conftest import NOW, message


def name_read(charset: str, raw_name: bytes, encoding: str | None = None) -> tuple[str, Message]:
    raw = message("1", "PID|||||@\r", charset).replace(b"@", raw_name)
    parsed = Message.parse(raw, encoding=encoding)
    return parsed.all("PID")[0].text(5), parsed


@pytest.mark.parametrize(
    ("charset", "name", "codec"),
    [
        ("8859/1", "Müller", "latin-1"),
        ("8859/2", "Łukasz", "iso8859-2"),
        ("8859/5", "Иван", "iso8859-5"),
        ("8859/6", "محمد", "iso8859-6"),
        ("8859/7", "Γιώργος", "iso8859-7"),
        ("8859/8", "דוד", "iso8859-8"),
        ("8859/9", "Işıl", "iso8859-9"),
        ("8859/15", "Œuvre €", "iso8859-15"),
        ("UNICODE UTF-8", "Zoë 王", "utf-8"),
        ("UTF-8", "Zoë", "utf-8"),
        ("unicode utf-8", "Zoë", "utf-8"),
        ("GB 18030-2000", "王小明", "gb18030"),
        ("BIG-5", "許功蓋", "big5hkscs"),
        ("BIG5", "許功蓋", "big5hkscs"),
        ("KS X 1001", "김철수", "euc_kr"),
        ("~ISO IR87", "山田^太郎", "iso2022_jp_2"),
        ("ISO IR6~ISO IR87", "山田", "iso2022_jp_2"),
        ("ISO IR14", "ﾔﾏﾀﾞ", "shift_jis"),
    ],
)
def test_text_is_read_as_msh_18_says(charset: str, name: str, codec: str) -> None:
    read, parsed = name_read(charset, name.encode(codec))
    assert read == name.split("^")[0]
    assert parsed.warnings == ()


def test_a_trailing_byte_that_looks_like_a_delimiter_does_not_cut() -> None:
    raw_name = "許功".encode("big5hkscs")
    assert b"\\" in raw_name
    assert name_read("BIG-5", raw_name)[0] == "許功"


HIDING = [
    ("BIG-5", "big5hkscs", "車挘"), ("BIG-5", "big5hkscs", "許功蓋"),
    ("BIG-5", "big5hkscs", "轮备"),
    ("ISO IR14", "shift_jis", "ソ榎欺"), ("ISO IR14", "shift_jis", "ポタミ"),
    ("GB 18030-2000", "gb18030", "倈俓俕儈"), ("ISO IR87", "iso2022_jp_2", "万三久"),
    ("~ISO IR87", "iso2022_jp_2", "万三久"), ("JAS2020", "iso2022_jp_2", "万三久"),
]  # fmt: skip


@pytest.mark.parametrize(("charset", "codec", "name"), HIDING)
def test_a_part_of_a_character_is_no_delimiter(charset: str, codec: str, name: str) -> None:
    raw_name = f"{name}^二|M".encode(codec)
    assert any(each in raw_name for each in (b"\\", b"|", b"~"))
    read, parsed = name_read(charset, raw_name)
    assert (read, parsed.all("PID")[0].text(5, 2), parsed.all("PID")[0].text(6)) == (
        name,
        "二",
        "M",
    )
    assert parsed.warnings == ()


@pytest.mark.parametrize(("charset", "codec", "name"), HIDING)
def test_nor_is_it_in_the_header_and_in_its_answer(charset: str, codec: str, name: str) -> None:
    raw = message("C-1", "", charset).decode().replace("CLINIC", name).encode(codec)
    header = peek(raw)
    assert header is not None
    assert (header.sender, header.control_id) == (("EHR", name), "C-1")
    answer = Message.parse(acknowledge(header, AckCode.AA, control_id="1", now=NOW))
    assert (answer.msh.text(6), answer.msh.raw_field(18)) == (name, charset)
    assert answer.segments[1].text(2) == "C-1"


def test_what_says_8859_and_is_utf_8_is_believed_and_told() -> None:
    read, parsed = name_read("8859/1", "Müller".encode())
    assert read == "MÃ¼ller"
    assert "look like UTF-8" in parsed.warnings[0]


def test_every_value_of_table_0211_has_a_python_codec_or_none_exists() -> None:
    for declared, codec in CODECS.items():
        if codec is not None:
            assert "a".encode(codec)
            assert codec_of(declared) == codec
    assert [name for name, codec in CODECS.items() if codec is None] == ["CNS 11643-1992"]


@pytest.mark.parametrize("charset", ["", "ASCII", "NLD", "IS"])
def test_utf_8_is_recognised_where_nothing_useful_is_declared(charset: str) -> None:
    assert name_read(charset, "Zoë".encode())[0] == "Zoë"


def test_an_unknown_declaration_is_a_warning_once_it_matters() -> None:
    assert name_read("NLD", b"plain")[1].warnings == ()
    assert "MSH-18 says NLD" in name_read("NLD", "Zoë".encode())[1].warnings[0]


@pytest.mark.parametrize("charset", ["", "UNICODE UTF-8", "ASCII", "8859/77"])
def test_bytes_in_no_declared_set_are_read_as_windows_1252_with_a_warning(charset: str) -> None:
    read, parsed = name_read(charset, b"O\x92Brien M\xfcller")
    assert read == "O’Brien Müller"
    assert any("cp1252" in warning for warning in parsed.warnings)


def test_bytes_that_even_windows_1252_lacks_are_read() -> None:
    read, parsed = name_read("", b"a\x81\xff")
    assert read == "a\x81ÿ"
    assert parsed.syntax.encoding == "iso8859-1"


def test_what_is_known_of_the_sender_wins_over_msh_18() -> None:
    assert name_read("UNICODE UTF-8", "Zoë".encode(), "8859/1")[0] == "ZoÃ«"
    assert name_read("8859/1", "محمد".encode("cp1256"), "cp1256")[0] == "محمد"


@pytest.mark.parametrize("override", ["UNICODE UTF-8", "no-such-codec"])
def test_what_is_known_of_the_sender_may_be_wrong(override: str) -> None:
    read, parsed = name_read("8859/1", b"M\xfcller", override)
    assert read == "Müller"
    assert "configured" in parsed.warnings[0]


def test_a_set_without_codec_is_unreadable_unless_it_is_utf_8_after_all() -> None:
    assert name_read("CNS 11643-1992", "王".encode())[0] == "王"
    with pytest.raises(Unreadable, match="CNS 11643-1992"):
        name_read("CNS 11643-1992", b"\x8e\xa2\xa1\xa1\xff")


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfMSH|").text == "MSH|"
    assert decode("MSH|ü".encode("utf-16")).text == "MSH|ü"


def test_a_message_in_utf_16_is_read_and_its_header_can_be_answered() -> None:
    parsed = Message.parse(message("7", "PID|||||Zoë\r").decode().encode("utf-16"))
    assert parsed.all("PID")[0].text(5) == "Zoë"
    assert parsed.header.octets(10) == b"7"


@pytest.mark.parametrize("charset", ["UNICODE UTF-16", "~UNICODE UTF-16", "UNICODE UTF-32"])
@pytest.mark.parametrize("padding", ["", "x"])
def test_a_header_that_says_utf_16_in_ascii_is_not_utf_16(charset: str, padding: str) -> None:
    read, parsed = name_read(charset, f"Zoë{padding}".encode())
    assert (read, parsed.syntax.encoding) == (f"Zoë{padding}", "utf-8")
