"""Which profile would suit a sender, after its first messages?

Nothing is taken over by itself: a suggestion says what speaks for it and against it, and a person
decides. Values of patients are not quoted.

Source: hl7v2.md section 6, N6.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fhir_gateway.mapping.profile_files import Described, changed
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.suggesting import form, identity, people, status, times
from fhir_gateway.mapping.suggesting.evidence import Suggestion
from fhir_gateway.mapping.suggesting.seen import Seen, seen
from fhir_gateway.mapping.suggesting.unwanted import unwanted

#: More messages say nothing new.
MOST = 2_000

_Learner = Callable[[Sequence[Seen]], Iterator[Suggestion]]
_ALL, _ABOUT = frozenset({"SIU", "SRM", "ADT"}), frozenset({"SIU", "SRM"})
_TOLD = frozenset({"SIU"})
#: Each with the messages that it learns from, in an order in which what is learnt first helps to
#: read the rest.
_LEARNERS: tuple[tuple[_Learner, frozenset[str]], ...] = (
    (form.time_formats, _ALL), (form.time_zone, _ALL), (identity.identity, _ABOUT),
    (identity.events, _TOLD), (status.status, _TOLD), (times.start_sources, _TOLD),
    (times.units, _ABOUT), (people.aig_role, _ABOUT), (people.provider_fields, _ABOUT),
    (identity.notes, _TOLD),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suggested:
    """What has been learnt about a sender.

    Attributes:
        sender: MSH-3 and MSH-4.
        messages: How many messages were looked at.
        types: Which types these were, such as SIU.
        understood: How many of them the present profile reads.
        then_understood: How many the suggested one reads.
        suggestions: In the order of learning; also those that are not sure.
        described: The present profile with all that is sure.
    """

    sender: tuple[str, str]
    messages: int
    understood: int
    then_understood: int
    suggestions: tuple[Suggestion, ...]
    described: Described
    types: tuple[str, ...] = ("SIU",)


def suggest(raws: Sequence[bytes], present: Described, sender: tuple[str, str]) -> Suggested:
    """Learn from the messages of one sender.

    Args:
        raws: Messages in the order in which they came; what is not read here is left out.
        present: What is described now; what it says is kept unless the messages contradict.
        sender: MSH-3 and MSH-4 of the profile that is suggested.
    """
    raws = raws[:MOST]
    profile, found = present.profile, list[Suggestion]()
    before = seen(raws, profile)
    if before:
        found += form.charset(raws, before)
        profile = _with(profile, found)
        messages: list[Seen] | None = None
        for learn, types in _LEARNERS:
            messages = seen(raws, profile) if messages is None else messages
            material = [each for each in messages if each.type in types]
            learnt = learn(material) if material else ()
            told = [each for each in learnt if not _held(each, present)]
            found += told
            if any(each.is_sure for each in told):
                profile, messages = _with(profile, told), None
        found += unwanted(raws, profile)
    after = seen(raws, profile)
    given = present.given | {each.key for each in found if each.is_sure}
    name = present.name or _name(sender)
    application, facility = sender
    described = replace(
        present, name=name, application=application, facility=facility, profile=profile, given=given
    )
    return Suggested(
        sender,
        len(before),
        _understood(before),
        _understood(after),
        tuple(found),
        described,
        tuple(dict.fromkeys(each.type for each in before)) or ("SIU",),
    )


def _name(sender: tuple[str, str]) -> str:
    """What a file about it may be called."""
    told = [re.sub(r"[^A-Za-z0-9]+", "-", each).strip("-").lower() for each in sender]
    return "-".join(filter(None, told)) or "sender"


def _with(profile: SenderProfile, found: Sequence[Suggestion]) -> SenderProfile:
    sure: Mapping[str, object] = {each.key: each.value for each in found if each.is_sure}
    return changed(profile, sure)


def _held(found: Suggestion, present: Described) -> bool:
    """Whether a person has said so already, or nothing is to be said."""
    return found.key == "zone" and "zone" in present.given


def _understood(messages: Sequence[Seen]) -> int:
    return sum(each.understood for each in messages)
