"""What does a coded v2 value mean in FHIR, as far as a table can say?

One CSV file per HL7 table, named by its number (or by what it lists, where HL7 has no table). The
first column is the key, compared without regard to case; lines that begin with `#` are notes.

Source: HL7 v2.9.1 chapter 2C; the code system maps of the v2-to-FHIR guide; hl7v2.md section 1.7.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

Row = Mapping[str, str]


@cache
def table(name: str) -> Mapping[str, Row]:
    """Every row of a table by its folded key, in the order of the file.

    Args:
        name: `0278`, `units` ….
    """
    text = files(__name__).joinpath(f"{name}.csv").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    rows = csv.DictReader(lines)
    key = (rows.fieldnames or [""])[0]
    return {row[key].casefold(): row for row in rows}


def names() -> list[str]:
    """The names of all tables, in order."""
    found = [path.name for path in files(__name__).iterdir()]
    return sorted(each.removesuffix(".csv") for each in found if each.endswith(".csv"))


def find(name: str, code: str) -> Row | None:
    """The row of a code, in any case; None for an unknown code and for ''."""
    return table(name).get(code.strip().casefold())


def lookup(name: str, code: str, column: str) -> str:
    """One value of the row of a code; '' where the table has none."""
    row = find(name, code)
    return row[column] if row else ""
