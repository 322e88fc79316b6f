"""Which rows have a value that is searched for?

One criterion without its steps becomes one condition on the narrow table. FHIR R4 sections
3.1.1.4.4 to 3.1.1.4.13; decision 7.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_gateway.fhir.catalogue import META
from fhir_gateway.fhir.declaration import SearchParam
from fhir_gateway.fhir.search_criteria import Criterion
from fhir_gateway.fhir.search_terms import (
    DateValue,
    IdValue,
    MissingValue,
    NearValue,
    NumberValue,
    ReferenceValue,
    StringValue,
    TextValue,
    TokenValue,
    UriValue,
)
from fhir_gateway.fhir.spec import code_element, structure
from fhir_gateway.storage.names import column_of, columns_of, found_by_hash
from fhir_gateway.storage.search_ranges import date_fits, instant_fits, is_near, number_fits
from fhir_gateway.storage.search_statement import Bound, Condition

#: Tokens that hardly two resources share end so.
_PERSONAL = ("identifier", "email", "phone", "telecom")
_LAST_CHARACTER = chr(0x10FFFF)


def condition(owner: str, criterion: Criterion, alias: str, bound: Bound) -> Condition:
    """The condition that a criterion sets.

    Args:
        owner: The type whose rows are asked.
        criterion: Its steps are not looked at.
        alias: Of the table with these rows.
        bound: Takes the parameters.

    Raises:
        GatewayError: invalid, for a value that no text can have.

    Source: FHIR R4 section 3.1.1.4.5 (modifiers): alternatives are joined by OR; `not` selects
        what has none of them, a missing element too.
    """
    asked = _Asked(owner, criterion.param, criterion.modifier, alias, bound)
    found = _READ[type(criterion.values[0])](asked, criterion.values)
    if criterion.modifier == "not":
        return Condition(f"({found.sql}) IS NOT TRUE")
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    owner: str
    param: SearchParam
    modifier: str | None
    alias: str
    bound: Bound

    @property
    def column(self) -> str:
        return f"{self.alias}.{column_of(self.param)}"

    @property
    def tokens(self) -> str:
        return f"{self.alias}.tokens"

    def beside(self, table: str, fits: Callable[[str], str], param: str = "") -> Condition:
        """Whether a row of a side table fits.

        Args:
            table: Its name.
            fits: Makes the condition on a row, from its alias.
            param: SQL condition on the row's param; without it, the parameter's name.
        """
        x = self.bound.alias()
        named = param or f"= '{self.param.name}'"
        return Condition(
            f"{self.alias}.id IN (SELECT {x}.id FROM {table} {x} WHERE {self.bound.owned(x)}"
            f" AND {x}.type = '{self.owner}' AND {x}.param {named} AND {fits(x)})"
        )


def _any(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


def _id(asked: _Asked, values: Sequence[IdValue]) -> Condition:
    return Condition(f"{asked.alias}.id = ANY({asked.bound.add([each.text for each in values])})")


def _missing(asked: _Asked, values: Sequence[MissingValue]) -> Condition:
    present = _present(asked)
    return Condition(f"NOT {present}" if values[0].missing else present)


def _present(asked: _Asked) -> str:
    there = f"{asked.column} IS NOT NULL"
    if asked.param.multiple:
        there = f"{asked.tokens} @> {asked.bound.entries([asked.param.name])}"
    if asked.param.type not in ("token", "reference"):
        return f"({there})"
    # A code without code but with a system or a text, a reference by identifier alone.
    ends = ("|", ":identifier|", ":text|")
    begins = [asked.bound.entry_prefix(asked.param, end) for end in ends]
    entry = " OR ".join(f"starts_with(e, {each})" for each in begins)
    return f"({there} OR EXISTS (SELECT 1 FROM unnest({asked.tokens}) e WHERE {entry}))"


def _entries(asked: _Asked, values: Sequence[TokenValue | ReferenceValue | UriValue]) -> Condition:
    entries = list(dict.fromkeys(entry for value in values for entry in value.entries))
    plain = _column_values(asked, entries)
    if plain is None:
        shared = asked.param.type == "token" or asked.param.name in META
        few = not shared or asked.param.name.endswith(_PERSONAL)
        listed = asked.bound.entries(entries)  # refuses what no text can have
        hashed = asked.bound.hashes(entries)
        by_hash = found_by_hash(asked.owner, f"{asked.alias}.id", "%(tenant)s", hashed)
        return Condition(f"({by_hash} AND {asked.tokens} && {listed})", few)
    if len(plain) == 1:
        # Not ANY: only a plain comparison lets an index give the order as well.
        return Condition(f"{asked.column} = {asked.bound.add(plain[0])}")
    return Condition(f"{asked.column} = ANY({asked.bound.add(plain)})")


def _texts(asked: _Asked, values: Sequence[TextValue]) -> Condition:
    bound = asked.bound
    begins = [_begins("e", f"{bound.tenant}|{each.entry}", bound) for each in values]
    return Condition(f"EXISTS (SELECT 1 FROM unnest({asked.tokens}) e WHERE {_any(begins)})")


def _column_values(asked: _Asked, entries: list[str]) -> list[str] | None:
    """The values to compare a column of its own with; None where the column is not all there is."""
    param = asked.param
    if param.multiple or not param.hot:
        return None
    if param.type == "token" and code_element(asked.owner, param.paths[0]) is None:
        return None
    begin = f"{param.name}|=" if param.type == "token" else f"{param.name}|"
    if not all(entry.startswith(begin) for entry in entries):
        return None
    return [entry.removeprefix(begin) for entry in entries]


def _strings(asked: _Asked, values: Sequence[StringValue]) -> Condition:
    bound = asked.bound
    if asked.modifier == "exact":
        folded = bound.add([each.folded for each in values])
        exact = bound.add([each.exact for each in values])
        return asked.beside(
            "search_text", lambda x: f"{x}.folded = ANY({folded}) AND {x}.exact = ANY({exact})"
        )
    if asked.modifier == "contains":
        parts = [bound.add(each.folded) for each in values]
        return asked.beside(
            "search_text", lambda x: _any([f"strpos({x}.folded, {part}) > 0" for part in parts])
        )
    return asked.beside(
        "search_text",
        lambda x: _any([_begins(f"{x}.folded", each.folded, bound) for each in values]),
    )


def _begins(column: str, prefix: str, bound: Bound) -> str:
    """A prefix as a range, which an index can serve whatever the prefix is."""
    kept = prefix.rstrip(_LAST_CHARACTER)
    lower = f"{column} >= {bound.add(prefix)}"
    if not kept:
        return lower
    following = ord(kept[-1]) + 1
    if following == 0xD800:  # no text has the surrogates
        following = 0xE000
    return f"({lower} AND {column} < {bound.add(kept[:-1] + chr(following))})"


def _dates(asked: _Asked, values: Sequence[DateValue]) -> Condition:
    bound = asked.bound
    if asked.param.name == "_lastUpdated":
        column = f"{asked.alias}.last_updated"
        return Condition(_any([instant_fits(each, column, bound) for each in values]))
    if asked.param.multiple:
        return asked.beside(
            "search_date",
            lambda x: _any([date_fits(each, f"{x}.low", f"{x}.high", bound) for each in values]),
        )
    column = asked.column
    if _is_instant(asked.owner, asked.param):
        return Condition(_any([instant_fits(each, column, bound) for each in values]))
    return Condition(_any([date_fits(each, column, f"{column}_high", bound) for each in values]))


def _is_instant(owner: str, param: SearchParam) -> bool:
    found = structure(owner)
    elements = [found.elements.get(path) for path in param.paths] if found else []
    return bool(elements) and all(each and each.type == "instant" for each in elements)


def _numbers(asked: _Asked, values: Sequence[NumberValue]) -> Condition:
    fits = _one_of_many if asked.param.multiple else _only_one
    return Condition(_any([fits(asked, each) for each in values]))


def _one_of_many(asked: _Asked, value: NumberValue) -> str:
    """A number and its unit must be those of the same value."""
    bound = asked.bound
    param = f"= ANY({bound.add(list(value.units))})" if value.units else ""
    return asked.beside(
        "search_number", lambda x: number_fits(value, f"{x}.low", f"{x}.high", bound), param
    ).sql


def _only_one(asked: _Asked, value: NumberValue) -> str:
    sql = number_fits(value, asked.column, f"{asked.column}_high", asked.bound)
    if not value.units:
        return sql
    return f"({sql} AND {asked.tokens} && {asked.bound.entries(value.units)})"


def _positions(asked: _Asked, values: Sequence[NearValue]) -> Condition:
    latitude, longitude = (f"{asked.alias}.{name}" for name in columns_of(asked.param))
    return Condition(_any([is_near(each, latitude, longitude, asked.bound) for each in values]))


_READ: dict[type, Callable[[_Asked, Any], Condition]] = {
    IdValue: _id,
    MissingValue: _missing,
    TokenValue: _entries,
    ReferenceValue: _entries,
    UriValue: _entries,
    StringValue: _strings,
    TextValue: _texts,
    DateValue: _dates,
    NumberValue: _numbers,
    NearValue: _positions,
}
