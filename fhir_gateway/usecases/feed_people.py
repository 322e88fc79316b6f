"""Who is meant by a message?

People, places and things are matched by identifier only, never by name; unknown ones are created.
The patient's own data come from the feed, of others only gaps are filled. Decision 5.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_gateway.core.codes import SYSTEM_OWN
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import ID, Ref, reference_of
from fhir_gateway.fhir.validation import validate
from fhir_gateway.mapping.intent import display_of
from fhir_gateway.storage import identities, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import identifying, storing
from fhir_gateway.usecases.deps import Deps

Resource = dict[str, Any]

#: Elements of Patient of which there is one, in one of two types.
_CHOICES = ("deceased", "multipleBirth")


class AmbiguousError(Exception):
    """Identifiers of one message belong to several resources; people have to decide.

    Attributes:
        refs: Those resources.
    """

    def __init__(self, refs: Sequence[Ref]) -> None:
        super().__init__("several resources match")
        self.refs = tuple(refs)

    @property
    def issue(self) -> Issue:
        """What is said about it."""
        text = f"The identifiers belong to several records: {', '.join(map(str, self.refs))}"
        return Issue(text, (), "multiple-matches", "ambiguous-identity")


@dataclass(slots=True)
class Known:
    """Those whom a message names, as they were found together.

    Attributes:
        ids: By type and identifier.
        stored: The resources; each is given out once, since it may be changed then.
        types: Those of which nothing has been written since.
    """

    ids: Mapping[tuple[str, tuple[str, str]], str] = field(default_factory=dict)
    stored: dict[Ref, Stored] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)


async def look_up(tx: Transaction, told: Iterable[Resource]) -> Known:
    """Find everybody whom a message names in one round trip; the patients are locked.

    Args:
        tx: Open transaction.
        told: Resources without id, as the message tells them.
    """
    wanted: dict[str, set[tuple[str, str]]] = {}
    for each in told:
        kind = each.get("resourceType")
        if kind and (keys := identifying.keys_of(each)):
            wanted.setdefault(kind, set()).update(keys)
    if not wanted:
        return Known()
    ids, stored = await identities.holders(tx, wanted, lock=("Patient",))
    return Known(ids, stored, set(wanted))


async def find(
    tx: Transaction,
    type_name: str,
    keys: Sequence[tuple[str, str]],
    known: Known | None = None,
) -> str | None:
    """The resource with any of these identifiers; None where there is none.

    Args:
        tx: Open transaction.
        type_name: Its type.
        keys: System and value.
        known: What has been found before for the same message.

    Raises:
        AmbiguousError: they belong to several.
    """
    if known is not None and type_name in known.types:
        named = {known.ids[type_name, each] for each in keys if (type_name, each) in known.ids}
    else:
        named = set((await identities.find(tx, type_name, keys)).values())
    found = sorted(named | await _by_own_id(tx, type_name, keys))
    if len(found) > 1:
        raise AmbiguousError([Ref(type_name, each) for each in found])
    return found[0] if found else None


async def _by_own_id(tx: Transaction, type_name: str, keys: Sequence[tuple[str, str]]) -> set[str]:
    """Those whom a message names by the id that we gave them, as our own messages do."""
    ids = [value for system, value in keys if system == SYSTEM_OWN and ID.fullmatch(value)]
    if not ids:
        return set()
    refs = await resources.existing(tx, [Ref(type_name, each) for each in ids])
    return {each.id for each in refs}


def foreign(identifiers: Iterable[Resource]) -> list[Resource]:
    """Identifiers that others gave; our own ids need not be kept as such."""
    return [each for each in identifiers if each.get("system") != SYSTEM_OWN]


async def patient(
    tx: Transaction,
    deps: Deps,
    told: Resource,
    removed: Sequence[str] = (),
    *,
    known: Known | None = None,
) -> Resource:
    """The Reference of a patient, created or brought up to date.

    Args:
        tx: Open transaction.
        deps: See Deps.
        told: Patient without id, as the message tells it.
        removed: Elements that the message deletes.
        known: What `look_up` has found for the message.

    Raises:
        AmbiguousError: its identifiers belong to several patients.
    """
    keys = identifying.keys_of(told)
    if not keys:
        return {"type": "Patient", "display": _name(told) or "unknown patient"}
    known = Known() if known is None else known
    patient_id = await find(tx, "Patient", keys, known)
    if patient_id is None:
        return await _create(tx, deps, told, known)
    stored = await surviving(tx, patient_id, known)
    if stored is None:
        return await _create(tx, deps, told, known)
    if stored.id != patient_id:
        # They still lead to the record that a client has merged into this one.
        told = {key: value for key, value in told.items() if key != "identifier"}
    before = stored.resource()
    gone = {*removed, *_other_choices(before, told)}
    changed = {key: value for key, value in before.items() if key not in gone}
    changed |= {key: value for key, value in told.items() if key != "identifier"}
    _set_identifiers(changed, before, told)
    if "extension" in changed:
        changed["extension"] = _extensions(before, told)
    return await _put(tx, deps, stored, before, changed, known)


async def surviving(tx: Transaction, patient_id: str, known: Known | None = None) -> Stored | None:
    """A Patient, or the one that it has been merged into, locked; None where there is none."""
    seen: set[str] = set()
    ref = Ref("Patient", patient_id)
    read = known.stored.pop(ref, None) if known else None
    stored = read or await resources.read(tx, ref, lock=True)
    while stored is not None and stored.id not in seen:
        seen.add(stored.id)
        others = [
            reference_of(each.get("other"))
            for each in stored.resource().get("link", ())
            if each.get("type") == "replaced-by"
        ]
        following = next((ref for ref in others if ref and ref.type == "Patient"), None)
        if known is not None and following is not None:
            known.stored.pop(following, None)  # what is read now may be written before its turn
        found = await resources.read(tx, following, lock=True) if following else None
        if found is None:
            return stored
        stored = found
    return stored


def _other_choices(before: Resource, told: Resource) -> list[str]:
    """Elements that give way, since the message tells the same in another type."""
    chosen = [each for each in _CHOICES if any(key.startswith(each) for key in told)]
    return [key for key in before for each in chosen if key.startswith(each)]


def _extensions(before: Resource, told: Resource) -> list[Resource]:
    """Those of the message, and those that only others know."""
    new: list[Resource] = told.get("extension", [])
    urls = {each["url"] for each in new}
    return [each for each in before.get("extension", ()) if each["url"] not in urls] + new


async def actor(
    tx: Transaction, deps: Deps, told: Resource, *, known: Known | None = None
) -> Resource:
    """The Reference of a practitioner, place or device; a bare name where it has no identifier.

    Args:
        tx: Open transaction.
        deps: See Deps.
        told: As the message tells it, without id.
        known: What `look_up` has found for the message.

    Raises:
        AmbiguousError: its identifiers belong to several.
    """
    kind = told.get("resourceType")
    keys = identifying.keys_of(told) if kind else ()
    if kind is None or not keys:
        return {"display": str(told.get("display") or display_of(told) or "unknown")}
    known = Known() if known is None else known
    actor_id = await find(tx, kind, keys, known)
    if actor_id is None:
        return await _create(tx, deps, told, known)
    # Not locked: half the messages may name the same place, and few change it.
    ref = Ref(kind, actor_id)
    stored = known.stored.pop(ref, None) or await resources.read(tx, ref)
    if stored is None:
        return await _create(tx, deps, told, known)
    before = stored.resource()
    changed = told | before
    _set_identifiers(changed, before, told)
    return await _put(tx, deps, stored, before, changed, known)


def _set_identifiers(changed: Resource, before: Resource, told: Resource) -> None:
    known = united(before.get("identifier", ()), foreign(told.get("identifier", ())))
    if known:
        changed["identifier"] = known
    else:
        changed.pop("identifier", None)


def united(old: Sequence[Resource], new: Sequence[Resource]) -> list[Resource]:
    """Identifiers of both, those that say the same once; what is new wins."""
    by_key = {(each.get("system"), each.get("value")): each for each in old}
    by_key |= {(each.get("system"), each.get("value")): each for each in new}
    return list(by_key.values())


async def _create(tx: Transaction, deps: Deps, told: Resource, known: Known) -> Resource:
    known.types.discard(told["resourceType"])
    made = {**told, "id": deps.ids.new()}
    _check(made)
    stored = await storing.add(tx, deps, made)
    await identifying.register(tx, made, new=True)
    return _reference(stored.ref, made)


async def _put(
    tx: Transaction,
    deps: Deps,
    stored: Stored,
    before: Resource,
    changed: Resource,
    known: Known,
) -> Resource:
    if changed != before:
        known.types.discard(stored.type)
        _check(changed)
        await storing.replace(tx, deps, stored, changed)
        await identifying.register(tx, changed, identifying.keys_of(changed))
    return _reference(stored.ref, changed)


def _check(resource: Resource) -> None:
    """What a message makes must be as valid as what a client sends.

    Raises:
        GatewayError: unprocessable.
    """
    try:
        validate(resource, type_name=resource["resourceType"])
    except GatewayError as error:
        raise GatewayError(Category.UNPROCESSABLE, *error.issues) from error


def _reference(ref: Ref, resource: Resource) -> Resource:
    name = _name(resource) if ref.type in ("Patient", "Practitioner") else display_of(resource)
    return {"reference": str(ref)} | ({"display": name} if name else {})


def _name(resource: Resource) -> str:
    for each in resource.get("name", ()):
        text = each.get("text")
        if text:
            return str(text)
        parts = [*each.get("prefix", ()), *each.get("given", ()), each.get("family"),
                 *each.get("suffix", ())]  # fmt: skip
        return " ".join(str(part) for part in parts if part)
    return ""
