"""How does the sample EHR write an appointment into SCH, TQ1, PID, RGS, AIS, AIG, AIL and AIP?

Source: HL7 v2.9.1 chapter 10, SIU_S12; hl7v2.md sections 1.3 to 1.6.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import parse_instant
from fhir_gateway.demo.house import ZONE, Resource
from fhir_gateway.hl7.writer import Component, Repetition, Row, Value

_SEX = {"female": "F", "male": "M", "other": "O"}
_NAME_TYPE = {"official": "L", "usual": "D", "nickname": "N", "maiden": "M"}
_USE = {"mobile": "PRS", "work": "WPN"}
_ENTERED_BY = ("CLERK", "Clerk", "Sample")


class EventWords(Protocol):
    """What SCH says about the event."""

    @property
    def reason(self) -> str: ...

    @property
    def status(self) -> str: ...


def scheduling_rows(
    appointment: Resource, resources: Mapping[str, Resource], event: EventWords
) -> list[Row]:
    """Every segment after MSH.

    Args:
        appointment: With identifier, start and end.
        resources: Participants' actors by `Type/id`.
        event: Its reason and filler status.
    """
    actors = [each["actor"] for each in appointment["participant"] if "actor" in each]
    patient = [actor for actor in actors if _type_of(actor) == "Patient"]
    return [
        _sch(appointment, event),
        ("TQ1", {1: "1", 7: _time(appointment["start"]), 8: _time(appointment["end"])}),
        *_nte(appointment),
        *(_pid(_resolved(actor, resources)) for actor in patient[:1]),
        ("RGS", {1: "1", 2: "A"}),
        *_ais(appointment, event),
        *_resource_rows(appointment, [_resolved(actor, resources) for actor in actors], event),
    ]


def _type_of(actor: Resource) -> str:
    return str(actor.get("reference", "")).partition("/")[0]


def _resolved(actor: Resource, resources: Mapping[str, Resource]) -> Resource:
    """The actor's resource, or a stand-in that knows only its type and what it is called."""
    found = resources.get(actor.get("reference", ""))
    return found or {"resourceType": _type_of(actor), "display": actor.get("display", "")}


def _sch(appointment: Resource, event: EventWords) -> Row:
    placer, filler = _entity(appointment, "PLAC"), _entity(appointment, "FILL")
    if not placer and not filler:
        filler = _ei(appointment["identifier"][0])
    start, end = _time(appointment["start"]), _time(appointment["end"])
    return (
        "SCH",
        {
            1: placer, 2: filler, 6: (event.reason, event.reason.capitalize()),
            8: _cwe(appointment.get("appointmentType")), 9: _minutes(appointment), 10: "min",
            11: ("", "", "", start, end), 16: _ENTERED_BY, 20: _ENTERED_BY, 25: event.status,
        },
    )  # fmt: skip


def _nte(appointment: Resource) -> list[Row]:
    comment = appointment.get("comment")
    return [("NTE", {1: "1", 3: comment})] if comment else []


def _ais(appointment: Resource, event: EventWords) -> list[Row]:
    start, minutes = _time(appointment["start"]), _minutes(appointment)
    return [
        (
            "AIS",
            {1: str(n), 2: "A", 3: _cwe(kind), 4: start, 7: minutes, 8: "min", 10: event.status},
        )
        for n, kind in enumerate(appointment.get("serviceType", ()), start=1)
    ]


def _resource_rows(appointment: Resource, actors: list[Resource], event: EventWords) -> list[Row]:
    start, minutes = _time(appointment["start"]), _minutes(appointment)
    rows: list[Row] = []
    for kind, (segment, at, fields) in _RESOURCES.items():
        for n, actor in enumerate((each for each in actors if each["resourceType"] == kind), 1):
            timing = {at: start, at + 3: minutes, at + 4: "min", at + 6: event.status}
            rows.append((segment, {1: str(n), 2: "A"} | fields(actor) | timing))
    return rows


