"""Who guesses too often?

Counted in this process, for each address a minute at a time; so many addresses that memory stays
small. reliability-security.md section 7.
"""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from math import ceil

_MINUTE = 60.0
_MOST_ADDRESSES = 10_000


class Tries:
    """Wrong guesses by address."""

    def __init__(self, clock: Callable[[], float], most: int = 10) -> None:
        """
        Args:
            clock: Seconds that only grow.
            most: Wrong guesses that an address has in a minute.
        """
        self._clock = clock
        self._most = most
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Seconds until somebody at that address may try again; 0 for at once."""
        began, count = self._seen.get(_group(address), (0.0, 0))
        left = began + _MINUTE - self._clock()
        return ceil(left) if count >= self._most and left > 0 else 0

    def wrong(self, address: str) -> None:
        """Count a wrong guess."""
        group, now = _group(address), self._clock()
        began, count = self._seen.pop(group, (now, 0))
        if now - began >= _MINUTE:
            began, count = now, 0
        self._seen[group] = began, count + 1
        if len(self._seen) > _MOST_ADDRESSES:
            self._seen.popitem(last=False)


def _group(address: str) -> str:
    """Whoever has one IPv6 address has all of its network of 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(int(parsed) >> 64)
    return address
