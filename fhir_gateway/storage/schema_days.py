"""In which tables are the counts of days kept?

Decision record 0021.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

from fhir_gateway.engines.metrics import STEADY

_PLAIN = Text(collation="C")


def add_scheduling_tables(metadata: MetaData) -> None:
    """Declare what was counted of a day, and what has changed since."""
    # Subject and service are references; empty texts stand for all.
    Table(
        "scheduling_day",
        metadata,
        Column("tenant", Integer, ForeignKey("tenant.id"), primary_key=True),
        Column("subject", _PLAIN, primary_key=True),
        Column("day", Date, primary_key=True),
        Column("service", _PLAIN, primary_key=True),
        *(Column(name, BigInteger, nullable=False) for name in STEADY),
        Index("scheduling_day_by_day", "tenant", "day"),
    )
    # A planned start, or a resource whose days are not known yet. Written by triggers beside rows
    # whose tenant has been checked.
    Table(
        "scheduling_change",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("tenant", Integer, nullable=False),
        Column("at", DateTime(timezone=True)),
        Column("subject", _PLAIN),
        Index("scheduling_change_by_time", "tenant", "at"),
    )
