"""At which ports does HL7 v2 come in, and what holds for each of them?

`<config_dir>/listeners/*.yaml`, one file for each port; without any there is one port as in the
settings. The example in conformance/samples/listeners has every key.

Source: hl7v2.md sections 3.1 and 3.2; decision 0015.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fhir_gateway.configuration import Description, descriptions
from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.hl7.framing import MAX_FRAME
from fhir_gateway.hl7.peer import Limits, Peer, Release
from fhir_gateway.settings import Settings

KIND = "listeners"
#: Of the tenant that is there from the start.
DEFAULT_TENANT = "default"
_LARGEST_FRAME = 256 * 1024 * 1024


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TlsFiles(_Part):
    """PEM files, relative to the configuration's folder.

    Args:
        certificate: Ours, with its chain.
        key: Of the certificate; None where it is in the same file.
        clients: Authorities whose certificates clients have to show; None asks for none.
        minimum: Lowest version of TLS.
    """

    certificate: str
    key: str | None = None
    clients: str | None = None
    minimum: Literal["1.2", "1.3"] = "1.2"


class ListenerLimits(_Part):
    """What peers may take; None is without limit.

    Args:
        connections: At once.
        per_peer: At once, of one address.
        frame_bytes: Of one message or batch.
        frame_seconds: From its first byte to its last.
        idle_seconds: Silence between messages.
    """

    connections: int = Field(default=200, ge=1, le=10_000)
    per_peer: int = Field(default=200, ge=1, le=10_000)
    frame_bytes: int = Field(default=MAX_FRAME, ge=1024, le=_LARGEST_FRAME)
    frame_seconds: float | None = Field(default=60.0, gt=0)
    idle_seconds: float | None = Field(default=None, gt=0)


class ListenerFile(_Part):
    """What a file may say; see the example."""

    port: int = Field(ge=0, le=65535)
    host: str = "127.0.0.1"
    tenant: str = DEFAULT_TENANT
    sender: str | None = None
    ack_mode: Literal["message", "original", "enhanced"] = "message"
    release: Release = "auto"
    networks: list[str] = Field(default_factory=list)
    tls: TlsFiles | None = None
    limits: ListenerLimits = ListenerLimits()

    @field_validator("release", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value  # as YAML reads a bare 1

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        for each in value:
            ip_network(each)  # its ValueError says what is wrong
        return value


@dataclass(frozen=True, slots=True)
class Listener:
    """One port.

    Attributes:
        name: For logs and messages to people.
        file: What was said about it.
        tls: Ready to be used; None without.
        origin: The file, or the setting.
    """

    name: str
    file: ListenerFile
    tls: ssl.SSLContext | None = None
    origin: str = "mllp_port"

    @property
    def remedy(self) -> str:
        """What to do where the port cannot be had."""
        given = self.origin == "mllp_port"
        return "choose another --mllp-port" if given else f"choose another port in {self.origin}"

    @property
    def limits(self) -> Limits:
        """As the server wants them."""
        told = self.file.limits
        return Limits(
            max_frame=told.frame_bytes,
            max_connections=told.connections,
            max_per_peer=told.per_peer,
            idle_timeout=told.idle_seconds,
            frame_timeout=told.frame_seconds,
        )

    def admits(self, peer: Peer) -> bool:
        """Whether a peer may connect: everybody may where no network is named."""
        if not self.file.networks:
            return True
        address = ip_address(peer.host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in ip_network(each) for each in self.file.networks)


def read_listeners(settings: Settings) -> list[Listener]:
    """The ports to listen on.

    Raises:
        GatewayError: invalid, with everything that is wrong in any of the files.
    """
    issues: list[Issue] = []
    found: list[Listener] = []
    for each in descriptions(settings.config_dir, KIND):
        try:
            found.append(_read(each))
        except GatewayError as error:
            issues += error.issues
    if issues:
        raise GatewayError(Category.INVALID, *issues)
    if found:
        return found
    return [Listener("default", ListenerFile(port=settings.mllp_port, host=settings.host))]


def _read(description: Description) -> Listener:
    try:
        file = ListenerFile.model_validate(dict(description.content))
    except ValidationError as error:
        raise GatewayError(Category.INVALID, *_issues(description.path, error)) from None
    folder = description.path.parents[1]
    tls = _context(file.tls, folder, description.path) if file.tls else None
    return Listener(description.name, file, tls, str(description.path))


def _issues(path: Path, error: ValidationError) -> Iterator[Issue]:
    for each in error.errors():
        place = ".".join(map(str, each["loc"]))
        yield Issue(f"{path}: {place}: {each['msg']}", (str(path),), "value")


def _context(files: TlsFiles, folder: Path, path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = getattr(ssl.TLSVersion, f"TLSv{files.minimum}".replace(".", "_"))
    key = str(folder / files.key) if files.key else None
    try:
        context.load_cert_chain(folder / files.certificate, key, password=_no_password)
        if files.clients:
            context.load_verify_locations(folder / files.clients)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:  # errors of TLS are OSErrors
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        text = f"{path}: tls: the certificate, its key or the authorities cannot be read: {why}"
        raise fail(Category.INVALID, text, str(path)) from error
    return context


def _no_password() -> str:
    """Instead of the terminal being asked."""
    raise ValueError("the key is locked by a password")
