"""Listeners are described in files, and what is wrong in them is said with file and key."""

import shutil
import ssl
from pathlib import Path

import pytest
import trustme

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.peer import Limits, Peer
from fhir_gateway.listeners import Listener, ListenerFile, read_listeners
from fhir_gateway.settings import Settings
from tests.house.tree import ROOT

EXAMPLE = ROOT / "conformance" / "samples" / "listeners" / "hospital.yaml"


def described(folder: Path, **files: str) -> list[Listener]:
    """The listeners of these files, by name."""
    (folder / "listeners").mkdir()
    for name, text in files.items():
        (folder / "listeners" / f"{name}.yaml").write_text(text)
    return read_listeners(Settings(config_dir=folder))


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with the certificates that the example names."""
    authority = trustme.CA()
    folder = tmp_path / "certificates"
    folder.mkdir()
    own = authority.issue_cert("127.0.0.1")
    own.private_key_pem.write_to_path(folder / "gateway.key")
    own.cert_chain_pems[0].write_to_path(folder / "gateway.pem")
    authority.cert_pem.write_to_path(folder / "hospital.pem")
    return tmp_path


def test_without_files_there_is_the_port_of_the_settings(tmp_path: Path) -> None:
    settings = Settings(config_dir=tmp_path, host="127.0.0.2", mllp_port=7777)
    (only,) = read_listeners(settings)
    assert only == Listener("default", ListenerFile(host="127.0.0.2", port=7777))
    assert only.limits == Limits()


def test_the_example_is_read_and_says_what_holds_without_it(certificates: Path) -> None:
    (certificates / "listeners").mkdir()
    shutil.copy(EXAMPLE, certificates / "listeners")
    (read,) = read_listeners(Settings(config_dir=certificates))
    assert (read.name, read.file.sender) == ("hospital", "hospital")
    assert read.tls is not None
    assert read.tls.verify_mode is ssl.CERT_REQUIRED
    assert read.tls.minimum_version is ssl.TLSVersion.TLSv1_2
    usual = ListenerFile(port=2576)
    said = read.file.model_copy(update={"sender": None, "networks": [], "tls": None})
    assert said == usual


def test_the_example_of_the_readme_is_read(certificates: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("### Ports for HL7 v2")[2]
    (read,) = described(certificates, readme=text.partition("```yaml\n")[2].partition("```")[0])
    assert (read.file.ack_mode, read.limits.max_per_peer) == ("enhanced", 20)
    assert read.tls is not None


def test_a_port_needs_nothing_but_its_number(tmp_path: Path) -> None:
    one, other = described(tmp_path, a="port: 2576", b="port: 0\nrelease: 2\nack_mode: enhanced")
    assert (one.name, one.file.port, one.file.release) == ("a", 2576, "auto")
    assert (other.file.release, other.file.ack_mode) == ("2", "enhanced")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("host: 127.0.0.1", "port: Field required"),
        ("port: '2576'", "port: Input should be a valid integer"),
        ("port: 70000", "port: Input should be less than or equal to 65535"),
        ("port: 1\nprot: x", "prot: Extra inputs are not permitted"),
        ("port: 1\nack_mode: both", "ack_mode: Input should be 'message'"),
        ("port: 1\nrelease: 3", "release: Input should be '1'"),
        ("port: 1\nnetworks: [10.0.0.300]", "networks: Value error, '10.0.0.300'"),
        ("port: 1\nnetworks: [10.0.0.1/8]", "has host bits set"),
        ("port: 1\nlimits: {connections: 0}", "limits.connections: Input should be greater"),
        ("port: 1\nlimits: {frame_seconds: -1}", "limits.frame_seconds"),
        ("port: 1\ntls: {}", "tls.certificate: Field required"),
        ("port: 1\ntls: {certificate: nowhere.pem}", "tls: the certificate"),
        ("port: 1\ntls: {certificate: x, minimum: '1.1'}", "tls.minimum"),
        ("port: 1\nport: 2", "twice"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(GatewayError) as caught:
        described(tmp_path, one=text)
    assert str(tmp_path / "listeners" / "one.yaml") in str(caught.value)
    assert why in str(caught.value)


def test_everything_that_is_wrong_in_any_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(GatewayError) as caught:
        described(tmp_path, a="port: x\nhost: 1", b="port: -1")
    assert len(caught.value.issues) == 3


def test_a_key_with_a_password_is_refused_instead_of_asked_for(certificates: Path) -> None:
    key = certificates / "certificates" / "gateway.key"
    key.write_text(key.read_text().replace("-----BEGIN", "-----BEGIN ENCRYPTED", 1))
    with pytest.raises(GatewayError) as caught:
        described(
            certificates,
            one="port: 1\ntls: {certificate: certificates/gateway.pem,"
            " key: certificates/gateway.key}",
        )
    assert "cannot be read" in str(caught.value)


@pytest.mark.parametrize(
    ("networks", "host", "admitted"),
    [
        ([], "203.0.113.9", True),
        (["10.20.0.0/16"], "10.20.3.4", True),
        (["10.20.0.0/16"], "10.21.3.4", False),
        (["10.20.0.0/16", "127.0.0.1"], "127.0.0.1", True),
        (["10.20.0.0/16"], "::ffff:10.20.3.4", True),
        (["10.20.0.0/16"], "2001:db8::1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
    ],
)
def test_the_networks_say_who_may_connect(networks: list[str], host: str, admitted: bool) -> None:
    listener = Listener("x", ListenerFile(port=0, networks=networks))
    assert listener.admits(Peer(host, 1, 2)) is admitted