def _pid(patient: Resource) -> Row:
    address = patient.get("address", [{}])[0]
    return (
        "PID",
        {
            1: "1",
            3: [_cx(each) for each in patient.get("identifier", ())],
            5: [_xpn(name) for name in patient.get("name", ())] or patient.get("display", ""),
            7: patient.get("birthDate", "").replace("-", ""),
            8: _SEX.get(patient.get("gender", ""), "U"),
            11: ("", "", address.get("city"), "", "", address.get("country")),
            13: [_xtn(each) for each in patient.get("telecom", ())],
        },
    )


def _xpn(name: Resource) -> Repetition:
    prefix = next(iter(name.get("prefix", ())), "")
    use = _NAME_TYPE.get(name.get("use", ""), "")
    return (name.get("family", ""), " ".join(name.get("given", ())), "", "", prefix, "", use)


def _xtn(telecom: Resource) -> Repetition:
    use = _USE.get(telecom.get("use", ""), "PRN")
    return (telecom.get("value"), use, "CP" if telecom.get("use") == "mobile" else "PH")


def _xcn(practitioner: Resource) -> Value:
    if "name" not in practitioner:
        return ("", practitioner.get("display", ""))
    name = practitioner["name"][0]
    known = practitioner.get("identifier", [{}])[0]
    prefix = next(iter(name.get("prefix", ())), "")
    family, given = name.get("family", ""), " ".join(name.get("given", ()))
    assigner = _authority(known)
    return (known.get("value"), family, given, "", "", prefix, "", "", assigner, "", "", "", "EI")


def _pl(location: Resource) -> Value:
    known = location.get("identifier", [{}])[0]
    text = location.get("name") or location.get("display", "")
    site = location.get("address", {}).get("city", "")
    place: Component = (known.get("value"), *_authority(known))
    return ("", known.get("value", text), "", site, "", "", "", "", text, place)


def _device(device: Resource) -> Value:
    known = device.get("identifier", [{}])[0]
    name = device.get("deviceName", [{}])[0].get("name") or device.get("display", "")
    return (known.get("value"), name, known.get("system"))


#: Segment, the field that holds the start, and what says who or what it is.
_RESOURCES: Mapping[str, tuple[str, int, Callable[[Resource], dict[int, Value]]]] = {
    "Device": ("AIG", 8, lambda device: {3: _device(device), 4: "EQUIPMENT"}),
    "Location": ("AIL", 6, lambda location: {3: _pl(location)}),
    "Practitioner": ("AIP", 6, lambda practitioner: {3: _xcn(practitioner)}),
}


def _cwe(concept: Resource | None) -> Value:
    if not concept:
        return None
    codings: list[Resource] = concept.get("coding", [])
    coding = codings[0] if codings else {}
    text = coding.get("display") or concept.get("text") or coding.get("code")
    return (coding.get("code"), text, coding.get("system"))


def _entity(appointment: Resource, kind: str) -> Value:
    for each in appointment["identifier"]:
        codes = {coding.get("code") for coding in each.get("type", {}).get("coding", ())}
        if kind in codes:
            return _ei(each)
    return None


def _ei(known: Resource) -> Repetition:
    return (known.get("value"), *_authority(known))


def _cx(known: Resource) -> Repetition:
    codings: list[Resource] = known.get("type", {}).get("coding", [])
    kind = next((coding.get("code") for coding in codings), None)
    return (known.get("value"), "", "", _authority(known), kind)


def _authority(known: Resource) -> tuple[str, str, str]:
    """Assigning authority: namespace, universal id, kind of universal id (table 0301)."""
    system = known.get("system", "")
    if system.startswith("urn:oid:"):
        return "", system.removeprefix("urn:oid:"), "ISO"
    if system.startswith("urn:uuid:"):
        return "", system.removeprefix("urn:uuid:"), "UUID"
    return "", system, "URI" if system else ""


def _minutes(appointment: Resource) -> str:
    between = parse_instant(appointment["end"]) - parse_instant(appointment["start"])
    return str(int(between.total_seconds() // 60))


def _time(instant: str) -> str:
    local: datetime = parse_instant(instant).astimezone(ZoneInfo(ZONE))
    return f"{local:%Y%m%d%H%M%S%z}"
