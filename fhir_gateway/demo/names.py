"""What are the people of the sample clinic called, in Latin and in Arabic script?

Invented people: every name is a common given name joined to a common family name.
"""

#: Latin, Arabic.
Name = tuple[str, str]

WOMEN: tuple[Name, ...] = (
    ("Aisha", "عائشة"), ("Amal", "أمل"), ("Amina", "أمينة"), ("Asma", "أسماء"),
    ("Dalal", "دلال"), ("Fatimah", "فاطمة"), ("Ghada", "غادة"), ("Haifa", "هيفاء"),
    ("Hanan", "حنان"), ("Hessa", "حصة"), ("Huda", "هدى"), ("Iman", "إيمان"),
    ("Jawaher", "جواهر"), ("Khadija", "خديجة"), ("Latifa", "لطيفة"), ("Layla", "ليلى"),
    ("Lina", "لينا"), ("Maha", "مها"), ("Maryam", "مريم"), ("Mona", "منى"),
    ("Munira", "منيرة"), ("Nada", "ندى"), ("Noura", "نورة"), ("Rania", "رانيا"),
    ("Reem", "ريم"), ("Salma", "سلمى"), ("Sara", "سارة"), ("Shahad", "شهد"),
    ("Wafa", "وفاء"), ("Zainab", "زينب"),
)  # fmt: skip

MEN: tuple[Name, ...] = (
    ("Abdulaziz", "عبدالعزيز"), ("Abdullah", "عبدالله"), ("Ahmed", "أحمد"), ("Ali", "علي"),
    ("Bandar", "بندر"), ("Fahad", "فهد"), ("Faisal", "فيصل"), ("Hamad", "حمد"),
    ("Hassan", "حسن"), ("Hussain", "حسين"), ("Ibrahim", "إبراهيم"), ("Khalid", "خالد"),
    ("Majed", "ماجد"), ("Mansour", "منصور"), ("Mohammed", "محمد"), ("Muath", "معاذ"),
    ("Nasser", "ناصر"), ("Nawaf", "نواف"), ("Omar", "عمر"), ("Rashid", "راشد"),
    ("Saad", "سعد"), ("Salman", "سلمان"), ("Sami", "سامي"), ("Saud", "سعود"),
    ("Sultan", "سلطان"), ("Tariq", "طارق"), ("Turki", "تركي"), ("Waleed", "وليد"),
    ("Yasser", "ياسر"), ("Yousef", "يوسف"),
)  # fmt: skip

FAMILIES: tuple[Name, ...] = (
    ("Al-Amri", "العمري"), ("Al-Anazi", "العنزي"), ("Al-Asiri", "العسيري"),
    ("Al-Bishi", "البيشي"), ("Al-Dosari", "الدوسري"), ("Al-Fahad", "الفهد"),
    ("Al-Ghamdi", "الغامدي"), ("Al-Habib", "الحبيب"), ("Al-Harbi", "الحربي"),
    ("Al-Jaber", "الجابر"), ("Al-Juhani", "الجهني"), ("Al-Khalifa", "الخليفة"),
    ("Al-Maliki", "المالكي"), ("Al-Mutairi", "المطيري"), ("Al-Nasser", "الناصر"),
    ("Al-Omar", "العمر"), ("Al-Otaibi", "العتيبي"), ("Al-Qahtani", "القحطاني"),
    ("Al-Rashid", "الراشد"), ("Al-Salem", "السالم"), ("Al-Shammari", "الشمري"),
    ("Al-Shehri", "الشهري"), ("Al-Subaie", "السبيعي"), ("Al-Sulaiman", "السليمان"),
    ("Al-Tamimi", "التميمي"), ("Al-Yami", "اليامي"), ("Al-Zahrani", "الزهراني"),
    ("Bakr", "بكر"), ("Felemban", "فلمبان"), ("Khan", "خان"),
)  # fmt: skip


def human_names(given: Name, family: Name, title: Name | None = None) -> list[dict[str, object]]:
    """The two HumanName entries of a person: Latin as official, Arabic as usual."""
    return [
        _human_name("official", given[0], family[0], title[0] if title else None),
        _human_name("usual", given[1], family[1], title[1] if title else None),
    ]


def _human_name(use: str, given: str, family: str, title: str | None) -> dict[str, object]:
    text = " ".join(part for part in (title, given, family) if part)
    name: dict[str, object] = {"use": use, "text": text, "family": family, "given": [given]}
    return name | ({"prefix": [title]} if title else {})
