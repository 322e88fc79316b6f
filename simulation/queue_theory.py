"""What is known of queues without playing them?

Source: Erlang 1917 (M/M/c); Cobham 1954 (non-preemptive priorities); Little 1961.
"""

import math
from collections.abc import Sequence


def erlang_c(servers: int, offered: float) -> float:
    """Probability that somebody has to wait.

    Args:
        servers: At once.
        offered: Arrival rate × mean service, below `servers`.
    """
    terms = [offered**each / math.factorial(each) for each in range(servers)]
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return last / (sum(terms) + last)


def mean_wait(servers: int, rate: float, service: float) -> float:
    """Mean wait of M/M/c, in the unit of `service`.

    Args:
        rate: Arrivals in that unit.
        service: Mean length.
    """
    offered = rate * service
    return erlang_c(servers, offered) * service / (servers - offered)


def cobham(servers: int, rates: Sequence[float], service: float) -> list[float]:
    """Mean wait of each class of M/M/c without preemption, the first class first.

    Args:
        rates: Arrivals of each class.
        service: Mean length, the same for all.
    """
    offered = sum(rates) * service
    base = erlang_c(servers, offered) * service / servers
    loads = [sum(rates[: place + 1]) * service / servers for place in range(len(rates))]
    before = [0.0, *loads[:-1]]
    return [base / (1 - one) / (1 - two) for one, two in zip(before, loads, strict=True)]
