"""What is a resource type or a search parameter called in the database?"""

import re

from fhir_gateway.fhir.catalogue import SearchParam

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Their values are ranges; the second column has the upper end.
RANGES = frozenset({"date", "number", "quantity"})


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
    """All columns of a parameter: none where it has several values, two for a range."""
    if param.multiple:
        return ()
    name = column_of(param)
    return (name, f"{name}_high") if param.type in RANGES else (name,)
