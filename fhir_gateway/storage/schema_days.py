"""In which tables are the counts of days kept?

Decision record 0021.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
)

from fhir_gateway.engines.metrics import STEADY
from fhir_gateway.storage.columns import PLAIN, key, keyed_tenant


def add_scheduling_tables(metadata: MetaData) -> None:
    """Declare what was counted of a day, and what has changed since."""
    # Subject and service are references; empty texts stand for all.
    Table(
        "scheduling_day",
        metadata,
        keyed_tenant(),
        key("subject"),
        Column("day", Date, primary_key=True),
        key("service"),
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
        Column("subject", PLAIN),
        Index("scheduling_change_by_time", "tenant", "at"),
    )
