"""The description of a destination is read strictly, and says where it is wrong."""

import ssl
from pathlib import Path

import pytest
import trustme

from fhir_gateway.configuration import read_destinations
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.outbound.destinations import Destination, by_tenant
from tests.house.tree import ROOT

LEAST = """\
host: ehr.example
port: 6661
sender: {application: GATEWAY}
receiver: {application: EHR, facility: CLINIC}
"""


def described(folder: Path, text: str, name: str = "ehr") -> list[Destination]:
    (folder / "destinations").mkdir(exist_ok=True)
    (folder / "destinations" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return read_destinations(folder)


def test_the_least_that_has_to_be_said(tmp_path: Path) -> None:
    (told,) = described(tmp_path, LEAST)
    assert (told.name, told.tenant, told.role, told.version) == (
        "ehr", "default", "filler", "2.5.1",
    )  # fmt: skip
    assert told.receiver.pair == ("EHR", "CLINIC")
    assert told.tls_context() is None
    assert told.sends_as(("EHR", "CLINIC"))
    assert not told.sends_as(("EHR", "OTHER"))
    assert not told.sends_as(None)


def test_the_example_in_the_repository_is_one() -> None:
    (told,) = read_destinations(ROOT / "conformance" / "samples")
    assert (told.name, told.role) == ("ehr", "filler")


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("hosts: x", "hosts"),
        ("port: 0", "port"),
        ("port: true", "port"),
        ("version: '2.9'", "version"),
        ("version: 2.5", "version"),
        ("charset: UNICODE UTF-16", "charset"),
        ("zone: Mars/Olympus", "zone"),
        ("as: boss", "as"),
        ("events: [S99]", "events.0"),
        ("ack_timeout: 0", "ack_timeout"),
        ("retry: {tries: 3}", "retry.tries"),
        ("retry: {refusals: [AA]}", "retry.refusals.0"),
        ("circuit: {threshold: 0}", "circuit.threshold"),
        ("in_flight: 0", "in_flight"),
        ("receiver: {facility: CLINIC}", "receiver.application"),
        ('receiver: {application: "E\\rHR"}', "receiver.application"),
        ("tls: {key: client.key}", "tls"),
        ("enabled: perhaps", "enabled"),
    ],
)
def test_what_is_wrong_is_said_with_its_file_and_place(
    tmp_path: Path, more: str, where: str
) -> None:
    key = more.partition(":")[0]
    kept = "".join(f"{each}\n" for each in LEAST.splitlines() if not each.startswith(f"{key}:"))
    with pytest.raises(GatewayError) as caught:
        described(tmp_path, kept + more)
    assert str(tmp_path / "destinations" / "ehr.yaml") in str(caught.value)
    assert f" {where}: " in str(caught.value)


def test_files_of_tls_are_beside_the_description(tmp_path: Path) -> None:
    described(tmp_path, LEAST)
    authority = trustme.CA()
    client = authority.issue_cert("gateway.example")
    folder = tmp_path / "destinations"
    authority.cert_pem.write_to_path(folder / "ca.pem")
    client.cert_chain_pems[0].write_to_path(folder / "client.pem")
    client.private_key_pem.write_to_path(folder / "client.key")
    text = f"{LEAST}tls: {{ca: ca.pem, certificate: client.pem, key: client.key}}\n"
    (told,) = described(tmp_path, text)
    context = told.tls_context()
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1


def test_files_of_tls_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match="destination ehr: the files of tls"):
        described(tmp_path, f"{LEAST}tls: {{ca: nowhere.pem}}\n")


def test_destinations_belong_to_their_tenant(tmp_path: Path) -> None:
    described(tmp_path, LEAST)
    described(tmp_path, f"{LEAST}tenant: b\n", "lab")
    found = described(tmp_path, f"{LEAST}enabled: false\n", "off")
    sorted_out = by_tenant(found, {"default": 1, "b": 2})
    assert {key: [each.name for each in told] for key, told in sorted_out.items()} == {
        1: ["ehr"], 2: ["lab"],
    }  # fmt: skip
    with pytest.raises(GatewayError, match="no tenant 'b'"):
        by_tenant(found, {"default": 1})


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    described(tmp_path, LEAST)
    found = described(tmp_path, f"{LEAST}name: ehr\n", "other")
    with pytest.raises(GatewayError, match="two destinations are called ehr"):
        by_tenant(found, {"default": 1})
