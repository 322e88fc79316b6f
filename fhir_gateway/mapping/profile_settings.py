"""Which settings does the description of a sender have, and what may stand in each?

The table is the one truth: reading a description, explaining a profile and writing a suggestion
come from it.

Source: hl7v2.md sections 1.3 to 1.8, 3.3 and 4; decisions 14 and 20.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.codes import APPOINTMENT_STATUSES
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.time import zone
from fhir_gateway.hl7.charset import CODECS, codec_of
from fhir_gateway.mapping.durations import read_duration
from fhir_gateway.mapping.moments import time_form
from fhir_gateway.mapping.places import ALLOWED, place
from fhir_gateway.mapping.profiles import STATUS_FLAGS
from fhir_gateway.mapping.tables import lookup
from fhir_gateway.mapping.triggers import EVENTS

#: What an error shows of a wrong value.
_SHOWN = 40
_STATUSES = (*APPOINTMENT_STATUSES, *STATUS_FLAGS)
_EVENTS = tuple(dict.fromkeys(event for known in EVENTS.values() for event in known))
_CODING = ("system", "version", "code", "display")
_PROBE = "MSH|^~\\&|0123456789"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a sender.

    Attributes:
        key: In the file.
        meaning: For people.
        allowed: What may stand there, for people.
        read: Value of the file -> value of the profile; ValueError says what is wrong.
        field: Of SenderProfile, where it is called otherwise; `codings` is shared by several.
        kind: Kind of code, for those of `codings`.
    """

    key: str
    meaning: str
    allowed: str
    read: Callable[[Any], Any]
    field: str = ""
    kind: str = ""

    def of(self, profile: Any) -> Any:
        """The value that a profile has for it."""
        if self.kind:
            return profile.codings.get(self.kind, {})
        return getattr(profile, self.field or self.key)


def shown(value: object) -> str:
    """A wrong value as an error quotes it."""
    text = f"'{value}'" if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no text; put it in quotes")
    return value


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed or not isinstance(value, str):
            raise ValueError(f"{shown(value)} is none of {', '.join(allowed)}")
        return value

    return read


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is neither true nor false")
    return value


def _between(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"{shown(value)} is no whole number from {least} to {most}")
        return value

    return read


