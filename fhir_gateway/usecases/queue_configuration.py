"""Where can people queue, and by which rules?

The extension `queue-configuration` of a HealthcareService or a Location says so. It is kept beside
the queue's own row, so that a command reads it with what it has to lock.

Source: engines.md section 3 (configuration per queue); decisions 1, 23 and 25.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fhir_gateway.core.codes import EXT_QUEUE_CONFIGURATION, EXT_TIMEZONE
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import zone
from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.queue_facts import (
    ORDERINGS,
    POLICIES,
    QUEUE_TARGET_MINUTES,
    QueueConfiguration,
    Weights,
)
from fhir_gateway.fhir.extension_values import parts_of
from fhir_gateway.storage import queues
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.zones import extension, zone_of

Resource = dict[str, Any]

#: Types that people can queue at.
QUEUED_AT = ("HealthcareService", "Location")
CLASSES = {each.name.lower(): each for each in ClinicalClass}
_WEIGHTS = ("priorityWeight", "waitWeight", "appointmentWeight")
_DEFAULT_WEIGHTS = dict(zip(_WEIGHTS, ("0.5", "0.3", "0.2"), strict=True))


async def register(tx: Transaction, deps: Deps, resource: Resource, *, is_new: bool) -> None:
    """Keep what a resource says about queueing, or that it says nothing any more.

    Args:
        tx: Open transaction.
        deps: See Deps.
        resource: Valid HealthcareService or Location; its references exist.
        is_new: Whether there was none of that id.

    Raises:
        GatewayError: unprocessable, for a configuration that cannot be; conflict, where somebody
            is in a queue that would go.
    """
    reference = f"{resource['resourceType']}/{resource['id']}"
    said = extension(resource, EXT_QUEUE_CONFIGURATION)
    if said is not None:
        own = {"policy": deps.policy.queue, "ordering": deps.policy.queue_ordering}
        plain = own | _checked(said, resource)
        clock = await _zone(tx, deps, resource)
        await queues.configure(tx, reference, plain, clock, now=deps.clock.now())
    elif not is_new:
        if await queues.is_occupied(tx, reference):
            raise GatewayError(Category.CONFLICT, Issue(
                "Somebody is in the queue; it can be paused, but not taken away",
                (f"{resource['resourceType']}.extension",), "conflict", "queue-occupied",
            ))  # fmt: skip
        await queues.remove(tx, reference)


async def _zone(tx: Transaction, deps: Deps, resource: Resource) -> str:
    own = extension(resource, EXT_TIMEZONE)
    if own is not None and isinstance(own.get("valueCode"), str):
        return zone(own["valueCode"]).key
    places = [ref.id for each in resource.get("location", ()) if (ref := reference_of(each))]
    return (await zone_of(tx, deps, None, places)).key


def _checked(said: Resource, resource: Resource) -> dict[str, Any]:
    """The parts as JSON can hold them, with the name filled in."""
    kind = resource["resourceType"]
    place = next(i for i, each in enumerate(resource["extension"]) if each is said)
    path = f"{kind}.extension[{place}]"
    parts = parts_of(said, path)
    issues = list(_wrong(parts, f"{kind}/{resource['id']}", path))
    if issues:
        raise GatewayError(Category.UNPROCESSABLE, *issues)
    plain = {name: str(each) if name in _WEIGHTS else each for name, each in parts.items()}
    return {"name": resource.get("name") or resource["id"]} | plain


def _wrong(parts: Mapping[str, Any], itself: str, path: str) -> Iterator[Issue]:
    for name, known in (("policy", POLICIES), ("ordering", ORDERINGS)):
        if parts.get(name, known[0]) not in known:
            yield Issue(f"'{name}' is one of {', '.join(known)}", (path,), "value")
    weights = [Decimal(str(parts.get(each, _DEFAULT_WEIGHTS[each]))) for each in _WEIGHTS]
    if not all(0 <= each <= 1 for each in weights):
        yield Issue("A weight is within 0 and 1", (path,), "value", "weight-out-of-range")
    elif sum(weights) != 1:
        yield Issue(f"The weights sum to {sum(weights)}, not to 1", (path,), "value", "weights-sum")
    if parts.get("overflow") and "overflowTo" not in parts:
        yield Issue("With overflow, 'overflowTo' says where to", (path,), "required")
    if parts.get("overflowTo") == itself:
        yield Issue("People cannot be sent on to the queue they are in", (path,), "value")
    named = [each.get("class") for each in parts.get("target", ())]
    if len(set(named)) < len(named) or not set(named) <= set(CLASSES):
        yield Issue(f"'target' has each class once: {', '.join(CLASSES)}", (path,), "value")


def configuration_of(plain: Mapping[str, Any]) -> QueueConfiguration:
    """What the engines know of it.

    Args:
        plain: As `register` keeps it.
    """
    weights = [Decimal(plain.get(each, _DEFAULT_WEIGHTS[each])) for each in _WEIGHTS]
    targets = {CLASSES[each["class"]]: each["minutes"] for each in plain.get("target", ())}
    return QueueConfiguration(
        name=plain["name"],
        maximum=plain.get("maximumSize"),
        accepting=plain.get("accepting", True),
        overflow=plain.get("overflow", False),
        overflow_to=plain.get("overflowTo"),
        overflow_threshold=plain.get("overflowThreshold", 10),
        dynamic=plain.get("dynamicPositioning", True),
        ordering=plain.get("ordering", ORDERINGS[0]),
        weights=Weights(*weights),
        historical=plain.get("historicalData", True),
        service_minutes=plain.get("serviceMinutes", 20),
        live=plain.get("liveUpdates", True),
        update_seconds=plain.get("updateSeconds", 30),
        policy=plain.get("policy", POLICIES[0]),
        servers=plain.get("servers", 1),
        targets={**QUEUE_TARGET_MINUTES, **targets},
    )


def with_accepting(resource: Resource, *, accepting: bool) -> Resource:
    """The resource whose queue takes people in, or does not."""
    said = extension(resource, EXT_QUEUE_CONFIGURATION)
    assert said is not None  # noqa: S101 - the caller has found its queue
    others = [each for each in said["extension"] if each["url"] != "accepting"]
    changed = said | {"extension": [*others, {"url": "accepting", "valueBoolean": accepting}]}
    extensions = [changed if each is said else each for each in resource["extension"]]
    return resource | {"extension": extensions}
