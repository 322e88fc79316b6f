"""Which table holds what has been asked of bulk exports?"""

from sqlalchemy import ARRAY, CheckConstraint, Column, MetaData, Table

from fhir_gateway.storage.columns import PLAIN, TIME, key, keyed_tenant, told


def add_exports(metadata: MetaData) -> None:
    """Declare it: exports that can still be fetched; the files are made from the history when
    they are read."""
    Table(
        "export_job",
        metadata,
        keyed_tenant(),
        key("id"),
        Column("created_at", TIME, nullable=False),
        told("request"),
        told("level"),
        Column("group_id", PLAIN),
        Column("since", TIME),
        Column("types", ARRAY(PLAIN), nullable=False),
        CheckConstraint("level IN ('system', 'patient', 'group')", name="level_check"),
    )