def _list_of(read: Callable[[Any], str]) -> Callable[[Any], tuple[str, ...]]:
    def read_all(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError(f"{shown(value)} is no list with at least one entry")
        found = tuple(read(each) for each in value)
        if len(set(found)) < len(found):
            raise ValueError("an entry stands there twice")
        return found

    return read_all


def _table_of(read: Callable[[Any], Any]) -> Callable[[Any], Mapping[str, Any]]:
    def read_all(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{shown(value)} is no mapping of codes to what they mean")
        for key in value:
            if not isinstance(key, str):
                # YAML reads 01 as 1, and NO as false: what the sender writes would be lost.
                raise ValueError(f'{shown(key)} is no text; put the code in quotes: "…"')
        return {key: read(each) for key, each in value.items()}

    return read_all


def _zone(value: Any) -> str:
    try:
        return zone(_text(value)).key
    except GatewayError as error:
        raise ValueError(str(error)) from error


def _charset(value: Any) -> str:
    name = _text(value)
    try:
        codec = codec_of(name) or codecs.lookup(name).name
        usable = _PROBE.encode(codec) == _PROBE.encode("ascii")
    except LookupError:
        raise ValueError(f"{shown(name)} is no character set that can be read here") from None
    if not usable:
        raise ValueError(f"{shown(name)} does not write ASCII as ASCII: a header is not found")
    return name


def _field(value: Any) -> str:
    text = _text(value)
    place(text)
    return text


def _type(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(r"[A-Z][A-Z0-9]{2}(\^[A-Z0-9]{1,3})?", text):
        raise ValueError(f"{shown(text)} is neither a type of message such as ORU nor an event")
    return text


def _form(value: Any) -> str:
    text = _text(value)
    time_form(text)
    return text


def _seconds(value: Any) -> int:
    if isinstance(value, str) and (known := lookup("units", value, "seconds")):
        return int(known)
    if isinstance(value, (str, bool)):
        raise ValueError(f"{shown(value)} is neither seconds, minutes, hours, days nor a number")
    return _between(1, 7 * 86400)(value)


def _period(value: Any) -> int:
    if isinstance(value, str):
        lasts = read_duration(value, (), "seconds")
        if lasts is None or lasts.span.total_seconds() < 1:
            raise ValueError(f"{shown(value)} is no length of time such as 15 minutes")
        return int(lasts.span.total_seconds())
    return _between(1, 366 * 86400)(value)


def _coding(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or "code" not in value or set(value) - set(_CODING):
        raise ValueError(f"{shown(value)} is no {{system, code, display}}")
    return {name: _text(value[name]) for name in _CODING if name in value}


_CODES = "codes of the sender, in quotes, each with {system, code, display}"
_FIELDS = f"a list, the first counts most; each {ALLOWED}"
SETTINGS: tuple[Setting, ...] = (
    Setting("zone", "zone of times that say no offset; without it that of the tenant",
            "a name such as Europe/Berlin", _zone),
    Setting("charset", "character set of the bytes, whatever MSH-18 says",
            f"a value of HL7 table 0211 or a codec: {', '.join(sorted(CODECS)[:6])} …", _charset),
    Setting("ack", "when a message is answered, and what one with a fault in its content is",
            "durable (once it is applied; AA, and a faulty one waits for people), stored (AA as"
            " soon as it is kept; it is applied after that, in order) or strict (once it is"
            " applied; AE for a faulty one)", _one_of("durable", "stored", "strict")),
    Setting("ack_mode", "which acknowledgements it gets; a port that says so itself wins",
            "message (as MSH-15 and MSH-16 ask), original or enhanced",
            _one_of("message", "original", "enhanced")),
    Setting("authority", "whether it states facts (filler) or only asks (placer)",
            "filler or placer", _one_of("filler", "placer")),
    Setting("identifier_base", "start of the systems made for its identifiers and codes",
            "a URI", _text),
    Setting("namespaces", "FHIR system of an assigning authority known by name",
            "names, each with a URI", _table_of(_text)),
    Setting("coding_systems", "FHIR system of a coding system known by name",
            "names, each with a URI", _table_of(_text)),
    Setting("identity_fields", "what identifies the appointment where SCH-2 and SCH-1 are empty",
            _FIELDS, _list_of(_field)),
    Setting("status_fields", "where the status of the appointment stands", _FIELDS,
            _list_of(_field)),
    Setting("statuses", "what its status codes mean, beside those of HL7 table 0278",
            f"codes in quotes, each with one of {', '.join(_STATUSES)}",
            _table_of(_one_of(*_STATUSES))),
    Setting("unneeded", "what an event that the standard has and nothing here needs, such as a"
            " transfer, is answered", "accept (AA, and it is filtered) or refuse (AR)",
            _one_of("accept", "refuse")),
    Setting("filtered", "what is taken and kept, and changes nothing, whatever it says",
            "a list of types such as ORU and events such as SIU^S27", _list_of(_type)),
    Setting("expect_every", "how often something comes from it at least; longer silence is a "
            "warning of `messages status`", "such as 15 minutes, 2 hours, or a number of seconds",
            _period),
    Setting("events", "standard event that an event of the site stands for",
            f"events, each with one of {', '.join(_EVENTS)}", _table_of(_one_of(*_EVENTS))),
    Setting("start_sources", "where the start of the appointment stands", _FIELDS,
            _list_of(_field)),
    Setting("time_formats", "forms of a time beside those of HL7 and ISO 8601",
            "a list of forms such as DD/MM/YYYY HH:mm or MM/DD/YY hh:mm a", _list_of(_form)),
    Setting("date_only", "what becomes of a start without time of day",
            "propose (for that day) or reject", _one_of("propose", "reject")),
    Setting("blank_unit", "unit of a duration that names none",
            "seconds, minutes or guess", _one_of("seconds", "minutes", "guess")),
    Setting("units", "how long its own units are, or units that mean something else here",
            "units, each with seconds, minutes, hours, days or a number of seconds",
            _table_of(_seconds)),
    Setting("default_minutes", "duration where neither end nor duration is told",
            "a number from 1 to 1440", _between(1, 1440)),
    Setting("provider_fields", "where the practitioner is named; AIP-3 and AIG-3 are read in all "
            "rows, others where nobody is named before", _FIELDS, _list_of(_field)),
    Setting("aig_role", "what AIG-3 is where AIG-4 does not tell",
            "Practitioner, Location or Device", _one_of("Practitioner", "Location", "Device")),
    Setting("snapshot_notes", "whether a message without NTE deletes the comment",
            "true or false", _yes_no),
    Setting("types", "what its appointment types (SCH-8) mean", _CODES, _table_of(_coding),
            "codings", "appointment-type"),
    Setting("reasons", "what its appointment reasons (SCH-7) mean", _CODES, _table_of(_coding),
            "codings", "appointment-reason"),
    Setting("services", "what its services (AIS-3, PV1-10) mean", _CODES, _table_of(_coding),
            "codings", "service"),
    Setting("priorities", "Appointment.priority of its codes in TQ1-9",
            "codes in quotes, each with a number from 0 to 99", _table_of(_between(0, 99))),
)  # fmt: skip
