"""Which table holds the messages to other systems?"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    text,
)

from fhir_gateway.storage.columns import PLAIN, TIME


def outbound_message_table(metadata: MetaData) -> Table:
    """Declare it; those of one Appointment go to a destination in the order of `id`."""
    texts = ("destination", "appointment", "control_id", "event", "says", "state")
    lane = ("tenant", "destination", "appointment", "id")
    return Table(
        "outbound_message",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("tenant", Integer, ForeignKey("tenant.id"), nullable=False),
        *(Column(name, PLAIN, nullable=False) for name in texts),
        Column("raw", LargeBinary, nullable=False),
        Column("open", Boolean, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("created_at", TIME, nullable=False),
        Column("not_before", TIME, nullable=False),
        Column("sent_at", TIME),
        Column("answered_at", TIME),
        Column("ack", LargeBinary),
        Column("ack_code", PLAIN),
        Column("ack_time", TIME),
        Column("error", PLAIN),
        Column("deviations", PLAIN),
        Column("confirms", Boolean, nullable=False, server_default=text("false")),
        CheckConstraint(
            "state IN ('queued', 'sent', 'committed', 'accepted', 'rejected', 'dead', 'skipped')",
            name="state_check",
        ),
        CheckConstraint(
            "open = (state IN ('queued', 'sent', 'committed', 'rejected', 'dead'))",
            name="open_check",
        ),
        Index("outbound_message_by_control_id", "tenant", "destination", "control_id", unique=True),
        Index("outbound_message_by_appointment", "tenant", "appointment", "destination", "id"),
        Index(
            "outbound_message_open", "tenant", "destination", "id", postgresql_where=text("open")
        ),
        Index("outbound_message_lane", *lane, postgresql_where=text("open")),
        Index(
            "outbound_message_unjudged",
            "tenant",
            "id",
            postgresql_where=text("deviations IS NULL"),
        ),
    )
