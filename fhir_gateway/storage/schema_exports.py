"""Which table holds what has been asked of bulk exports?"""

from sqlalchemy import ARRAY, CheckConstraint, Column, ForeignKey, Integer, MetaData, Table

from fhir_gateway.storage.columns import PLAIN, TIME


def add_exports(metadata: MetaData) -> None:
    """Declare it: exports that can still be fetched; the files are made from the history when
    they are read."""
    Table(
        "export_job",
        metadata,
        Column("tenant", Integer, ForeignKey("tenant.id"), primary_key=True),
        Column("id", PLAIN, primary_key=True),
        Column("created_at", TIME, nullable=False),
        Column("request", PLAIN, nullable=False),
        Column("level", PLAIN, nullable=False),
        Column("group_id", PLAIN),
        Column("since", TIME),
        Column("types", ARRAY(PLAIN), nullable=False),
        CheckConstraint("level IN ('system', 'patient', 'group')", name="level_check"),
    )
