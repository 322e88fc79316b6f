"""Which profile does the description of a sender give, and for whom?

A description is strict: an unknown key, or a value that cannot be, is told with its file, its key
and what is allowed. Nothing is guessed at start that would be wrong all day.

Source: hl7v2.md section 4; decision record 0014.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.mapping.profile_settings import SETTINGS, Setting, shown
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile

#: Stands for every application or facility.
ANY = "*"
_WHO = ("application", "facility")
_BY_KEY = {each.key: each for each in SETTINGS}


@dataclass(frozen=True, slots=True)
class Described:
    """A profile as people have described it.

    Attributes:
        name: Of the file.
        application: MSH-3, or `*`.
        facility: MSH-4, or `*`.
        profile: With defaults where nothing is said; without zone that is the tenant's.
        given: Keys that the description has.
    """

    name: str
    application: str = ANY
    facility: str = ANY
    profile: SenderProfile = field(default_factory=lambda: replace(DEFAULT_PROFILE, zone=""))
    given: frozenset[str] = frozenset()

    @property
    def sender(self) -> tuple[str, str]:
        """For whom it is: MSH-3 and MSH-4."""
        return self.application, self.facility


@dataclass(frozen=True, slots=True)
class Explained:
    """One setting of one profile, for people.

    Attributes:
        key: In the file.
        value: As it holds.
        given: Whether the file says so; else it is the default.
        meaning: What it is about.
        allowed: What may stand there.
    """

    key: str
    value: Any
    given: bool
    meaning: str
    allowed: str


def read_profile(name: str, content: Mapping[str, Any], path: str = "") -> Described:
    """Read the description of a sender.

    Args:
        name: Of the file.
        content: Keys and values; `application` is needed, `facility` may be left out.
        path: For messages to people.

    Raises:
        GatewayError: invalid, with everything that is wrong.
    """
    where = path or name
    issues: list[Issue] = []
    values: dict[str, Any] = {}
    codings: dict[str, Any] = {}
    for key, value in content.items():
        setting = _BY_KEY.get(key) if isinstance(key, str) else None
        if setting is None:
            issues += [] if key in _WHO else [_wrong(where, key, _unknown(key))]
            continue
        try:
            read = setting.read(value)
        except ValueError as error:
            text = f"{error}; allowed: {setting.allowed}"
            issues.append(_wrong(where, key, text))
            continue
        if setting.kind:
            codings[setting.kind] = read
        else:
            values[setting.field or key] = read
    who = _who(where, content, issues)
    if values.get("authority") == "placer" and values.get("ack") == "durable":
        text = "a sender that only asks (authority: placer) is always told; ack can only be strict"
        issues.append(_wrong(where, "ack", text))
    if issues:
        raise GatewayError(Category.INVALID, *issues)
    profile = replace(DEFAULT_PROFILE, **{"zone": "", "codings": codings, **values})
    return Described(name, *who, profile, frozenset(content) - set(_WHO))


def _who(where: str, content: Mapping[str, Any], issues: list[Issue]) -> tuple[str, str]:
    if "application" not in content:
        text = "is missing: the sending application (MSH-3) that this is for, or '*' for all"
        issues.append(_wrong(where, "application", text))
    for key in _WHO:
        value = content.get(key, ANY)
        if not isinstance(value, str) or not value.strip():
            why = f'{shown(value)} is no text; put it in quotes: "…"'
            issues.append(_wrong(where, key, why))
    application, facility = (str(content.get(key, ANY)).strip() for key in _WHO)
    return application, facility


def _wrong(where: str, key: Any, why: str) -> Issue:
    return Issue(f"{where}: {key}: {why}", (str(key)[:60],))


def _unknown(key: Any) -> str:
    known = [*_WHO, *_BY_KEY]
    near = difflib.get_close_matches(str(key)[:60], known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no such setting{hint} Allowed are {', '.join(known)}"


def collisions(found: Iterable[Described]) -> tuple[Issue, ...]:
    """What is wrong with descriptions that are fine one by one: two for the same sender."""
    names: dict[tuple[str, str], str] = {}
    issues: list[Issue] = []
    for each in found:
        other = names.setdefault(each.sender, each.name)
        if other != each.name:
            who = " / ".join(each.sender)
            text = f"{each.name} and {other} both describe the sender {who}"
            issues.append(Issue(text, ("application", "facility")))
    return tuple(issues)


def explained(described: Described) -> list[Explained]:
    """Every setting of a profile, in the order of the table."""
    return [
        Explained(
            each.key,
            each.of(described.profile),
            each.key in described.given,
            each.meaning,
            each.allowed,
        )
        for each in SETTINGS
    ]


def as_content(described: Described) -> dict[str, Any]:
    """What a file would say that gives this profile: who, and what is not the default."""
    default = replace(DEFAULT_PROFILE, zone="")
    found: dict[str, Any] = {"application": described.application, "facility": described.facility}
    for setting in SETTINGS:
        value = setting.of(described.profile)
        if value != setting.of(default):
            found[setting.key] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value


def changed(profile: SenderProfile, settings: Mapping[str, Any]) -> SenderProfile:
    """A profile with other values for some settings.

    Args:
        profile: Before.
        settings: By key of the table, as `Setting.read` gives them.
    """
    values: dict[str, Any] = {}
    codings = dict(profile.codings)
    for key, value in settings.items():
        setting: Setting = _BY_KEY[key]
        if setting.kind:
            codings[setting.kind] = value
        else:
            values[setting.field or key] = value
    return replace(profile, codings=codings, **values)


#: Fields of SenderProfile that no setting has; a test holds it empty.
UNSET = frozenset(each.name for each in fields(SenderProfile)) - {
    each.field or each.key for each in SETTINGS
}
