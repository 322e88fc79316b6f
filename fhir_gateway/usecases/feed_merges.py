"""Two records of one patient become one. What happens to everything that points to the other?

The record that goes is inactive and says who replaces it; whatever it was known by leads to the
survivor, and its appointments, waiting list entries, encounters, orders and coverages are the
survivor's, in one transaction. Said again, it changes nothing. Decision 5.
"""

from collections.abc import Sequence
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref, reference_of, walk_references
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.mapping.adt import PersonIntent
from fhir_gateway.storage import identities, locks, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import appointments, feed_people, identifying, storing
from fhir_gateway.usecases.appointments import Change
from fhir_gateway.usecases.deps import Deps

Resource = dict[str, Any]

#: Types whose resources follow the patient.
FOLLOWING = ("Appointment", "Coverage", "Encounter", "RelatedPerson", "ServiceRequest")


async def merge(tx: Transaction, deps: Deps, told: PersonIntent) -> list[Issue]:
    """Make one patient of two or more.

    Args:
        tx: Open transaction.
        deps: See Deps.
        told: The survivor, and the identifiers of those that it absorbs.

    Returns:
        What was odd.

    Raises:
        AmbiguousError: the survivor's identifiers belong to several patients.
        GatewayError: unprocessable, where one of the two is not identified, or no valid Patient
            comes of it.
    """
    prior = identifying.keys_of({"resourceType": "Patient", "identifier": list(told.prior)})
    # Some senders repeat the identifiers that go beside those that stay.
    staying = [
        each for each in told.patient["identifier"] if (each["system"], each["value"]) not in prior
    ]
    patient = told.patient | {"identifier": staying}
    own = identifying.keys_of(patient)
    if not own or not prior:
        text = "A merge needs an identifier of the record that stays, and another of one that goes"
        issue = Issue(text, ("PID^1^3", "MRG^1^1"), "required")
        raise GatewayError(Category.UNPROCESSABLE, issue)
    names = [*prior, *own]
    await locks.hold(tx, (f"patient|{system}|{value}" for system, value in names))
    reference = await feed_people.patient(tx, deps, patient, told.removed)
    ref = reference_of(reference)
    assert ref is not None  # noqa: S101 - it has an identifier
    gone = sorted(set((await identities.find(tx, "Patient", prior)).values()) - {ref.id})
    known = [*told.prior]
    for each in gone:
        known += await _absorb(tx, deps, each, reference)
    await _known_by(tx, deps, ref, known, gone)
    if not gone:
        text = "No other record has these identifiers; from now on they lead to the one that stays"
        return [Issue(text, ("MRG^1^1",), "informational", "nothing-to-merge")]
    return []


async def _absorb(
    tx: Transaction, deps: Deps, patient_id: str, survivor: Resource
) -> list[Resource]:
    """Let one record go; the identifiers that it had.

    It is locked first: a message that has found it may be about to book for it.
    """
    stored = await resources.read(tx, Ref("Patient", patient_id), lock=True)
    for name in FOLLOWING:
        await _follow(tx, deps, name, f"Patient/{patient_id}", survivor)
    await identities.move(tx, "Patient", patient_id, survivor["reference"].partition("/")[2])
    if stored is None:
        return []
    patient = stored.resource()
    had: list[Resource] = patient.get("identifier", [])
    patient["identifier"] = [each | {"use": "old"} for each in had]
    patient["active"] = False
    _link(patient, survivor["reference"], "replaced-by")
    await storing.replace(tx, deps, stored, patient)
    return had


def _link(patient: Resource, reference: str, kind: str) -> None:
    """Say what another record is to this one; what was said of that one before is over."""
    others = [
        each
        for each in patient.get("link", ())
        if each["other"].get("reference") != reference
        and not (kind == each["type"] == "replaced-by")
    ]
    patient["link"] = [*others, {"other": {"reference": reference}, "type": kind}]


async def _known_by(
    tx: Transaction, deps: Deps, ref: Ref, known: Sequence[Resource], gone: Sequence[str]
) -> None:
    """Give the survivor what the others were known by."""
    stored = await resources.read(tx, ref, lock=True)
    assert stored is not None  # noqa: S101 - just written
    before = stored.resource()
    patient = stored.resource()
    patient["active"] = True
    own = patient.get("identifier", [])
    held = {(each.get("system"), each.get("value")) for each in own}
    new = [each for each in known if (each.get("system"), each.get("value")) not in held]
    patient["identifier"] = feed_people.united(own, new)
    for each in gone:
        _link(patient, f"Patient/{each}", "replaces")
    if patient != before | {"active": True}:
        await storing.replace(tx, deps, stored, patient)
        await identifying.register(tx, patient, identifying.keys_of(patient))


async def _follow(
    tx: Transaction, deps: Deps, type_name: str, old: str, survivor: Resource
) -> None:
    """Point all resources of a type to the survivor."""
    done: set[str] = set()
    while True:
        # Those that another writing of the reference keeps in the index are looked at once.
        ids = {*await resources.with_tokens(tx, type_name, [f"patient|{old}"])} - done
        if not ids:
            return
        done |= ids
        found = await resources.read_many(tx, type_name, ids, lock=True)
        for stored in found.values():
            await _repoint(tx, deps, stored, old, survivor)


async def _repoint(
    tx: Transaction, deps: Deps, stored: Stored, old: str, survivor: Resource
) -> None:
    resource = stored.resource()
    for _, element in walk_references(resource, stored.type):
        if element.get("reference") == old:
            element["reference"] = survivor["reference"]
            if "display" in element:
                element["display"] = survivor.get("display", element["display"])
    if stored.type != "Appointment":
        await storing.replace(tx, deps, stored, resource)
        return
    resource["participant"] = _once(resource["participant"])
    await appointments.apply(tx, deps, Change(resource, By.FEED, stored))


def _once(participants: Sequence[Resource]) -> list[Resource]:
    """Participants without a patient who takes part twice now."""
    kept: list[Resource] = []
    seen: set[str] = set()
    for each in participants:
        ref = reference_of(each.get("actor"))
        if ref is not None and ref.type == "Patient":
            if str(ref) in seen:
                continue
            seen.add(str(ref))
        kept.append(each)
    return kept
