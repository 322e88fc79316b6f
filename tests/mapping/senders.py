"""The made-up feeds of conformance/samples/senders, and what is expected of each.

`python -m tests.mapping.senders` writes what comes out today; read the difference.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fhir_gateway.hl7.peek import peek
from fhir_gateway.mapping.previews import Preview, preview
from fhir_gateway.mapping.profile_files import Described
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile
from fhir_gateway.mapping.suggesting.profile import Suggested, suggest

FEEDS = Path(__file__).parents[2] / "conformance" / "samples" / "senders"
NAMES = sorted(path.name for path in FEEDS.iterdir() if path.is_dir())
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@cache
def feed(name: str) -> dict[str, bytes]:
    """The messages of a feed by file, in the order of sending."""
    return {path.stem: path.read_bytes() for path in sorted((FEEDS / name).glob("*.hl7"))}


@cache
def suggested(name: str) -> Suggested:
    """What is learnt from a feed."""
    raws = list(feed(name).values())
    header = peek(raws[0])
    assert header is not None
    return suggest(raws, Described(""), header.sender)


def suggested_profile(name: str) -> SenderProfile:
    profile = suggested(name).described.profile
    return profile if profile.zone else replace(profile, zone="UTC")


def outcome(found: Preview) -> dict[str, Any]:
    """What a message comes to, in short."""
    if found.refused:
        # Which events are known changes; that this one is not does not.
        told = [(each.diagnostics.partition(";")[0], each.expression) for each in found.issues]
        return {"refused": [f"{text} @ {', '.join(places)}" for text, places in told]}
    appointment = found.resources[0]
    told = {
        "event": found.event,
        "status": appointment.get("status"),
        "start": appointment.get("start") or appointment.get("requestedPeriod"),
        "minutes": appointment.get("minutesDuration"),
        "ids": [each["value"] for each in appointment["identifier"]],
        "who": [_who(each["actor"]) for each in appointment.get("participant", ())],
        "patient": [_name(e) for e in found.resources if e["resourceType"] == "Patient"],
        "services": [_text(each) for each in appointment.get("serviceType", ())],
        "comment": appointment.get("comment"),
        "odd": [each.diagnostics for each in found.issues],
    }
    return {key: value for key, value in told.items() if value not in (None, [])}


def _who(actor: dict[str, Any]) -> str:
    known = actor.get("identifier", {}).get("value")
    return f"{actor['type']} {known}" if known else str(actor.get("display", "unknown"))


def _name(patient: dict[str, Any]) -> str:
    name = patient.get("name", [{}])[0]
    return " ".join([*name.get("given", ()), name.get("family", "")]).strip()


def _text(concept: dict[str, Any]) -> str:
    return str(concept.get("text") or concept["coding"][0]["code"])


def expected(name: str) -> dict[str, Any]:
    """As the file has it."""
    text = (FEEDS / name / "expected.json").read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def actual(name: str) -> dict[str, Any]:
    """As it is today."""
    profile = suggested_profile(name)
    by_default = {k: outcome(preview(raw, DEFAULT_PROFILE, NOW)) for k, raw in feed(name).items()}
    then = {k: outcome(preview(raw, profile, NOW)) for k, raw in feed(name).items()}
    found = {
        "default": by_default,
        "suggested": {e.key: e.value for e in suggested(name).suggestions if e.is_sure},
        "then": {key: value for key, value in then.items() if value != by_default[key]},
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def _lines(found: dict[str, Any]) -> str:
    """A line for each message and each setting, so that a difference can be read."""
    parts = []
    for name, entries in found.items():
        rows = [f"  {_dump(key)}: {_dump(value)}" for key, value in entries.items()]
        parts.append(f" {_dump(name)}: {{\n{','.join(f'{chr(10)}{row}' for row in rows)[1:]}\n }}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    for each in NAMES:
        (FEEDS / each / "expected.json").write_text(_lines(actual(each)), encoding="utf-8")
