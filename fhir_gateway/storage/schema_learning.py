"""Which tables hold what has been learnt of no-shows, and how often patients came?"""

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table
from sqlalchemy.dialects.postgresql import JSONB

from fhir_gateway.storage.columns import TIME, key, keyed_tenant

_COUNTERS = ("total", "completed", "no_shows", "arrivals", "late_minutes")


def add_learning(metadata: MetaData) -> None:
    """Declare them: a model for each time that one was learnt, and a row for each patient."""
    Table(
        "no_show_model",
        metadata,
        keyed_tenant(),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("made_at", TIME, nullable=False),
        Column("model", JSONB, nullable=False),
        Column("card", JSONB, nullable=False),
    )
    Table(
        "patient_counter",
        metadata,
        keyed_tenant(),
        key("patient"),
        *(Column(each, BigInteger, nullable=False) for each in _COUNTERS),
    )
