"""What does a partial resource change?

JSON Merge Patch (RFC 7396): members replace, null removes, arrays are replaced as a whole. R4 does
not know it; clients send it nevertheless.
"""

from typing import Any

Node = dict[str, Any]


def merged(target: Any, partial: Any) -> Any:
    """Put a partial resource over a whole one.

    Args:
        target: What is there; it is not changed, parts of it are in the result.
        partial: What is sent.

    Source: RFC 7396 section 2.
    """
    if not isinstance(partial, dict):
        return partial
    result: Node = dict(target) if isinstance(target, dict) else {}
    for name, value in partial.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
