"""In which words is a patient told?

Short texts in the patient's language. Channels are read by others than the patient, so a text has
the clinic's name, date and time and a link, and nothing else: the table of what may be filled in
is closed. reliability-security.md section 7.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

#: In the place of the personal link, which is made when the message is sent.
LINK = "{link}"

#: Everything that a text may show.
ALLOWED = frozenset({"clinic", "day", "time", "until", "until_time", "link"})

DEFAULT_LANGUAGE = "en"

_ENGLISH = {
    "offered": "{clinic}: an appointment is free on {day} at {time}. Please accept or decline by"
    " {until} at {until_time}: {link}",
    "booked": "{clinic}: your appointment on {day} at {time} is booked.",
    "superseded": "{clinic}: somebody else has taken the appointment on {day} at {time}. You stay"
    " on the waitlist.",
    "offer-expired": "{clinic}: the time to answer about {day} at {time} is over. You stay on the"
    " waitlist.",
}
_ARABIC = {
    "offered": "{clinic}: يتوفر موعد يوم {day} الساعة {time}. يرجى القبول أو الرفض قبل {until}"
    " الساعة {until_time}: {link}",
    "booked": "{clinic}: تم حجز موعدك يوم {day} الساعة {time}.",
    "superseded": "{clinic}: حُجز موعد يوم {day} الساعة {time} لشخص آخر. ما زلت على قائمة الانتظار.",
    "offer-expired": "{clinic}: انتهت مهلة الرد على موعد يوم {day} الساعة {time}. ما زلت على قائمة"
    " الانتظار.",
}
#: Language → what is told → text.
TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": _ENGLISH, "ar": _ARABIC})


def language_of(patient: Mapping[str, Any]) -> str:
    """The language to write to a patient in: the preferred one, else the first that we have."""
    spoken = sorted(patient.get("communication", ()), key=lambda each: not each.get("preferred"))
    for each in spoken:
        for code in _codes((each.get("language") or {}).get("coding", ())):
            if code in TEXTS:
                return code
    return DEFAULT_LANGUAGE


def _codes(codings: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (str(each.get("code", "")).lower().partition("-")[0] for each in codings)


def text(
    told: str, language: str, clinic: str, start: datetime, until: datetime | None = None
) -> str:
    """One message.

    Args:
        told: A key of the table; any other is `superseded`.
        language: A key of TEXTS.
        clinic: What the clinic is called.
        start: Of the appointment, in the zone in which it is shown.
        until: When the answer is due, likewise; the link stands as LINK.
    """
    texts = TEXTS[language]
    filled = {"clinic": clinic, "link": LINK, **_moment("day", "time", start)}
    if until is not None:
        filled |= _moment("until", "until_time", until)
    return texts.get(told, texts["superseded"]).format_map(filled)


def _moment(day: str, clock: str, moment: datetime) -> dict[str, str]:
    return {day: f"{moment:%d.%m.%Y}", clock: f"{moment:%H:%M}"}
