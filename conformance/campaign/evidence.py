"""What has really happened, as the database has it?

Read with plain SQL as the superuser of the campaign's own server, past everything that the gateway
might say about itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an Appointment.

    Attributes:
        note: Its comment: the control id of the message that made it.
        status, start: As it has them.
    """

    note: str
    status: str
    start: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody's time that is taken: `D1-3`, from when."""

    doctor: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the checker looks at.

    Attributes:
        acknowledged: Control id → each acknowledgement that its sender has got, as it came.
        kept: Control id → how many rows the inbox has of it.
        versions: SCH-2 → the versions of each Appointment that bears it.
        held: Taken time of practitioners, one entry for each row.
    """

    acknowledged: Mapping[str, list[bytes]]
    kept: Mapping[str, int]
    versions: Mapping[str, list[list[Version]]]
    held: list[Held]


def gather(url: str, acknowledged: Mapping[str, list[bytes]]) -> Evidence:
    """Read the database.

    Args:
        url: Of its superuser.
        acknowledged: What the senders have got.
    """
    with psycopg.connect(url) as connection:
        kept = connection.execute("SELECT control_id, count(*) FROM inbox GROUP BY 1").fetchall()
        history = connection.execute(
            "SELECT id, content FROM history WHERE type = 'Appointment' ORDER BY id, version"
        )
        by_id: dict[str, list[dict[str, object]]] = {}
        for id_, content in history:
            by_id.setdefault(id_, []).append(json.loads(content) if content else {})
        held = connection.execute(
            "SELECT convert_from(c.content, 'UTF8')::json, b.starts FROM busy b"
            " JOIN actor a ON a.key = b.actor_key"
            " JOIN practitioner_content c ON c.tenant = a.tenant"
            " AND a.reference = 'Practitioner/' || c.id WHERE b.active"
        ).fetchall()
    versions: dict[str, list[list[Version]]] = {}
    for contents in by_id.values():
        versions.setdefault(_name(contents[-1]), []).append([_version(each) for each in contents])
    return Evidence(
        acknowledged, dict(kept), versions, [Held(_name(who), start) for who, start in held]
    )


def _name(content: Mapping[str, object]) -> str:
    identifiers = content.get("identifier")
    named = identifiers if isinstance(identifiers, list) else []
    return str(named[0]["value"]) if named else ""


def _version(content: Mapping[str, object]) -> Version:
    start = content.get("start")
    return Version(
        str(content.get("comment", "")),
        str(content.get("status", "deleted")),
        datetime.fromisoformat(start) if isinstance(start, str) else None,
    )
