"""Which senders have people described, and does the running gateway follow when they change it?

`<config_dir>/senders/*.yaml`, one file for each.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from fhir_gateway.configuration import descriptions, read_description
from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.mapping.profile_files import Described, as_content, read_profile
from fhir_gateway.usecases.senders import Senders

if TYPE_CHECKING:
    from fhir_gateway.usecases.deps import Deps  # commands without a database start faster

KIND = "senders"


def read_senders(directory: Path | None) -> list[Described]:
    """Read every description.

    Args:
        directory: Of the configuration; None for none.

    Raises:
        GatewayError: invalid, with everything that is wrong in any of them.
    """
    issues: list[Issue] = []
    found: list[Described] = []
    for each in descriptions(directory, KIND):
        try:
            found.append(read_profile(each.name, each.content, str(each.path)))
        except GatewayError as error:
            issues += error.issues
    if issues:
        raise GatewayError(Category.INVALID, *issues)
    return found


def read_sender(path: Path) -> Described:
    """Read one description.

    Raises:
        GatewayError: invalid.
    """
    each = read_description(path)
    return read_profile(each.name, each.content, str(path))


def reload(deps: "Deps", directory: Path | None, needed: Iterable[str] = ()) -> None:
    """Read all descriptions again; where one is wrong, what has been in force stays in force.

    Args:
        deps: See Deps.
        directory: Of the configuration; None for none.
        needed: Names that ports hold to.
    """
    if not isinstance(deps.profiles, Senders):
        return
    try:
        found = read_senders(directory)
        missing = sorted({*needed} - {each.name for each in found})
        if missing:
            text = f"a port holds to the sender {missing[0]}, and no file in senders/ is called so"
            raise fail(Category.INVALID, text, KIND)
        deps.profiles.become(found)
    except GatewayError as error:
        deps.log("senders.kept", reasons=[each.diagnostics for each in error.issues])
    else:
        deps.log("senders.loaded", names=[each.name for each in deps.profiles.all()])


def as_yaml(described: Described, notes: dict[str, list[str]] | None = None) -> str:
    """The file that gives a profile.

    Args:
        described: For whom, and what.
        notes: Comments to be written above a key.
    """
    lines: list[str] = []
    for key, value in as_content(described).items():
        lines += [f"# {' '.join(note.split())}" for note in (notes or {}).get(key, ())]
        lines.append(_dumped(key, value))
    return "\n".join(lines) + "\n"


def _dumped(key: str, value: object) -> str:
    return str(
        yaml.safe_dump({key: value}, allow_unicode=True, sort_keys=False, width=100)
    ).rstrip()


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises:
        GatewayError: conflict, where it is there; fault, where it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise fail(Category.CONFLICT, f"{path} is there already; choose another name") from error
    except OSError as error:
        raise fail(Category.FAULT, f"{path}: {error.strerror}") from error
