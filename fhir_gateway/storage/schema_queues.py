"""Which tables do queues need, beside the Encounters of those who stand in them?

Source: decisions 1, 11 and 23; owner's plan, phase 11 (QueueMetrics).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from fhir_gateway.storage.columns import PLAIN, TIME, key, keyed_tenant, told


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
        keyed_tenant(),
        key("reference"),
        Column("configuration", JSONB, nullable=False),
        Column("overflow_to", PLAIN),
        told("zone"),
        _sum("sequence"),
        Column("ticket", Integer, nullable=False, server_default=text("0")),
        Column("ticket_day", Date),
        Column("size", Integer, nullable=False, server_default=text("0")),
        Column("size_since", TIME, nullable=False),
        Column("last_called", TIME),
        Column("learnt", JSONB, nullable=False, server_default=text("'{}'")),
    )
    Table(
        "queue_entry",
        metadata,
        keyed_tenant(),
        key("id"),
        told("queue"),
        Column("ticket", Integer, nullable=False),
        told("state"),
        Column("joined", TIME, nullable=False),
        Column("since", TIME, nullable=False),
        Column("class", Integer, nullable=False),
        Column("priority", Numeric, nullable=False),
        Column("appointment", PLAIN),
        Column("appointment_start", TIME),
        Column("called", TIME),
        Column("started", TIME),
        Column("desk", PLAIN),
        Column("shown", JSONB),
        Column("ended", TIME),
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
        keyed_tenant(),
        key("queue"),
        Column("day", Date, primary_key=True),
        Column("hour", Integer, primary_key=True),
        *(_sum(each) for each in ("entries", "completed", "no_shows", "waits", "wait_seconds")),
        *(_sum(each) for each in ("longest_wait", "service_seconds", "peak", "size_seconds")),
    )
