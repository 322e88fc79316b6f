"""To whom does the gateway send HL7 v2 messages of its own, and on what terms?

One YAML file below `destinations` in the configuration folder describes one receiver. What is not
understood is refused: a misspelt key would otherwise be a silent default.

Source: decisions 2 and 19; hl7v2.md section 3.
"""

import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.time import zone
from fhir_gateway.engines.circuit import Patience
from fhir_gateway.mapping.letterhead import CHARSETS, UTF_8

EventCode = Literal["S12", "S13", "S14", "S15", "S17", "S26"]
EVENTS: tuple[EventCode, ...] = ("S12", "S13", "S14", "S15", "S17", "S26")
Seconds = Annotated[float, Field(gt=0, le=86_400, strict=True)]
Words = Annotated[str, Field(max_length=180, pattern=r"^[^\x00-\x1f\x7f]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Party(_Part):
    """MSH-3 and MSH-4, or MSH-5 and MSH-6."""

    application: Annotated[Words, Field(min_length=1)]
    facility: Words = ""

    @property
    def pair(self) -> tuple[str, str]:
        return self.application, self.facility


class Tls(_Part):
    """How the connection is protected. Paths are relative to the file that names them.

    Attributes:
        ca: Certificates that are trusted; None: those of the system.
        certificate, key: Our own, where the receiver asks for one.
        server_name: In the receiver's certificate; None: the host.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if self.key is not None and self.certificate is None:
            raise ValueError("a key needs its certificate")
        return self


class Retry(_Part):
    """What happens to a message that is not answered.

    Attributes:
        first, longest: Seconds between two tries, twice as long each time.
        attempts: Tries before people have to look at it; those in which nobody could be reached
            do not count.
        refusals: Those after which it is tried again too; all others are final.
    """

    first: Seconds = 1.0
    longest: Seconds = 300.0
    attempts: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 20
    refusals: tuple[Literal["AE", "AR", "CE", "CR"], ...] = ()

    @property
    def patience(self) -> Patience:
        return Patience(self.first, self.longest)


class CircuitLimits(_Part):
    """When nothing is sent for a while.

    Attributes:
        threshold: Failures in a row that open the circuit.
        first, longest: Seconds until the next message, twice as long after each failure.
    """

    threshold: Annotated[int, Field(strict=True, ge=1, le=1000)] = 5
    first: Seconds = 1.0
    longest: Seconds = 60.0

    @property
    def patience(self) -> Patience:
        return Patience(self.first, self.longest, self.threshold)


class Destination(_Part):
    """One receiver.

    Attributes:
        name: In logs and commands; the file's name.
        tenant: Slug of whose appointments it is told.
        host, port, tls: Where it listens.
        sender: What we call ourselves (MSH-3, MSH-4).
        receiver: What it is called (MSH-5, MSH-6). What it sends itself under that name is not
            sent back to it.
        also_sends_as: Further names under which its own messages come.
        version: Of the messages.
        charset: Table 0211; a message that has other characters goes out in UTF-8.
        zone: IANA zone of its wall clock; None: the tenant's.
        role: `filler`: the appointments are ours, it is told (SIU). `placer`: they are its own,
            it is asked (SRM). `as` in the file.
        processing_id: MSH-11.
        events: What it is told.
        confirm: `none`: what is booked here is booked at once, and a refusal is for people.
            `application`: it is pending, its time held, until the receiver's application has said
            yes; a no cancels it and gives the time back.
        ack_timeout, connect_timeout: Seconds.
        confirm_timeout: Seconds after which the silence of the application is for people.
        in_flight: Messages under way at a time, never two of one appointment.
        retry, circuit: See Retry and CircuitLimits.
        enabled: Whether messages for it are written and sent at all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    tenant: str = "default"
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(strict=True, ge=1, le=65535)]
    tls: Tls | None = None
    sender: Party
    receiver: Party
    also_sends_as: tuple[Party, ...] = ()
    version: Literal["2.3.1", "2.4", "2.5", "2.5.1", "2.6"] = "2.5.1"
    charset: str = UTF_8
    zone: str | None = None
    role: Annotated[Literal["filler", "placer"], Field(alias="as")] = "filler"
    processing_id: Literal["P", "T", "D"] = "P"
    events: tuple[EventCode, ...] = EVENTS
    confirm: Literal["none", "application"] = "none"
    ack_timeout: Seconds = 30.0
    confirm_timeout: Seconds = 300.0
    connect_timeout: Seconds = 10.0
    in_flight: Annotated[int, Field(strict=True, ge=1, le=64)] = 1
    retry: Retry = Retry()
    circuit: CircuitLimits = CircuitLimits()
    enabled: bool = True

    @field_validator("charset")
    @classmethod
    def _known_charset(cls, value: str) -> str:
        if value not in CHARSETS:
            raise ValueError(f"must be one of {', '.join(CHARSETS)}")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            return zone(value).key if value is not None else None
        except GatewayError as error:
            raise ValueError(str(error)) from error

    @property
    def confirms(self) -> bool:
        """Whether its application has to say yes to a booking."""
        return self.confirm == "application" and "S12" in self.events

    def sends_as(self, source: tuple[str, str] | None) -> bool:
        """Whether a message with that MSH-3 and MSH-4 was its own."""
        return source in {each.pair for each in (self.receiver, *self.also_sends_as)}

    def tls_context(self) -> ssl.SSLContext | None:
        """What protects the connection; None for plain TCP.

        Raises:
            GatewayError: invalid, where a file of it cannot be used.
        """
        told = self.tls
        if told is None:
            return None
        try:
            context = ssl.create_default_context(cafile=told.ca)
            if told.certificate is not None:
                context.load_cert_chain(told.certificate, told.key)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            text = f"destination {self.name}: the files of tls cannot be used: {error}"
            raise fail(Category.INVALID, text, "tls") from error
        return context


def read_destination(path: Path, name: str, content: Mapping[str, Any]) -> Destination:
    """Understand one file.

    Args:
        path: For messages to people, and for relative paths in it.
        name: The file's name without its end.
        content: What it says.

    Raises:
        GatewayError: invalid, with the file and every place that is wrong.
    """
    try:
        told = Destination.model_validate({"name": name, **content})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}" for each in error.errors()
        )
        raise fail(Category.INVALID, f"{path}: {wrong}", str(path)) from error
    if told.tls is None:
        return told
    places = {
        key: path.parent / file
        for key in ("ca", "certificate", "key")
        if (file := getattr(told.tls, key)) is not None
    }
    return told.model_copy(update={"tls": told.tls.model_copy(update=places)})


def by_tenant(
    destinations: Iterable[Destination], tenants: Mapping[str, int]
) -> dict[int, tuple[Destination, ...]]:
    """Destinations by the number of their tenant.

    Args:
        destinations: Of all tenants; those that are not enabled are left out.
        tenants: Numbers by slug.

    Raises:
        GatewayError: invalid, for a tenant that is not there or a name that is given twice.
    """
    found: dict[int, dict[str, Destination]] = {}
    for each in destinations:
        if each.tenant not in tenants:
            text = f"destination {each.name}: there is no tenant '{each.tenant}'"
            raise fail(Category.INVALID, text, "tenant")
        known = found.setdefault(tenants[each.tenant], {})
        if each.name in known:
            raise fail(Category.INVALID, f"two destinations are called {each.name}", "name")
        known[each.name] = each
    return {
        number: tuple(each for each in known.values() if each.enabled)
        for number, known in found.items()
    }
