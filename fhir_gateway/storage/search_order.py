"""In which order are hits given, and where does the next page go on?

A page begins after the last row of the page before it, by that row's values, and the way back
begins at its first row: what is written in the meantime moves nothing. Without `_sort` the order is
by id. FHIR R4 section 3.1.1.5.1 (`_sort`).
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.fhir.declaration import SearchParam
from fhir_gateway.fhir.search_query import CURSOR, SearchQuery
from fhir_gateway.storage.names import column_of
from fhir_gateway.storage.search_statement import Bound

#: Characters that the text keys of an order share; with more a cursor would be too long.
TEXT = 180


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an order.

    Attributes:
        sql: The value of a row.
        read: Makes a value from its text in a cursor.
        descending: Whether the greatest comes first; rows without a value come last either way.
        nullable: Whether there can be rows without one.
        joins: What the value needs after the table.
    """

    sql: str
    read: Callable[[str], Any]
    descending: bool
    nullable: bool = True
    joins: str = ""

    def direction(self, *, back: bool) -> str:
        """What follows it in ORDER BY where there is a value; back, all is the other way round."""
        return " DESC" if self.descending != back else ""

    def than(self, *, back: bool) -> str:
        """How a value compares with one that was given before it."""
        return "<" if self.descending != back else ">"


def keys_of(query: SearchQuery, alias: str, bound: Bound) -> tuple[Key, ...]:
    """The keys of a search's order; the id, which always comes last, is none of them.

    A parameter with several values counts by its least one, descending by its greatest; text by its
    first 180 characters, shared by all keys that are text.
    """
    found: list[Key] = []
    each_text = TEXT // (sum(_is_text(key) for key in dict(query.sort)) or 1)
    for number, (key, descending) in enumerate(dict(query.sort).items()):
        if key == "_id":
            # Nothing after the id can make a difference.
            return (*found, Key(f"{alias}.id", str, descending, nullable=False))
        if isinstance(key, str):
            found.append(Key(f"{alias}.last_updated", _time, descending, nullable=False))
        elif key.multiple:
            found.append(_of_many(query.type, key, alias, bound, descending, number, each_text))
        else:
            column, read = f"{alias}.{column_of(key)}", _READERS.get(key.type, str)
            sql = f"left({column}, {each_text})" if read is str else column
            found.append(Key(sql, read, descending))
    return tuple(found)


def _is_text(key: SearchParam | str) -> bool:
    return not isinstance(key, str) and key.type not in _READERS


def _of_many(
    type_name: str,
    param: SearchParam,
    alias: str,
    bound: Bound,
    descending: bool,
    number: int,
    each_text: int,
) -> Key:
    name, read = f"k{number}", _READERS.get(param.type, str)
    extreme = "max" if descending else "min"
    if param.type in _SIDE_TABLES:
        table, column = _SIDE_TABLES[param.type]
        source = (
            f"{table} x WHERE {bound.owned('x')} AND x.type = '{type_name}' AND x.id = {alias}.id"
            f" AND x.param = '{param.name}'"
        )
        value = f"x.{column}"
    else:
        begin = bound.entry_prefix(param, "|=" if param.type == "token" else "|")
        source = f"unnest({alias}.tokens) x WHERE starts_with(x, {begin})"
        value = f"substr(x, length({begin}) + 1)"
    if read is str:
        value = f"left({value}, {each_text})"
    joins = f" CROSS JOIN LATERAL (SELECT {extreme}({value}) AS value FROM {source}) {name}"
    return Key(f"{name}.value", read, descending, joins=joins)


