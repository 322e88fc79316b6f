"""Which messages are taken, kept and change nothing?

A feed tells everybody everything. What the standard has and a scheduler does not need is no fault
of its sender: refusing it stops many an interface engine for good. So it is kept, answered AA and
`filtered`, unless the profile says `refuse`; and a profile may name more that it does not want.

Source: HL7 v2.9.1 chapter 3, 3.3; hl7v2.md sections 3.2 and 6, row 5; decision record 0025.
"""

from collections.abc import Mapping

from fhir_gateway.core.errors import Issue
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile
from fhir_gateway.mapping.triggers import EVENTS, meant

#: Message type -> event of the standard that is not needed -> what it tells.
UNNEEDED: Mapping[str, Mapping[str, str]] = {
    "ADT": {
        "A02": "a patient is transferred",
        "A06": "an outpatient becomes an inpatient",
        "A07": "an inpatient becomes an outpatient",
        "A12": "a transfer is taken back",
        "A14": "an admission is pending",
        "A15": "a transfer is pending",
        "A16": "a discharge is pending",
        "A17": "two patients change places",
        "A20": "the state of a bed changes",
        "A21": "a patient goes on leave",
        "A22": "a patient comes back from leave",
        "A23": "the record of a patient is deleted",
        "A24": "records of patients are linked",
        "A25": "a pending discharge is taken back",
        "A26": "a pending transfer is taken back",
        "A27": "a pending admission is taken back",
        "A29": "data of a person are deleted",
        "A35": "account numbers are merged",
        "A37": "records of patients are not linked any more",
        "A41": "accounts are merged",
        "A42": "visits are merged",
        "A43": "identifiers move to another patient",
        "A44": "an account moves to another patient",
        "A45": "a visit moves to another account",
        "A48": "the number of an alternate patient changes",
        "A49": "the number of an account changes",
        "A50": "the number of a visit changes",
        "A51": "the alternate number of a visit changes",
        "A52": "a leave is taken back",
        "A53": "the return from a leave is taken back",
        "A54": "the attending doctor changes",
        "A55": "a change of the attending doctor is taken back",
        "A60": "allergies change",
        "A61": "the consulting doctor changes",
        "A62": "a change of the consulting doctor is taken back",
        "Z99": "a movement is corrected (IHE ITI-31)",
    },
}


def passed_over(told: Message | Header, profile: SenderProfile = DEFAULT_PROFILE) -> Issue | None:
    """Why a message is taken and changes nothing; None where it is to be read, or to be refused.

    Args:
        told: The message, or its header.
        profile: What it calls `filtered` goes first; its own events count as those they stand for.
    """
    kind, own, _ = told.event
    if {kind, f"{kind}^{own}"} & {*profile.filtered}:
        return _issue(f"{kind}^{own} of this sender is not wanted here, says its profile")
    kind, event = meant(told, profile)
    if profile.unneeded == "refuse" or event in EVENTS.get(kind, ()):
        return None
    meaning = UNNEEDED.get(kind, {}).get(event)
    return _issue(f"{kind}^{event} ({meaning}) is not needed here") if meaning else None


def _issue(why: str) -> Issue:
    text = f"Taken, and nothing was changed: {why[:120]}"
    return Issue(text, ("MSH^1^9",), "informational", "not-needed")
