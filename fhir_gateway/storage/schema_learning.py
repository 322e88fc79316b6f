"""Which tables hold what has been learnt of no-shows, and how often patients came?"""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table
from sqlalchemy.dialects.postgresql import JSONB

from fhir_gateway.storage.columns import PLAIN, TIME

_COUNTERS = ("total", "completed", "no_shows", "arrivals", "late_minutes")


def add_learning(metadata: MetaData) -> None:
    """Declare them: a model for each time that one was learnt, and a row for each patient."""
    Table(
        "no_show_model",
        metadata,
        Column("tenant", Integer, ForeignKey("tenant.id"), primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("made_at", TIME, nullable=False),
        Column("model", JSONB, nullable=False),
        Column("card", JSONB, nullable=False),
    )
    Table(
        "patient_counter",
        metadata,
        Column("tenant", Integer, ForeignKey("tenant.id"), primary_key=True),
        Column("patient", PLAIN, primary_key=True),
        *(Column(each, BigInteger, nullable=False) for each in _COUNTERS),
    )
