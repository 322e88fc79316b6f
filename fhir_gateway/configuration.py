"""What have people written down for the gateway to read at its start?

One YAML file for each thing, in a folder of its kind below FHIR_GATEWAY_CONFIG_DIR. Here they are
only read; what they mean belongs to whoever asks.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.outbound.destinations import Destination, read_destination

#: A description is written by hand; what is longer is something else.
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Description:
    """One file.

    Attributes:
        path: For messages to people.
        name: The file's name without its end.
        content: What it says.
    """

    path: Path
    name: str
    content: Mapping[str, Any]


class _Loader(yaml.SafeLoader):
    """Plain data only, and no key twice."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    known: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in known:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands there twice", key_node.start_mark
            )
        known.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def descriptions(directory: Path | None, kind: str) -> Iterator[Description]:
    """The files of one kind, by name.

    Args:
        directory: Of the configuration; None for none.
        kind: Name of the folder, `listeners`.

    Raises:
        GatewayError: invalid, with file, line and reason.
    """
    folder = directory / kind if directory is not None else None
    if folder is None or not folder.is_dir():
        return
    for path in sorted(each for each in folder.iterdir() if each.suffix in (".yaml", ".yml")):
        yield read_description(path)


def read_description(path: Path) -> Description:
    """Read one file.

    Raises:
        GatewayError: invalid, where it cannot be read or is no YAML mapping.
    """
    try:
        text = path.read_bytes()[: _LONGEST + 1]
        if len(text) > _LONGEST:
            raise _wrong(path, "the file is longer than 1 MiB")
        content = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader that refuses keys given twice
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from error
    except (yaml.YAMLError, ValueError) as error:
        raise _wrong(path, " ".join(str(error).split())) from error
    if not isinstance(content, dict):
        raise _wrong(path, "the file holds no mapping of keys to values")
    return Description(path, path.stem, content)


def read_destinations(directory: Path | None) -> list[Destination]:
    """Everybody whom the gateway sends messages to, by the names of their files.

    Raises:
        GatewayError: invalid, with the file and what is wrong in it.
    """
    found = []
    for each in descriptions(directory, "destinations"):
        found.append(read_destination(each.path, each.name, each.content))
        found[-1].tls_context()
    return found


def _wrong(path: Path, why: str) -> GatewayError:
    return fail(Category.INVALID, f"{path}: {why}", str(path))
