"""Does what a client sends come back as it was sent, and is what cannot be kept refused?

FHIR R4 sections 2.6.2 (JSON) and 2.6.1 (XML): whatever carries it, a resource, a Bundle,
Parameters or a patch.
"""

import pytest
from starlette.types import ASGIApp

from fhir_gateway.fhir import json
from fhir_gateway.fhir.xml_writing import FHIR
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import FHIR_JSON, Shelf, an_app, ask
from tests.api.bundling import bare_clinic
from tests.api.official.texts import FHIR_XML, text_of

JSON_PATCH = {"content-type": "application/json-patch+json"}
MERGE_PATCH = {"content-type": "application/merge-patch+json"}
PATIENT = '{"resourceType":"Patient","id":"p","extension":[{"url":"urn:x",%s}]}'
#: Method, address, headers and the text around one member of an object.
CARRIERS = {
    "resource": ("PUT", "Patient/p", FHIR_JSON, PATIENT),
    "contained": (
        "PUT", "Patient/p", FHIR_JSON,
        '{"resourceType":"Patient","id":"p","contained":[{"resourceType":"Basic","id":"c",%s}]}',
    ),
    "Bundle": (
        "POST", "", FHIR_JSON,
        '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":' + PATIENT
        + ',"request":{"method":"PUT","url":"Patient/p"}}]}',
    ),
    "Parameters": (
        "PATCH", "Patient/p", FHIR_JSON,
        '{"resourceType":"Parameters","parameter":[{"name":"operation",%s}]}',
    ),
    "JSON Patch": ("PATCH", "Patient/p", JSON_PATCH, '[{"op":"add","path":"/extension",%s}]'),
    "merge patch": ("PATCH", "Patient/p", MERGE_PATCH, '{"extension":[{"url":"urn:x",%s}]}'),
}  # fmt: skip
UNSAYABLE = {
    "a property twice": '"valueString":"a","valueString":"a"',
    "NUL": r'"valueString":"a\u0000b"',
    "half a pair": r'"valueString":"\ud83d"',
    "NaN": '"valueDecimal":NaN',
    "Infinity": '"valueDecimal":Infinity',
    "-Infinity": '"valueDecimal":-Infinity',
    "65 deep": '"value":' + "[" * 65 + "]" * 65,
}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("what", UNSAYABLE)
async def test_what_json_cannot_say_for_certain_is_refused_whatever_carries_it(
    carrier: str, what: str
) -> None:
    method, address, headers, around = CARRIERS[carrier]
    body = (around % UNSAYABLE[what]).encode()
    response = await ask(an_app(Shelf()), f"/fhir/{address}", method, content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["issue"][0]["code"] == "structure"


IN_XML = {
    "an element twice": '<gender value="male"/><gender value="male"/>',
    "NUL": '<language value="a&#0;b"/>',
    "half a pair": '<language value="&#xD83D;"/>',
    "NaN": '<extension url="urn:x"><valueDecimal value="NaN"/></extension>',
    "Infinity": '<extension url="urn:x"><valueDecimal value="INF"/></extension>',
    "65 deep": '<extension url="urn:x">' * 65 + "</extension>" * 65,
}
XML_CARRIERS = {
    "resource": ("PUT", "Patient/p", f'<Patient xmlns="{FHIR}"><id value="p"/>%s</Patient>'),
    "Bundle": (
        "POST", "",
        (f'<Bundle xmlns="{FHIR}"><type value="batch"/><entry><resource><Patient>%s</Patient>'
         "</resource></entry></Bundle>"),
    ),
    "Parameters": (
        "PATCH", "Patient/p",
        (f'<Parameters xmlns="{FHIR}"><parameter><name value="operation"/><resource><Patient>%s'
         "</Patient></resource></parameter></Parameters>"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("carrier", XML_CARRIERS)
@pytest.mark.parametrize("what", IN_XML)
async def test_what_xml_cannot_say_for_certain_is_refused_whatever_carries_it(
    carrier: str, what: str
) -> None:
    method, address, around = XML_CARRIERS[carrier]
    body = (around % IN_XML[what]).encode()
    response = await ask(
        an_app(Shelf()), f"/fhir/{address}", method, content=body, headers=FHIR_XML
    )
    assert response.status_code == 400
    assert response.json()["issue"][0]["code"] == "structure"


NUMBERS = ("1.10", "1.0E2", "123456789012345678", "0.123456789012345678", "-0.0", "-0", "1e-7")
NOBODY = b'{"resourceType":"Patient","id":"p"}'
WHATEVER = (
    '{"resourceType":"Patient","id":"p","birthDate":"1970-03-30",'
    '"_birthDate":{"id":"b","extension":[{"url":"urn:time","valueTime":"10:00:00"}]},'
    '"contained":[{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},'
    '"valueQuantity":{"value":%s}},{"resourceType":"Basic","id":"c","code":{"text":"y"}}],'
    '"extension":[{"url":"urn:deep","extension":[{"url":"a","valueReference":{"reference":"#o"}},'
    '{"url":"b","valueDecimal":%s}]},{"url":"urn:c","valueReference":{"reference":"#c"}}],'
    '"name":[{"given":["Maha",null,"Noor"],"_given":[null,{"extension":[{"url":"urn:no",'
    '"valueCode":"masked"}]},null],"family":"Ali","_family":{"id":"f"}}],'
    '"_gender":{"extension":[{"url":"urn:no","valueCode":"masked"}]}}'
)


@pytest.fixture
async def app(deps: Deps) -> ASGIApp:
    return bare_clinic(deps)


async def read(app: ASGIApp) -> bytes:
    """The text of Patient/p."""
    return text_of((await ask(app, "/fhir/Patient/p")).content, meta=False)


async def test_numbers_extensions_and_contained_resources_come_back_whatever_carried_them(
    app: ASGIApp,
) -> None:
    for number in NUMBERS:
        body = (WHATEVER % (number, number)).encode()
        expected = text_of(body, meta=False)
        await ask(app, "/fhir/Patient/p", "PUT", content=body, headers=FHIR_JSON)
        assert await read(app) == expected
        as_xml = await ask(app, "/fhir/Patient/p", headers={"accept": "application/fhir+xml"})
        assert as_xml.content.count(f'value="{number}"'.encode()) == 2
        await ask(app, "/fhir/Patient/p", "PUT", content=NOBODY, headers=FHIR_JSON)
        again = await ask(app, "/fhir/Patient/p", "PUT", content=as_xml.content, headers=FHIR_XML)
        assert again.status_code == 200, again.text
        assert await read(app) == expected
        entry = b'{"resource":%s,"request":{"method":"PUT","url":"Patient/p"}}' % body
        bundle = b'{"resourceType":"Bundle","type":"transaction","entry":[%s]}' % entry
        sent = await ask(app, "/fhir", "POST", content=bundle, headers=FHIR_JSON)
        assert sent.status_code == 200
        assert await read(app) == expected


@pytest.mark.parametrize("number", NUMBERS)
async def test_a_patch_brings_a_number_as_it_is_written(app: ASGIApp, number: str) -> None:
    await ask(app, "/fhir/Patient/p", "PUT", content=NOBODY, headers=FHIR_JSON)
    value = b'[{"url":"urn:x","valueDecimal":%s}]' % number.encode()
    json_patch = b'[{"op":"add","path":"/extension","value":%s}]' % value
    fhirpath = (
        b'{"resourceType":"Parameters","parameter":[{"name":"operation","part":['
        b'{"name":"type","valueCode":"replace"},{"name":"path","valueString":'
        b'"Patient.extension[0].value"},{"name":"value","valueDecimal":%s}]}]}' % number.encode()
    )
    for content, headers in (
        (json_patch, JSON_PATCH),
        (b'{"extension":%s}' % value, MERGE_PATCH),
        (fhirpath, FHIR_JSON),
    ):
        response = await ask(app, "/fhir/Patient/p", "PATCH", content=content, headers=headers)
        assert response.status_code == 200, response.text
        assert b'"valueDecimal":%s}' % number.encode() in response.content


async def test_the_order_of_elements_means_nothing(app: ASGIApp) -> None:
    body = json.parse((WHATEVER % ("1", "2")).encode())
    first = await ask(app, "/fhir/Patient/p", "PUT", content=json.dump(body), headers=FHIR_JSON)
    backwards = json.dump(dict(reversed(body.items())))
    again = await ask(app, "/fhir/Patient/p", "PUT", content=backwards, headers=FHIR_JSON)
    assert text_of(again.content) == text_of(first.content)
