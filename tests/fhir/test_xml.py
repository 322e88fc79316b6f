"""Does a resource come through XML as it was, and is what is no FHIR refused?"""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.fhir import json
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.spec import structure, structure_names
from fhir_gateway.fhir.xml_reading import read
from fhir_gateway.fhir.xml_writing import pieces, write
from tests.fhir.examples import datatype, example, variants

FHIR = "http://hl7.org/fhir"
RESOURCES = [(name, n) for name in CATALOGUE for n in range(variants(name))]
ENVELOPES = {"Parameters", "Bundle", "OperationOutcome", "Resource"}
TYPES = [
    name
    for name in structure_names()
    if "." not in name and name not in ENVELOPES and name not in CATALOGUE
]
DATATYPES = [(name, n) for name in TYPES for n in range(variants(name))]


def a_patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1"} | elements


def with_extended_primitives(node: Any) -> Any:
    """Every other text gets an id or an extension of its own; lists of texts get a gap."""
    if isinstance(node, list):
        return [with_extended_primitives(each) for each in node]
    if not isinstance(node, dict):
        return node
    extended = {name: with_extended_primitives(each) for name, each in node.items()}
    names = sorted(
        name
        for name, each in node.items()
        if isinstance(each, str | bool | int | Decimal)
        and name not in ("resourceType", "id", "url", "div", "reference")
    )
    for number, name in enumerate(names[::2]):
        extension = [{"url": "https://example.org/x", "valueDecimal": Decimal("1.10")}]
        extended[f"_{name}"] = [{"id": "x1"}, {"extension": extension}][number % 2]
    return extended


@pytest.mark.parametrize(("type_name", "variant"), RESOURCES)
@pytest.mark.parametrize("indent", [False, True])
def test_every_element_of_every_served_type_comes_through(
    type_name: str, variant: int, indent: bool
) -> None:
    resource, _ = example(type_name, variant)
    assert read(write(resource, indent=indent)) == resource


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_what_stands_beside_a_primitive_value_comes_through(type_name: str) -> None:
    resource = with_extended_primitives(example(type_name, 0)[0])
    assert read(write(resource)) == resource


@pytest.mark.parametrize(("type_name", "variant"), DATATYPES)
def test_every_datatype_comes_through(type_name: str, variant: int) -> None:
    value, _ = datatype(type_name, variant)
    extension = {"url": "https://example.org/x", f"value{type_name}": value}
    places: dict[str, dict[str, Any]] = {
        "Narrative": {"text": value},
        "Extension": {"extension": [value]},
    }
    resource = a_patient(**places.get(type_name, {"extension": [extension]}))
    assert read(write(resource)) == resource


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_elements_are_written_in_the_order_of_r4(type_name: str) -> None:
    resource, _ = example(type_name, 0)
    backwards = dict(reversed(list(resource.items())))
    found = structure(type_name)
    assert found is not None
    names = [etree.QName(each).localname for each in etree.fromstring(write(backwards))]
    assert list(dict.fromkeys(names)) == [each for each in found.elements if each in names]


@pytest.mark.parametrize(
    "number", ["1.10", "1.0E2", "-0", "1e3", "0.0000001", "12345678901234567890"]
)
def test_a_number_keeps_its_digits(number: str) -> None:
    body = f'{{"resourceType":"Patient","extension":[{{"url":"x","valueDecimal":{number}}}]}}'
    resource = json.parse(body.encode())
    assert f'value="{number}"'.encode() in write(resource)
    assert json.dump(read(write(resource))) == json.dump(resource)


@pytest.mark.parametrize(
    "text", ["مها", "😀", "a & b < c > \"d\" 'e'", "tab\tline\nreturn\r", "]]>", "&amp;"]
)
def test_every_text_comes_through(text: str) -> None:
    resource = a_patient(name=[{"text": text}])
    assert read(write(resource)) == resource


def test_a_list_may_have_a_gap_where_only_an_extension_is() -> None:
    nothing = {"extension": [{"url": "https://example.org/x", "valueCode": "unknown"}]}
    name = {"given": ["Maha", None, "Noor"], "_given": [None, nothing, None]}
    assert read(write(a_patient(name=[name]))) == a_patient(name=[name])


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        ("<p>a<br/>b</p>", "<p>a<br/>b</p>"),
        ('<p class="x" xml:lang="ar">مها</p>', '<p class="x" xml:lang="ar">مها</p>'),
        ('<p>&lt;tag&gt; &amp; "</p>', "<p>&lt;tag&gt; &amp; &quot;</p>"),
        ("a&nbsp;b &copy; &#233;", "a\xa0b © é"),
        ("<p>never closed", "never closed"),
        ("<b><i>crossed</b></i>", "crossed"),
    ],
)
def test_narrative_is_written_as_elements(inner: str, kept: str) -> None:
    begin = '<div xmlns="http://www.w3.org/1999/xhtml">'
    text = {"status": "generated", "div": f"{begin}{inner}</div>"}
    back = read(write(a_patient(text=text)))
    assert back["text"]["div"] == f"{begin}{kept}</div>"


def test_a_prefix_means_nothing() -> None:
    body = (
        f'<f:Patient xmlns:f="{FHIR}" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        '<f:status value="generated"/><h:div><h:p>Hi</h:p></h:div></f:text></f:Patient>'
    )
    assert read(body.encode()) == {
        "resourceType": "Patient",
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Hi</p></div>',
        },
    }


def test_comments_instructions_and_blanks_are_passed_over() -> None:
    body = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><?style x?><!-- a -->\n<Patient'
        f' xmlns="{FHIR}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{FHIR} x.xsd">\n <!-- b --> <active value="true" />\n</Patient>\n'
    )
    assert read(body.encode()) == {"resourceType": "Patient", "active": True}


