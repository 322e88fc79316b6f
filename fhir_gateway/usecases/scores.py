"""How does a score explain itself?

The extension `score` (decision 1): policy, total, rank and each factor with code, value, weight,
contribution and text. One shape for Slots, waitlist and queue.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.engines.decision import Factor, KeyPart, plain

#: Places kept of what is not exact in decimals.
_PLACES = Decimal("0.000001")


def score_extension(
    policy: str,
    rank: int,
    *,
    total: Decimal | None = None,
    factors: Iterable[Factor] = (),
    keys: Iterable[KeyPart] = (),
) -> dict[str, Any]:
    """Write the extension.

    Args:
        policy: `plan` or `best`.
        rank: 1 is first.
        total: 0..100; None for an order that is no sum.
        factors: Parts of the sum.
        keys: Parts of an order, compared first to last.
    """
    parts: list[dict[str, Any]] = [{"url": "policy", "valueCode": policy}]
    if total is not None:
        parts.append({"url": "total", "valueDecimal": total})
    parts.append({"url": "rank", "valuePositiveInt": rank})
    parts += [_factor(each) for each in factors]
    parts += [
        {
            "url": "factor",
            "extension": [
                {"url": "code", "valueCode": each.code},
                {"url": "text", "valueString": each.text},
            ],
        }
        for each in keys
    ]
    return {"url": EXT_SCORE, "extension": parts}


def _factor(each: Factor) -> dict[str, Any]:
    return {
        "url": "factor",
        "extension": [
            {"url": "code", "valueCode": each.code},
            {"url": "value", "valueDecimal": _short(each.value)},
            {"url": "weight", "valueDecimal": _short(each.weight)},
            {"url": "contribution", "valueDecimal": _short(each.contribution)},
            {"url": "text", "valueString": each.text},
        ],
    }


def _short(value: Decimal) -> Decimal:
    return plain(value.quantize(_PLACES)) if value.as_tuple().exponent < -6 else value  # type: ignore[operator]
