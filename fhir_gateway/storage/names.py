"""What is a resource type or a search parameter called in the database?"""

import re
from collections.abc import Iterable
from hashlib import blake2b

from fhir_gateway.fhir.catalogue import SearchParam

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: What the second column has, where a value takes two: the upper end of a range, or a longitude.
SECOND = {"date": "high", "number": "high", "quantity": "high", "special": "longitude"}


def table_of(type_name: str) -> str:
    """The table of a resource type: `AppointmentResponse` is `appointment_response`.

    Group and List carry words of SQL and get an ending.
    """
    name = _HUMP.sub("_", type_name).lower()
    return f"{name}_resource" if name in ("group", "list") else name


def column_of(param: SearchParam) -> str:
    """The column of a parameter with a single value: `p_appointment_type`."""
    return "p_" + param.name.replace("-", "_")


def columns_of(param: SearchParam) -> tuple[str, ...]:
    """All columns of a parameter: none where it has several values, two for a range or position."""
    if param.multiple:
        return ()
    name = column_of(param)
    second = SECOND.get(param.type)
    return (name, f"{name}_{second}") if second else (name,)


def token_table_of(type_name: str) -> str:
    """The table that finds resources of a type by the hashes of their tokens."""
    return f"{table_of(type_name)}_token"


def hashes(entries: Iterable[str]) -> list[int]:
    """The hashes of index entries (with the tenant before them), signed 64 bit, in order.

    Marks that only say that there is a value (`1|identifier`) are left out: they find too much;
    and texts (`1|reason-code:text|flu`), which are never searched as a whole.
    """
    return [
        int.from_bytes(blake2b(each.encode(), digest_size=8).digest(), "big", signed=True)
        for each in entries
        if _is_searched_as_a_whole(each)
    ]


def _is_searched_as_a_whole(entry: str) -> bool:
    _, name, *value = entry.split("|", 2)
    return bool(value) and not name.endswith(":text")


def found_by_hash(type_name: str, id_column: str, tenant: str = "%s", wanted: str = "%s") -> str:
    """The condition that a resource has one of the wanted hashes.

    Hashes may collide, so the tokens themselves have to be compared as well.

    Args:
        type_name: A served type.
        id_column: Of the resource's row.
        tenant: Placeholder of the tenant.
        wanted: Placeholder of the hashes.
    """
    return (
        f"{id_column} IN (SELECT k.id FROM {token_table_of(type_name)} k"
        f" WHERE k.tenant = {tenant} AND k.hash = ANY({wanted}))"
    )