def _time(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("without offset")
    return value


_READERS: dict[str, Callable[[str], Any]] = {"date": _time, "number": Decimal, "quantity": Decimal}
_SIDE_TABLES = {
    "string": ("search_text", "folded"),
    "date": ("search_date", "low"),
    "number": ("search_number", "low"),
    "quantity": ("search_number", "low"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the order: the rows with a value of the first key, or those without.

    Attributes:
        where: What selects the stretch, or what of it comes after the cursor.
        endings: What follows each key in ORDER BY; None for a key that nothing depends on.
        back: Whether the rows come last to first.
    """

    where: tuple[str, ...]
    endings: tuple[str | None, ...]
    back: bool = False

    def order(self, values: Sequence[str], last: str) -> str:
        """ORDER BY, with the SQL of each key's value and of the id."""
        pairs = zip(values, self.endings, strict=True)
        terms = [f"{value}{ending}" for value, ending in pairs if ending is not None]
        return f"ORDER BY {', '.join((*terms, last + ' DESC' * self.back))}"


def parts_of(
    keys: Sequence[Key], alias: str, bound: Bound, after: "Place | None"
) -> tuple[Part, ...]:
    """The stretches of an order from a place on, or back from it, as they come.

    Each can be read off an index.
    """
    back = after is not None and after.back
    if not keys:
        where = (_after((), (), after, alias, bound),) if after else ()
        return (Part(where, (), back),)
    first, *rest = keys
    nulls = " NULLS FIRST" if back else " NULLS LAST"
    further = tuple(key.direction(back=back) + nulls for key in rest)
    present = (f"{first.sql} IS NOT NULL",) if first.nullable else ()
    with_value = Part(present, (first.direction(back=back), *further), back)
    without = Part((f"{first.sql} IS NULL",), (None, *further), back)
    if after and after.values[0] is None:
        later = _after(rest, after.values[1:], after, alias, bound)
        here = replace(without, where=(*without.where, later))
        return (here, with_value) if back else (here,)
    if after:
        later = _after_value(keys, after, alias, bound)
        with_value = replace(with_value, where=(*present, later))
    return (with_value, without) if first.nullable and not back else (with_value,)


@dataclass(frozen=True, slots=True)
class Place:
    """A row that has been given: its value of each key, its id; and whether one goes back."""

    values: tuple[Any, ...]
    id: str
    back: bool = False


def _after_value(keys: Sequence[Key], after: Place, alias: str, bound: Bound) -> str:
    """After a row with a value of the first key, among rows that have one."""
    first, value = keys[0], bound.add(after.values[0])
    than = first.than(back=after.back)
    rest = _after(keys[1:], after.values[1:], after, alias, bound)
    # The first half repeats what the second says, for the index.
    return f"{first.sql} {than}= {value} AND ({first.sql} {than} {value} OR {rest})"


def _after(
    keys: Sequence[Key], values: Sequence[Any], place: Place, alias: str, bound: Bound
) -> str:
    back = place.back
    if not keys:
        return f"{alias}.id {'<' if back else '>'} {bound.add(place.id)}"
    key = keys[0]
    rest = _after(keys[1:], values[1:], place, alias, bound)
    if values[0] is None:
        return f"({f'{key.sql} IS NOT NULL OR ' * back}({key.sql} IS NULL AND {rest}))"
    value = bound.add(values[0])
    later = f"{key.sql} {key.than(back=back)} {value}"
    if key.nullable and not back:
        later += f" OR {key.sql} IS NULL"
    return f"({later} OR ({key.sql} = {value} AND {rest}))"


def cursor_at(query: SearchQuery, tenant: int, place: Place) -> str:
    """The text that leads from this row to the rest of the search, or back to what is before it."""
    texts = [_text(value) for value in place.values]
    packed = orjson.dumps([_digest(query, tenant, back=place.back), place.id, *texts])
    return urlsafe_b64encode(packed).decode().rstrip("=")


def place_of(query: SearchQuery, tenant: int, keys: Sequence[Key]) -> Place | None:
    """Where a search goes on; None where it begins.

    Raises:
        GatewayError: invalid, where the cursor was not made for this search.
    """
    if query.cursor is None:
        return None
    try:
        digest, last, *texts = orjson.loads(urlsafe_b64decode(query.cursor + "=" * 3))
        ways = {_digest(query, tenant, back=back): back for back in (False, True)}
        if digest not in ways or not isinstance(last, str):
            raise _foreign()
        values = [_value(key, text) for key, text in zip(keys, texts, strict=True)]
    except (ValueError, TypeError, ArithmeticError) as error:
        raise _foreign() from error
    return Place(tuple(values), last, ways[digest])


def _value(key: Key, text: Any) -> Any:
    if text is None and key.nullable:
        return None
    if not isinstance(text, str):
        raise TypeError("a key is text")
    return key.read(text)


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value)


def _foreign() -> GatewayError:
    return fail(
        Category.INVALID,
        "This is not a page of this search; begin again with the first page",
        CURSOR,
    )


def _digest(query: SearchQuery, tenant: int, *, back: bool) -> str:
    """What the place in an order depends on; page size and form of the answer may change."""
    text = repr((tenant, query.type, query.patient, query.criteria, query.sort, back))
    return urlsafe_b64encode(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:12]).decode()
