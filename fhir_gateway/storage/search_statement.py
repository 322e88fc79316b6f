"""How is the SQL of a search put together?

Text comes from the catalogue alone; whatever a client wrote travels as a bound parameter. Every
table is asked with its tenant, row level security aside (decision 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.declaration import SearchParam
from fhir_gateway.storage.names import hashes, table_of


def rows_of(type_name: str) -> str:
    """Where the narrow rows of a resource type are read from."""
    return table_of(type_name)


@dataclass(slots=True)
class Bound:
    """The parameters of one search, shared by all its statements.

    Attributes:
        tenant: Number of the tenant.
        values: By name, as psycopg takes them.
    """

    tenant: int
    values: dict[str, Any] = field(default_factory=dict)
    _aliases: int = 0

    def __post_init__(self) -> None:
        self.values["tenant"] = self.tenant

    def add(self, value: Any) -> str:
        """Bind a value; returns the text that stands for it.

        Raises:
            GatewayError: invalid, for characters that no text in the database has.
        """
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                _check(each)
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"

    def entries(self, entries: Sequence[str]) -> str:
        """Bind index entries as an array, each with the tenant before it."""
        return self.add([f"{self.tenant}|{entry}" for entry in entries]) + "::text[]"

    def hashes(self, entries: Sequence[str]) -> str:
        """Bind the hashes of index entries."""
        return self.add(hashes(f"{self.tenant}|{entry}" for entry in entries)) + "::bigint[]"

    def alias(self) -> str:
        """A name for a table that no other table of this search has."""
        self._aliases += 1
        return f"t{self._aliases}"

    def owned(self, alias: str) -> str:
        """The condition that a row is this tenant's."""
        return f"{alias}.tenant = %(tenant)s"

    def entry_prefix(self, param: SearchParam, ending: str) -> str:
        """How the index entries of a parameter begin, as an SQL literal."""
        return f"'{self.tenant:d}|{param.name}{ending}'"


def _check(text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise fail(Category.INVALID, "A search value has a character that no text can have")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must fulfil.

    Attributes:
        sql: In brackets where it has an OR.
        few: Whether it usually selects few rows while the planner, which has no statistics for
            such a value, expects many.
    """

    sql: str
    few: bool = False


NOTHING = Condition("FALSE")


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of one type that fulfil all conditions.

    Where one of them selects few, those few are found first: for the first page of a long list the
    planner would otherwise walk along the order and hope.
    """

    type_name: str
    alias: str
    conditions: tuple[Condition, ...]
    bound: Bound

    def select(
        self, columns: str, *, joins: str = "", further: Sequence[str] = (), tail: str = ""
    ) -> str:
        """The statement.

        Args:
            columns: What is selected.
            joins: Follows the table.
            further: Conditions of the page, which do not choose how rows are found.
            tail: ORDER BY and LIMIT.
        """
        where = [self.bound.owned(self.alias), *(each.sql for each in self.conditions)]
        table = rows_of(self.type_name)
        if not any(each.few for each in self.conditions):
            both = " AND ".join((*where, *further))
            return f"SELECT {columns} FROM {table} {self.alias}{joins} WHERE {both} {tail}".rstrip()
        name = f"few_{self.alias}"
        return (
            f"WITH {name} AS MATERIALIZED (SELECT {self.alias}.* FROM {table} {self.alias}"
            f" WHERE {' AND '.join(where)}) SELECT {columns} FROM {name} {self.alias}{joins}"
            f" WHERE {' AND '.join(further) or 'TRUE'} {tail}"
        ).rstrip()
