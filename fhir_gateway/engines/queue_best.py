"""Who is next by virtual deadlines?

Emergencies strictly first. Everybody else has a deadline from the moment of joining on, the
arrival plus the target of the class, and the earliest is next. It never moves, so the order among
those present never changes, and who comes later overtakes only within a bound that is known
beforehand: somebody of class j passes somebody of class i only if they come less than T_i − T_j
minutes later.

Source: engines.md section 3 (policy best); decisions 25 and 0023.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.decision import KeyPart
from fhir_gateway.engines.queue_facts import QueueConfiguration, QueueEntry, label


def deadline(entry: QueueEntry, configuration: QueueConfiguration) -> datetime:
    """When the person should have been called."""
    return entry.since + timedelta(minutes=configuration.targets[entry.clinical_class])


def ordered(entries: Iterable[QueueEntry], configuration: QueueConfiguration) -> list[QueueEntry]:
    """Those who wait, the next first.

    Args:
        entries: Waiting, in any order.
        configuration: Its targets count.

    Source: engines.md section 3.
    """
    keyed = [
        (not _first(each), deadline(each, configuration), each.since, each.ticket, each)
        for each in entries
    ]
    return [each for *_, each in sorted(keyed, key=lambda one: one[:4])]


def _first(entry: QueueEntry) -> bool:
    return entry.clinical_class is ClinicalClass.EMERGENCY


def compared(entry: QueueEntry, configuration: QueueConfiguration) -> tuple[KeyPart, ...]:
    """What is compared, first to last, for the answer."""
    due = deadline(entry, configuration)
    return (
        KeyPart("class", entry.clinical_class.name.lower()),
        KeyPart("deadline", due.isoformat(timespec="seconds")),
        KeyPart("waiting", _since(entry)),
    )


def _since(entry: QueueEntry) -> str:
    return f"since {entry.since.isoformat(timespec='seconds')}"


def first_come(entries: Iterable[QueueEntry]) -> list[QueueEntry]:
    """First come, first served: where dynamic positioning is off."""
    return sorted(entries, key=lambda each: (each.since, each.ticket))


def compared_by_arrival(entry: QueueEntry) -> tuple[KeyPart, ...]:
    """What is compared there."""
    return KeyPart("waiting", _since(entry)), KeyPart("ticket", label(entry.ticket))
