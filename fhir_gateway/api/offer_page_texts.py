"""What does a patient read who opens the link of an offer?

Whole pages in the patient's language, without script, picture or anything from elsewhere. They show
the clinic's name, date and time, and nothing else about anybody: reliability-security.md section 7.
WCAG 2.2: language, one heading, labelled choices, targets of 44 pixels.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from types import MappingProxyType

_STYLE = (
    "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}fieldset{border:0;padding:0;margin:1.5rem 0}"
    "legend{font-weight:700;padding:0}label{display:block;min-height:44px;padding:.4rem 0}"
    "input{width:1.4rem;height:1.4rem;vertical-align:middle;margin-inline-end:.6rem}"
    "button{font:inherit;min-height:48px;padding:.5rem 2rem;border:2px solid #0b4f8a;"
    "background:#0b4f8a;color:#fff;border-radius:.3rem}"
    "button:focus,input:focus{outline:3px solid #b35900;outline-offset:2px}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: Nothing may run or be loaded; the answer goes to us alone; nobody puts the page into theirs.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)

_ENGLISH = {
    "asked": ("An appointment is free", "{day} at {time}. Please answer by {until}."),
    "question": "Would you like to have it?",
    "yes": "Yes, I want this appointment",
    "no": "No, give it to somebody else",
    "send": "Send my answer",
    "accepted": ("Your appointment is booked", "{day} at {time}."),
    "declined": (
        "Thank you for telling us",
        ("You stay on the waitlist; we write again when another time is free."),
    ),
    "gone": (
        "This offer is not open any more",
        (
            "The link has been used, or the time to answer is"
            " over. You stay on the waitlist unless you have accepted. For anything else, call"
            " the clinic."
        ),
    ),
    "superseded": (
        "Somebody else was faster",
        (
            "The appointment has been taken. You stay on the"
            " waitlist with your place; we write again when another time is free."
        ),
    ),
    "unknown": (
        "There is no such page",
        ("Please check that you have copied the whole address, or call the clinic."),
    ),
    "busy": (
        "You have another appointment at that time",
        ("Please call the clinic to move it; then this link can be used."),
    ),
    "choose": ("Please choose an answer", "Open the link again, choose yes or no, and send it."),
    "later": ("Please try again in a moment", "Nothing has been changed."),
}
_ARABIC = {
    "asked": ("يتوفر موعد", "{day} الساعة {time}. يرجى الرد قبل {until}."),
    "question": "هل ترغب في هذا الموعد؟",
    "yes": "نعم، أريد هذا الموعد",
    "no": "لا، أعطوه لشخص آخر",
    "send": "إرسال الرد",
    "accepted": ("تم حجز موعدك", "{day} الساعة {time}."),
    "declined": ("شكرًا لإبلاغنا", "ما زلت على قائمة الانتظار، وسنراسلك عند توفر موعد آخر."),
    "gone": (
        "لم يعد هذا العرض متاحًا",
        (
            "استُخدم الرابط أو انتهت مهلة الرد. ما زلت على"
            " قائمة الانتظار ما لم تكن قد قبلت. لأي أمر آخر يرجى الاتصال بالعيادة."
        ),
    ),
    "superseded": (
        "سبقك شخص آخر",
        ("حُجز الموعد. ما زلت على قائمة الانتظار بترتيبك، وسنراسلك عند توفر موعد آخر."),
    ),
    "unknown": ("لا توجد صفحة كهذه", "يرجى التأكد من نسخ العنوان كاملًا أو الاتصال بالعيادة."),
    "busy": (
        "لديك موعد آخر في ذلك الوقت",
        ("يرجى الاتصال بالعيادة لتغييره، ثم يمكن استخدام هذا الرابط."),
    ),
    "choose": ("يرجى اختيار رد", "افتح الرابط مرة أخرى واختر نعم أو لا ثم أرسل الرد."),
    "later": ("يرجى المحاولة بعد قليل", "لم يتغير شيء."),
}
#: Language → texts; a pair is a heading and what stands below it.
TEXTS = MappingProxyType({"en": _ENGLISH, "ar": _ARABIC})


def page(language: str, told: str, clinic: str = "", form: str = "", **moments: str) -> bytes:
    """One page as UTF-8.

    Args:
        language: A key of TEXTS.
        told: Which text.
        clinic: What it is called; empty where it is not to be told.
        form: Makes the page a question, and is sent back with the answer.
        moments: `day`, `time` and `until`, where the text has them.
    """
    texts = TEXTS[language]
    heading, below = texts[told]
    direction = "rtl" if language == "ar" else "ltr"
    body = [f"<h1>{escape(heading)}</h1>"]
    if clinic:
        body.insert(0, f"<p>{escape(clinic)}</p>")
    body.append(f"<p>{escape(below.format_map(moments))}</p>")
    if form:
        body.append(_form(texts, form))
    return (
        f'<!DOCTYPE html>\n<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    ).encode()


def _form(texts: Mapping[str, object], form: str) -> str:
    """Nothing is chosen beforehand: whoever only presses buttons has not answered."""
    choices = "".join(
        f'<label><input type="radio" name="answer" value="{value}" required>'
        f"{escape(str(texts[name]))}</label>"
        for name, value in (("yes", "accepted"), ("no", "declined"))
    )
    return (
        f'<form method="post"><input type="hidden" name="form" value="{escape(form)}">'
        f"<fieldset><legend>{escape(str(texts['question']))}</legend>{choices}</fieldset>"
        f'<button type="submit">{escape(str(texts["send"]))}</button></form>'
    )
