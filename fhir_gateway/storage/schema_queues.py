"""Which tables do queues need, beside the Encounters of those who stand in them?

Source: decisions 1, 11 and 23; owner's plan, phase 11 (QueueMetrics).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

_PLAIN = Text(collation="C")
_TIME = DateTime(timezone=True)


def _tenant() -> Column[int]:
    return Column("tenant", Integer, ForeignKey("tenant.id"), primary_key=True)


def _sum(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def add_queues(metadata: MetaData) -> None:
    """Declare the tables of queues.

    Args:
        metadata: Where all others are declared.
    """
    # What a command has to lock; the configuration is a copy of the resource's extension.
    Table(
        "queue",
        metadata,
        _tenant(),
        Column("reference", _PLAIN, primary_key=True),
        Column("configuration", JSONB, nullable=False),
        Column("overflow_to", _PLAIN),
        Column("zone", _PLAIN, nullable=False),
        _sum("sequence"),
        Column("ticket", Integer, nullable=False, server_default=text("0")),
        Column("ticket_day", Date),
        Column("size", Integer, nullable=False, server_default=text("0")),
        Column("size_since", _TIME, nullable=False),
        Column("last_called", _TIME),
        Column("learnt", JSONB, nullable=False, server_default=text("'{}'")),
    )
    Table(
        "queue_entry",
        metadata,
        _tenant(),
        Column("id", _PLAIN, primary_key=True),
        Column("queue", _PLAIN, nullable=False),
        Column("ticket", Integer, nullable=False),
        Column("state", _PLAIN, nullable=False),
        Column("joined", _TIME, nullable=False),
        Column("since", _TIME, nullable=False),
        Column("class", Integer, nullable=False),
        Column("priority", Numeric, nullable=False),
        Column("appointment", _PLAIN),
        Column("appointment_start", _TIME),
        Column("called", _TIME),
        Column("started", _TIME),
        Column("desk", _PLAIN),
        Column("shown", JSONB),
        Column("ended", _TIME),
        Index("queue_entry_live", "tenant", "queue", postgresql_where=text("ended IS NULL")),
        Index(
            "queue_entry_appointment",
            "tenant",
            "appointment",
            unique=True,
            postgresql_where=text("ended IS NULL AND appointment IS NOT NULL"),
        ),
    )
    Table(
        "queue_hour",
        metadata,
        _tenant(),
        Column("queue", _PLAIN, primary_key=True),
        Column("day", Date, primary_key=True),
        Column("hour", Integer, primary_key=True),
        *(_sum(each) for each in ("entries", "completed", "no_shows", "waits", "wait_seconds")),
        *(_sum(each) for each in ("longest_wait", "service_seconds", "peak", "size_seconds")),
    )
