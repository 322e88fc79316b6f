"""When does what is stored fit a date, a number or a position that is searched for?

A stored date is [low, high), a stored number [low, high]. FHIR R4 section 3.1.1.4.5 (prefixes).
"""

from fhir_gateway.fhir.search_terms import DateValue, NearValue, NumberValue
from fhir_gateway.storage.search_statement import Bound


def date_fits(value: DateValue, low: str, high: str, bound: Bound) -> str:
    """The condition on a stored range of time.

    Args:
        value: A prefix and the searched range.
        low, high: The columns.
        bound: Takes the parameters.
    """
    a, b = bound.add(value.low), bound.add(value.high)
    # `low <= b` and `low <= a` follow from the rest; an index begins with low.
    return {
        "eq": f"({low} >= {a} AND {low} <= {b} AND {high} <= {b})",
        "ne": f"NOT ({low} >= {a} AND {high} <= {b})",
        "gt": f"{high} > {b}",
        "lt": f"{low} < {a}",
        "ge": f"({low} >= {a} OR {high} > {b})",
        "le": f"({low} < {a} OR {high} <= {b})",
        "sa": f"{low} >= {b}",
        "eb": f"({low} <= {a} AND {high} <= {a})",
        "ap": f"({low} < {b} AND {high} > {a})",
    }[value.prefix]


def instant_fits(value: DateValue, column: str, bound: Bound) -> str:
    """The condition on an instant, which has no width: one column, so that its index serves."""
    a, b = bound.add(value.low), bound.add(value.high)
    return {
        "eq": f"({column} >= {a} AND {column} < {b})",
        "ne": f"NOT ({column} >= {a} AND {column} < {b})",
        "gt": f"{column} >= {b}",
        "lt": f"{column} < {a}",
        "ge": f"{column} >= {a}",
        "le": f"{column} < {b}",
        "sa": f"{column} >= {b}",
        "eb": f"{column} < {a}",
        "ap": f"({column} >= {a} AND {column} < {b})",
    }[value.prefix]


def number_fits(value: NumberValue, low: str, high: str, bound: Bound) -> str:
    """The condition on a stored number or range of numbers; its unit is not looked at.

    Only eq and ne go by the precision that was written; the others compare the number itself.
    """
    a, b, exact = bound.add(value.low), bound.add(value.high), bound.add(value.exact)
    return {
        "eq": f"({low} >= {a} AND {high} < {b})",
        "ne": f"NOT ({low} >= {a} AND {high} < {b})",
        "gt": f"{high} > {exact}",
        "lt": f"{low} < {exact}",
        "ge": f"({low} >= {exact} OR {high} > {exact})",
        "le": f"({low} < {exact} OR {high} <= {exact})",
        "sa": f"{low} > {exact}",
        "eb": f"{high} < {exact}",
        "ap": f"({low} <= {b} AND {high} >= {a})",
    }[value.prefix]


#: Metres: the mean radius of the earth, and what a degree of latitude takes at least.
_RADIUS, _DEGREE = 6_371_008.8, 110_000


def is_near(value: NearValue, latitude: str, longitude: str, bound: Bound) -> str:
    """The condition on a stored position.

    Args:
        value: Where from, and how far.
        latitude, longitude: The columns, in degrees.
        bound: Takes the parameters.

    Source: FHIR R4 section 8.7.5.1 (Location.near); the distance is that on a sphere (haversine).
    """
    a, b = (f"{bound.add(each)}::float8" for each in (value.latitude, value.longitude))
    within = value.metres / _DEGREE
    # An index knows latitudes alone.
    low, high = bound.add(value.latitude - within), bound.add(value.latitude + within)
    y, x = f"{latitude}::float8", f"{longitude}::float8"
    half = (
        f"power(sind(({y} - {a}) / 2), 2) + cosd({y}) * cosd({a}) * power(sind(({x} - {b}) / 2), 2)"
    )
    return (
        f"({latitude} BETWEEN {low}::numeric AND {high}::numeric"
        f" AND 2 * {_RADIUS} * asin(least(1, sqrt({half}))) <= {bound.add(value.metres)}::float8)"
    )
