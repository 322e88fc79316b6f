"""The same resources as XML, and XML that nobody should read."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from fhir_gateway.fhir.xml_writing import write

Change = Callable[[bytes], bytes]

_LOL = b"<!DOCTYPE lolz [<!ENTITY a 'lol'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 10)
)


def _before_root(inserted: bytes) -> Change:
    return lambda body: body.replace(b"?>", b"?>" + inserted, 1)


def _in_root(inserted: bytes) -> Change:
    return lambda body: body.replace(b'fhir">', b'fhir">' + inserted, 1)


def _instead(old: bytes, new: bytes, count: int = 1) -> Change:
    return lambda body: body.replace(old, new, count)


CHANGES: tuple[Change, ...] = (
    _before_root(b'<!DOCTYPE x SYSTEM "file:///etc/passwd">'),
    _before_root(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
    _before_root(b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]>'),
    _before_root(_LOL + b"]>"),
    _before_root(b"<!-- c -->"),
    _before_root(b"<?php echo 1 ?>"),
    _before_root(b'<?xml-stylesheet href="x"?>'),
    _before_root(b"\n" * 1000),
    _in_root(b"<!-- c --><!-- d -->"),
    _in_root(b"<?pi x?>"),
    _in_root(b"<![CDATA[x]]>"),
    _in_root(b"text"),
    _in_root(b"&e;"),
    _in_root(b"&i;"),
    _in_root(b"&#0;"),
    _in_root(b"&#xD800;"),
    _in_root(b"<p:active value='true'/>"),
    _in_root(b"<x xmlns='' value='1'/>"),
    _in_root(b"<active xmlns='http://hl7.org/fhir/' value='1'/>"),
    _in_root(b"<colour value='red'/>"),
    _in_root(b"<active/>"),
    _in_root(b"<active value=''/>"),
    _in_root(b"<status value='x'/><status value='y'/>"),
    _in_root(b"<id value='1' value='2'/>"),
    _in_root(b"<id xmlns:a='u' xmlns:b='u' a:x='1' b:x='2' value='1'/>"),
    _in_root(b"<extension url='x'>" * 80 + b"</extension>" * 80),
    _in_root(b"<extension url='x'>" * 5000 + b"</extension>" * 5000),
    _in_root(b"<extension url='x'><valueDecimal value='1e999999999'/></extension>"),
    _in_root(b"<extension url='x'><valueInteger value='" + b"9" * 5000 + b"'/></extension>"),
    _in_root(b"<extension url='x'><valueInteger value=' 1 '/></extension>"),
    _in_root(b"<extension url='x'><valueInteger value='0x1'/></extension>"),
    _in_root(b"<extension url='x'><valueReference/></extension>"),
    _in_root(b"<extension url='x'><valueDecimal value='\xd9\xa1'/></extension>"),
    _in_root(b"<contained><Patient/><Patient/></contained>"),
    _in_root(b"<contained><Nothing><x value='1'/></Nothing></contained>"),
    _in_root(b"<contained/>"),
    _in_root(b"<text><status value='generated'/><div>x</div></text>"),
    _in_root(
        b"<text><status value='generated'/><div xmlns='http://www.w3.org/1999/xhtml'>"
        b"<script>x</script></div></text>"
    ),
    _instead(b"http://hl7.org/fhir", b"http://hl7.org/fhir/"),
    _instead(b' xmlns="http://hl7.org/fhir"', b""),
    _instead(b'encoding="UTF-8"', b'encoding="UTF-16"'),
    _instead(b'encoding="UTF-8"', b'encoding="EBCDIC"'),
    _instead(b'version="1.0"', b'version="1.1"'),
    _instead(b'version="1.0"', b'version="9"'),
    _instead(b"/>", b">", 1),
    _instead(b'value="', b'value="\x01'),
    _instead(b'value="', b'value="\xff'),
    _instead(b'value="', b'x="', 2),
    _instead(b'value="', b'value="&lt;&#10;&amp;amp;'),
    _instead(b"id>", b"Id>"),
    lambda body: body + body,
    lambda body: body[: len(body) // 2],
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: body.decode("utf-8", "replace").encode("utf-16"),
    lambda body: b"<" * 200_000,
    lambda body: b"<a " + b" ".join(b"a%d='1'" % n for n in range(5000)) + b"/>",
)


def spoiled(draw: st.DrawFn, resource: dict[str, Any]) -> bytes:
    """A valid resource as XML, changed in up to two ways."""
    body = write(resource)
    for _ in range(draw(st.integers(0, 2))):
        body = draw(st.sampled_from(CHANGES))(body)
    return body
