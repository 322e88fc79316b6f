"""Who is next by virtual deadlines?

Emergencies strictly first. Everybody else has a deadline from the moment of joining on, the
arrival plus the target of the class, and the earliest is next. It never moves, so the order among
those present never changes, and who comes later overtakes only within a bound that is known
beforehand: somebody of class j passes somebody of class i only if they come less than T_i − T_j
minutes later.

Source: engines.md section 3 (policy best); decision 25.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.decision import KeyPart
from fhir_gateway.engines.queue_facts import QueueConfiguration, QueueEntry, label


def deadline(entry: QueueEntry, configuration: QueueConfiguration) -> datetime:
    """When the person should have been called."""
    return entry.since + timedelta(minutes=configuration.targets[entry.clinical_class])


def ordered(
    entries: Iterable[QueueEntry], configuration: QueueConfiguration
) -> list[tuple[QueueEntry, tuple[KeyPart, ...]]]:
    """Those who wait, the next first; what was compared beside each, first to last.

    Args:
        entries: Waiting, in any order.
        configuration: Its targets count.

    Source: engines.md section 3.
    """
    keyed = [(each, deadline(each, configuration)) for each in entries]
    keyed.sort(key=lambda one: (not _first(one[0]), one[1], one[0].since, one[0].ticket))
    return [(each, _parts(each, due)) for each, due in keyed]


def _first(entry: QueueEntry) -> bool:
    return entry.clinical_class is ClinicalClass.EMERGENCY


def _parts(entry: QueueEntry, due: datetime) -> tuple[KeyPart, ...]:
    return (
        KeyPart("class", entry.clinical_class.name.lower()),
        KeyPart("deadline", due.isoformat(timespec="seconds")),
        KeyPart("waiting", f"since {entry.since.isoformat(timespec='seconds')}"),
    )


def first_come(entries: Iterable[QueueEntry]) -> list[tuple[QueueEntry, tuple[KeyPart, ...]]]:
    """First come, first served: where dynamic positioning is off."""
    found = sorted(entries, key=lambda each: (each.since, each.ticket))
    return [
        (each, (KeyPart("waiting", f"since {each.since.isoformat(timespec='seconds')}"),
                KeyPart("ticket", label(each.ticket))))
        for each in found
    ]  # fmt: skip
