"""Which fields of which segments are read, and what becomes of each?

For people and for the published claims; a test holds the table equal to what the readers touch.
Everything that is not listed, Z-segments included, stays in the message, which is kept whole.

Source: hl7v2.md sections 1.3 to 1.11.
"""

from collections.abc import Mapping

_START = "start of a resource's time"
_OFFSET = "start as an offset from the appointment's, with its unit"
_STRAY = "status, where SCH-25 is empty and a word of table 0278 stands here"
_LASTS = "how long the resource is needed, with its unit"


def _timing(start: int) -> dict[int, str]:
    """The fields that AIS, AIG, AIL and AIP have in common, from the start on."""
    return {
        start: f"participant.period.start: {_START}",
        start + 1: f"participant.period.start: {_OFFSET}",
        start + 2: "unit of the offset",
        start + 3: f"participant.period.end: {_LASTS}",
        start + 4: "unit of the duration",
        start + 5: "participant.required, where it is No (table 0279)",
        start + 6: "participant.status (table 0278)",
    }


FIELDS: Mapping[str, Mapping[int, str]] = {
    "MSH": {
        3: "the sender", 4: "the sender",
        7: "order of messages about one appointment; offset of times without one",
        9: "what is to be done: type and event; the structure does not matter",
        10: "a repeated message gets its first answer",
        15: "which acknowledgements are wanted", 16: "which acknowledgements are wanted",
        18: "character set",
    },
    "SCH": {
        1: "Appointment.identifier (PLAC)", 2: "Appointment.identifier (FILL)",
        3: "extension occurrence-number; with SCH-1, SCH-23 or SCH-24 a part of the identity",
        4: "Appointment.identifier, type text 'placer group'", 5: "Schedule.identifier",
        6: "cancelationReason, or extension status-reason; the comment of a block",
        7: "reasonCode, or appointmentType where it is of table 0276; the comment of a block",
        8: "appointmentType", 9: "end and minutesDuration", 10: "unit of SCH-9",
        11: "start, end and duration (TQ.4, .5, .3; a date in TQ.1)",
        12: "participant for information only, 'placer contact'", 13: "telecom of that one",
        16: "participant for information only, 'filler contact'", 17: "telecom of that one",
        20: _STRAY, 21: _STRAY,
        23: "extension parent-appointment (placer)", 24: "extension parent-appointment (filler)",
        25: "status (table 0278)", 26: "basedOn (placer)", 27: "basedOn (filler)",
        28: _STRAY,
    },
    "TQ1": {
        3: "reported where it repeats; nothing is expanded",
        4: "time of day of TQ1-7, where that has none", 6: "end and minutesDuration",
        7: "start", 8: "end", 9: "priority (table 0485)", 11: "patientInstruction",
        13: "end and minutesDuration, where TQ1-6 is empty",
    },
    "NTE": {2: "comment, where the text stands there", 3: "comment, a line each"},
    "RGS": {2: "action code of its whole group (table 0206)"},
    "AIS": {
        2: "action code (table 0206)", 3: "serviceType", 4: "start of the appointment",
        5: "start as an offset", 6: "unit of the offset", 7: "end of the appointment",
        8: "unit of the duration",
    },
    "AIG": {
        2: "action code (table 0206)", 3: "participant: Practitioner, Location or Device",
        4: "what AIG-3 is; participant.type", **_timing(8),
    },
    "AIL": {
        2: "action code (table 0206)", 3: "participant: Location", 4: "participant.type",
        **_timing(6),
    },
    "AIP": {
        2: "action code (table 0206)", 3: "participant: Practitioner",
        4: "participant.type (table 0443)", **_timing(6),
    },
    "PID": {
        2: "Patient.identifier", 3: "Patient.identifier", 4: "Patient.identifier",
        5: "name", 6: "extension patient-mothersMaidenName", 7: "birthDate, birth time",
        8: "gender (table 0001)", 9: "name", 11: "address", 12: "address.district",
        13: "telecom, home", 14: "telecom, work", 15: "communication",
        16: "maritalStatus (table 0002)", 17: "extension patient-religion",
        19: "identifier (SS)", 20: "identifier (DL)", 23: "extension patient-birthPlace",
        24: "multipleBirthBoolean", 25: "multipleBirthInteger",
        26: "extension patient-citizenship", 28: "extension patient-nationality",
        29: "deceasedDateTime", 30: "deceasedBoolean", 39: "extension patient-citizenship",
        40: "telecom",
    },
    "PV1": {
        2: "an admission (I, P, B) is an arrival only by its number",
        3: "participant: Location, where no AIL names one",
        5: "number of the visit", 7: "participant: Practitioner (ATND), where no AIP names one",
        10: "serviceType, where there is no AIS",
        19: "Appointment.identifier (VN); the appointment that a visit belongs to",
        44: "start, where nothing else tells one", 50: "number of the visit",
    },
    "EVN": {2: "when it happened, where EVN-6 is empty", 6: "when it happened"},
    "MRG": {
        1: "the record that goes: link, active, identifiers", 4: "the record that goes",
    },
    "ARQ": {
        1: "as SCH-1", 2: "as SCH-2", 3: "as SCH-3", 4: "as SCH-4", 5: "as SCH-5", 6: "as SCH-6",
        7: "as SCH-7", 8: "as SCH-8", 9: "length of the visit", 10: "unit of ARQ-9",
        11: "times in which it may be; repetitions are alternatives", 12: "priority (table 0485)",
        15: "as SCH-12", 16: "as SCH-13", 22: "as SCH-23", 23: "as SCH-24", 24: "as SCH-26",
        25: "as SCH-27",
    },
    "APR": {1: "time of day and days of the week (PREFSTART, PREFEND, MON …)"},
    "QRD": {4: "QAK-1", 7: "how many free times are told: 10, at most 100"},
    "QRF": {2: "times from", 3: "times until, where ARQ-11 is empty"},
}  # fmt: skip
