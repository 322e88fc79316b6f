"""In which words are the operations of queues declared, and how do they answer?

Each is offered on HealthcareService and on Location, at the instance that people queue at.
"""

from collections.abc import Callable
from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.engines.queue_facts import ORDERINGS, POLICIES, label
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.parameters import Values
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.queue_commands import Done
from fhir_gateway.usecases.queue_configuration import QUEUED_AT
from fhir_gateway.usecases.queue_encounters import explained, facts_of
from fhir_gateway.usecases.queue_scene import Rule

SOURCE = "engines.md section 3; owner's plan, phase 11 (AdvancedQueueEngine)"

_LONGEST_DESK = 40

ENTRY = OperationParameter(
    "entry", "in", 0, 1, "Reference", "The Encounter of the person; or give the ticket",
    target_types=("Encounter",),
)  # fmt: skip
TICKET = OperationParameter("ticket", "in", 0, 1, "string", "The person's ticket, `007`")
DESK = OperationParameter("desk", "in", 0, 1, "string", "Where the person is called to, `Room 3`")
RULE = (
    OperationParameter(
        "policy",
        "in",
        0,
        1,
        "code",
        f"Who is next, this once: {' or '.join(POLICIES)}; else as the queue's configuration says",
    ),
    OperationParameter(
        "ordering",
        "in",
        0,
        1,
        "code",
        f"By which points of policy plan, this once: {' or '.join(ORDERINGS)}",
    ),
)
_MINUTES = (
    OperationParameter("low", "out", 1, 1, "unsignedInt", "Minutes, at least"),
    OperationParameter("high", "out", 1, 1, "unsignedInt", "Minutes, at most"),
)
ANSWER = (
    OperationParameter(
        "entry", "out", 1, 1, "Encounter",
        "The person now, with the place and why it is, or was, that one (`queue-place`, `score`)",
    ),
    OperationParameter(
        "queue", "out", 1, 1, "Reference", "The queue that the person is, or was, in",
        target_types=QUEUED_AT,
    ),
    OperationParameter(
        "sequence", "out", 1, 1, "integer", "Number of the change, as those who watch see it"
    ),
    OperationParameter("ticket", "out", 1, 1, "string", "What is shown and called"),
    OperationParameter("position", "out", 0, 1, "positiveInt", "1 is next; absent once called"),
    OperationParameter("waited", "out", 0, 1, "unsignedInt", "Minutes since joining"),
    OperationParameter(
        "estimated-wait", "out", 0, 1, None,
        "Until the call: four of five people are called within the range, and others may be called"
        " out of turn; by policy plan a single number",
        parts=_MINUTES,
    ),
)  # fmt: skip


def spec_maker(
    code: str, title: str, doc: str, *inputs: OperationParameter
) -> Callable[[str], OperationSpec]:
    """Makes the declaration of a command for a type that people queue at."""

    def declared(resource: str) -> OperationSpec:
        return OperationSpec(
            code=code,
            resource=resource,
            levels=frozenset({"instance"}),
            affects_state=True,
            title=title,
            doc=doc,
            source=SOURCE,
            parameters=(*inputs, *ANSWER),
        )

    return declared


def queue_of(call: Call) -> str:
    """The queue that an operation is invoked on."""
    assert call.ref is not None  # noqa: S101 - offered at instance level alone
    return str(call.ref)


def who(values: Values) -> tuple[str | None, int | None]:
    """The Encounter's id, or the ticket's number.

    Raises:
        GatewayError: invalid, unless exactly one of them is given.
    """
    entry, ticket = values.first("entry"), values.first("ticket")
    if (entry is None) == (ticket is None):
        raise fail(Category.INVALID, "Give either 'entry' or 'ticket'", "entry", code="required")
    if entry is None:
        number = str(ticket).strip()
        if not number.isdecimal() or len(number) > 9:
            raise fail(Category.INVALID, "A ticket is a number like 007", "ticket", code="value")
        return None, int(number)
    ref = _ref(entry, "entry", "Encounter")
    return ref.id, None


def rule_of(values: Values) -> Rule:
    """How the queue is put in order for once.

    Raises:
        GatewayError: invalid, for an unknown policy or ordering.
    """
    for name, known in (("policy", POLICIES), ("ordering", ORDERINGS)):
        if values.first(name, known[0]) not in known:
            text = f"{name} is {' or '.join(known)}"
            raise fail(Category.INVALID, text, name, code="value")
    return Rule(values.first("policy"), values.first("ordering"))


def desk_of(values: Values) -> str | None:
    """Where somebody is called to; everybody who watches sees it.

    Raises:
        GatewayError: invalid, for more than a short name.
    """
    desk: str | None = values.first("desk")
    if desk is not None and not (0 < len(desk) <= _LONGEST_DESK and desk.isprintable()):
        text = f"desk is a short name like Room 3, of {_LONGEST_DESK} characters at most"
        raise fail(Category.INVALID, text, "desk", code="value")
    return desk


async def existing(tx: Transaction, value: Any, name: str, *types: str) -> Ref:
    """A resource that is there.

    Raises:
        GatewayError: invalid for another form or type; not-found.
    """
    ref = _ref(value, name, *types)
    if ref not in await resources.existing(tx, [ref]):
        raise fail(Category.NOT_FOUND, f"There is no {ref}", name, code="not-found")
    return ref


def _ref(value: Any, name: str, *types: str) -> Ref:
    ref = relative(value) if isinstance(value, str) else None
    if ref is None or ref.type not in types:
        text = f"{name} is a reference like {types[0]}/7"
        raise fail(Category.INVALID, text, name, code="value")
    return ref


def answer(spec: OperationSpec, done: Done) -> bytes:
    """What a command answers."""
    facts = facts_of(done.entry)
    place, rules = done.place, done.scene.rules
    shown = explained(done.encounter, facts, place, rules.policy, done.scene.now,
                      done.called_from)  # fmt: skip
    pairs: list[tuple[str, Any]] = [
        ("entry", shown), ("queue", done.queue),
        ("sequence", done.scene.state.row.sequence), ("ticket", label(done.entry.ticket)),
    ]  # fmt: skip
    if place is not None:
        minutes = [("low", place.estimate.low), ("high", place.estimate.high)]
        pairs += [("position", place.position), ("waited", place.waited),
                  ("estimated-wait", minutes)]  # fmt: skip
    return json.dump(parameters.write(spec, pairs))
