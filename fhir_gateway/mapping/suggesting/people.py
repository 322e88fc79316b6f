"""Where does this sender name the practitioner, and what are its general resources?

Source: hl7v2.md sections 1.4 and 1.5.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.cwe import words
from fhir_gateway.mapping.places import place
from fhir_gateway.mapping.reading import part
from fhir_gateway.mapping.suggesting.evidence import Suggestion, confidence, some
from fhir_gateway.mapping.suggesting.seen import Seen
from fhir_gateway.mapping.tables import table

_PERSON = re.compile(r"(?i)(\bdr\b|\bm\.?d\b|\bprof\b|\bnp\b|\brn\b|^[^\d,]{2,30}, ?[^\d,]{2,30}$)")
_PLACE = re.compile(r"(?i)\b(room|rm|raum|zimmer|salle|kamer|suite|clinic|ward|bay|exam)\b")
#: Where people of the house stand beside the usual fields.
_OTHERS = ("ROL-4", "PRT-5", "PV1-8", "PV1-17", "PV1-9", "SCH-16", "SCH-12", "SCH-20")


def aig_role(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """What AIG-3 is, where AIG-4 does not tell: by what else the message calls the same."""
    votes: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    names: list[str] = []
    for each in messages:
        people = {each.text("AIP-3"), each.text("PV1-7"), each.text("SCH-16")} - {""}
        places = {each.text("AIL-3"), each.whole("PV1-3.2")} - {""}
        for row in each.rows:
            if row.name != "AIG" or _told(row.segment.field(4)) or not row.segment.field(3):
                continue
            field = row.segment.field(3)
            value, text = part(field, 1), part(field, 2)
            names.append(text or value)
            kind, why = _kind(value, text, people, places)
            votes[kind] += 1
            reasons[kind, why] += 1
    if not votes:
        return
    told = f"{votes.total()} AIG do not tell in AIG-4 what AIG-3 is: {some(names)}"
    kind, hits = votes.most_common(1)[0]
    if not kind or kind == messages[0].reading.profile.aig_role:
        return
    because = [f"{why} in {count}" for (of, why), count in reasons.most_common() if of == kind]
    against = [
        f"{n} look like {other or 'nothing known'}" for other, n in votes.items() if other != kind
    ]
    sure = confidence(hits, votes.total())
    yield Suggestion("aig_role", kind, sure, (told, *because), tuple(against))


def _told(field: Field) -> bool:
    text = " ".join(words(field)).upper()
    return any(row["word"] in text for row in table("resource_roles").values())


def _kind(value: str, text: str, people: set[str], places: set[str]) -> tuple[str, str]:
    if value in people:
        return "Practitioner", "the same number is in AIP-3, PV1-7 or SCH-16"
    if value in places:
        return "Location", "the same is in AIL-3 or PV1-3"
    for said in filter(None, (text, value)):
        if _PLACE.search(said):
            return "Location", "it is called like a place"
        if _PERSON.search(said):
            return "Practitioner", "it is called like a person"
    return "", "nothing tells"


def provider_fields(messages: Sequence[Seen]) -> Iterator[Suggestion]:
    """Another field, where those that are read name nobody."""
    present = messages[0].reading.profile.provider_fields
    without = [each for each in messages if not any(_names(each, one) for one in present)]
    if len(without) < max(2, len(messages) // 2):
        return
    counted = Counter(name for each in without for name in _OTHERS if _names(each, name))
    told = f"{', '.join(present)} name nobody in {len(without)} of {len(messages)} messages"
    if not counted:
        return
    name = max(counted, key=lambda one: (counted[one], -_OTHERS.index(one)))
    values = [each.whole(name) for each in without if each.text(name)]
    text = f"{name} names somebody in {counted[name]} of them, {len(set(values))} different ones"
    contact = name.startswith("SCH")
    doubt = (f"by the standard {name} is whom to ask or who has typed it, not who attends",)
    sure = confidence(counted[name], len(without)) * (0.6 if contact else 1.0)
    value = (*present, name)
    yield Suggestion(
        "provider_fields", value, round(sure, 2), (told, text), doubt if contact else ()
    )


def _names(each: Seen, name: str) -> bool:
    if name == "AIG-3":
        return any(
            row.name == "AIG" and _told_person(row.segment.field(4)) for row in each.rows
        ) or (each.reading.profile.aig_role == "Practitioner" and bool(each.text(name)))
    found = place(name).field(each.message)
    return bool(found and (part(found[1], 1) or part(found[1], 2)))


def _told_person(field: Field) -> bool:
    text = " ".join(words(field)).upper()
    rows = table("resource_roles").values()
    return any(row["word"] in text and row["type"] == "Practitioner" for row in rows)