def test_a_contained_resource_of_a_type_that_is_not_served_comes_through() -> None:
    inner = {"resourceType": "Observation", "id": "o", "status": "final", "valueInteger": 3,
             "code": {"id": "c", "coding": [{"code": "x"}]}}  # fmt: skip
    patient = a_patient(contained=[inner])
    text = write(patient).decode()
    assert read(text.encode()) == patient
    assert (
        '<contained><Observation><id value="o"/><status value="final"/>'
        '<code id="c"><coding><code value="x"/></coding></code>'
        '<valueInteger value="3"/></Observation></contained>'
    ) in text


def test_a_bundle_comes_through_in_pieces() -> None:
    entry = {"fullUrl": "https://x.example/Patient/p1", "resource": example("Patient", 0)[0]}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry] * 40}
    parts = list(pieces(bundle))
    assert len(parts) > 10
    assert read("".join(parts).encode()) == bundle


def test_what_is_written_is_not_changed() -> None:
    resource = with_extended_primitives(example("Appointment", 0)[0])
    before = deepcopy(resource)
    write(resource)
    assert resource == before


def refusal(body: str | bytes) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        read(body.encode() if isinstance(body, str) else body)
    assert caught.value.category is Category.INVALID
    return caught.value


BOMB = '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (f'{BOMB}<Patient xmlns="{FHIR}"/>', "document type"),
        (f'<!DOCTYPE Patient SYSTEM "file:///etc/passwd"><Patient xmlns="{FHIR}"/>', "document"),
        (f'<Patient xmlns="{FHIR}"><id value="&a;"/></Patient>', "Entity 'a' not defined"),
        ("<Patient/>", "namespace"),
        ('<Patient xmlns="http://hl7.org/fhir/"/>', "namespace"),
        (f'<Nonsense xmlns="{FHIR}"/>', "not read as XML"),
        (f'<Coding xmlns="{FHIR}"/>', "not read as XML"),
        (f'<Patient xmlns="{FHIR}">', "not well-formed"),
        ("", "not well-formed"),
        ('{"resourceType": "Patient"}', "not well-formed"),
        (f'<?xml version="1.0" encoding="utf-16"?><Patient xmlns="{FHIR}"/>', "UTF-8"),
    ],
)
def test_what_is_no_document_of_fhir_is_refused(body: str, says: str) -> None:
    assert says in str(refusal(body))


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_refused(encoding: str) -> None:
    body = f'<?xml version="1.0"?>{BOMB}<Patient xmlns="{FHIR}"><name value="é"/></Patient>'
    assert "UTF-8" in str(refusal(body.encode(encoding)))


@pytest.mark.parametrize(
    ("inner", "place", "says"),
    [
        ('<colour value="red"/>', "Patient.colour", "no element of Patient"),
        ('<x:id xmlns:x="urn:x" value="1"/>', "Patient.id", "namespace"),
        ('<active value="yes"/>', "Patient.active", "true or false"),
        ('<active value="1"/>', "Patient.active", "true or false"),
        ('<multipleBirthInteger value="two"/>', "Patient.multipleBirthInteger", "a number"),
        ('<multipleBirthInteger value="1e999"/>', "Patient.multipleBirthInteger", "beyond"),
        ('<active value="true"/><active value="true"/>', "Patient.active", "twice"),
        ("<active/>", "Patient.active", "empty"),
        ("<name/>", "Patient.name[0]", "empty"),
        ("<name>Maha</name>", "Patient.name[0]", "has text"),
        ("<name><family value='x'/>Maha</name>", "Patient.name[0]", "has text"),
        ('<name value="Maha"/>', "Patient.name[0]", "'value'"),
        ('<name><id value="n"/></name>', "Patient.name[0].id", "no element of HumanName"),
        ('<birthDate value="1980" url="x"/>', "Patient.birthDate", "'url'"),
        ('<birthDate><value value="1980"/></birthDate>', "Patient.birthDate.value", "no element"),
        ("<contained/>", "Patient.contained[0]", "exactly one"),
        ("<contained><Nonsense/></contained>", "Patient.contained[0]", "not read as XML"),
        ('<text><div value="x"/></text>', "Patient.text.div", "namespace"),
        (
            '<text><div xmlns="http://www.w3.org/1999/xhtml"><x xmlns="urn:x"/></div></text>',
            "Patient.text.div",
            "not in the namespace",
        ),
    ],
)
def test_what_r4_does_not_know_is_refused_with_its_place(inner: str, place: str, says: str) -> None:
    (issue,) = refusal(f'<Patient xmlns="{FHIR}">{inner}</Patient>').issues
    assert says in issue.diagnostics
    assert issue.expression == (place,)


def test_an_attribute_of_a_resource_is_refused() -> None:
    assert "'id'" in str(refusal(f'<Patient xmlns="{FHIR}" id="p1"/>'))


def nested(depth: int) -> str:
    inner = '<valueCode value="x"/>'
    opened, closed = '<extension url="x">' * depth, "</extension>" * depth
    return f'<Patient xmlns="{FHIR}">{opened}{inner}{closed}</Patient>'


@pytest.mark.parametrize("depth", [32, 100, 5000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    assert refusal(nested(depth)).issues


def test_what_is_as_deep_as_json_allows_is_read_as_json_too() -> None:
    resource = read(nested(31).encode())
    assert json.parse(json.dump(resource)) == resource


def test_too_many_elements_are_too_costly() -> None:
    with pytest.raises(GatewayError) as caught:
        read(f'<Patient xmlns="{FHIR}">{"<a/>" * 50}</Patient>'.encode(), most=10)
    assert caught.value.category is Category.TOO_COSTLY
