"""The owner's AdvancedQueueEngine, written out again as it stands in the plan.

Queries become loops over lists of dicts; the only changes are the settled rows, each marked.
Numbers are fractions. Nothing here comes from the engines.
"""

from fractions import Fraction


def reposition_queue_entries(waiting, now):
    scored = [(entry, calculate_entry_priority_score(entry, now)) for entry in waiting]
    scored.sort(key=lambda x: (x[0]["joined_at"], x[0]["ticket"]))  # row Q5
    scored.sort(key=lambda x: x[1], reverse=True)
    return [
        (entry["id"], new_position, score)  # row Q1: the position is the rank
        for new_position, (entry, score) in enumerate(scored, start=1)
    ]


def minutes(delta):
    return Fraction(delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds,
                    60_000_000)  # fmt: skip


def calculate_entry_priority_score(entry, now):
    score = Fraction(entry["priority_score"] or 0)
    wait_minutes = minutes(now - entry["joined_at"])
    wait_factor = min(50, wait_minutes / 2)
    if entry["scheduled"] is not None:
        time_until = minutes(entry["scheduled"] - now)
        if time_until < 30:  # row Q7: hours overdue keep it
            proximity_factor = 30
        elif time_until < 60:
            proximity_factor = 15
        else:
            proximity_factor = 0
    else:
        proximity_factor = 0
    return score + wait_factor + proximity_factor


def weighted_score(entry, now, weights):
    """The three weights of the configuration, as the design settles them (row Q1)."""
    priority = min(Fraction(100), Fraction(entry["priority_score"]))
    wait = min(Fraction(100), minutes(now - entry["joined_at"]))
    near = Fraction(0)
    if entry["scheduled"] is not None:
        near = min(Fraction(100), max(Fraction(0), 100 - minutes(entry["scheduled"] - now)))
    return (
        Fraction(weights[0]) * priority + Fraction(weights[1]) * wait + Fraction(weights[2]) * near
    )


def average_service_time(hours, default, use_historical):
    """`hours` are (completed, average minutes) of the last seven days (row Q4)."""
    if not use_historical:
        return Fraction(default)
    counted = [(done, mean) for done, mean in hours if done > 0]
    if not counted:
        return Fraction(default)
    return sum(done * mean for done, mean in counted) / sum(done for done, _ in counted)


def calculate_estimated_wait_time(position, avg_service_time, current_size, max_queue_size):
    if position <= 0:
        return 0
    base_wait = avg_service_time * (position - 1)
    return int(base_wait * calculate_load_factor(current_size, max_queue_size))


def calculate_load_factor(current_size, max_queue_size):
    capacity = max_queue_size or 10
    utilization = Fraction(current_size, capacity)
    if utilization < Fraction(1, 2):
        return Fraction(1)
    if utilization < Fraction(3, 4):
        return Fraction(12, 10)
    if utilization < Fraction(9, 10):
        return Fraction(15, 10)
    return Fraction(2)
