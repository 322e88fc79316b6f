"""Which tables does the waitlist need, beside the Appointments and Tasks that are its records?

Source: engines.md section 4; reliability-security.md section 7; row W12.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    text,
)

from fhir_gateway.storage.columns import TIME, key, keyed_tenant, told


def add_waitlist(metadata: MetaData) -> None:
    """Declare the tables of the waitlist.

    Args:
        metadata: Where all others are declared.
    """
    # Each freed time with what became of it; counted by service.
    Table(
        "freed_time",
        metadata,
        keyed_tenant(),
        key("task"),
        told("service"),
        Column("freed_at", TIME, nullable=False),
        Column("starts", TIME, nullable=False),
        told("state"),
        Column("ended_at", TIME),
        CheckConstraint("state IN ('open', 'filled', 'unfilled', 'taken')", name="state_check"),
        Index("freed_time_by_time", "tenant", "freed_at"),
    )
    # Each offer with what became of it; counted by channel, and learnt from.
    Table(
        "offer",
        metadata,
        keyed_tenant(),
        key("id"),
        told("task"),
        told("channel"),
        Column("messages", Integer, nullable=False),
        Column("bucket", Integer, nullable=False),
        Column("offered_at", TIME, nullable=False),
        Column("expires_at", TIME, nullable=False),
        told("outcome"),
        Column("ended_at", TIME),
        CheckConstraint(
            "outcome IN ('open', 'accepted', 'declined', 'expired', 'superseded', 'withdrawn')",
            name="outcome_check",
        ),
        Index("offer_by_task", "tenant", "task"),
        Index("offer_by_likeness", "tenant", "bucket", "channel", "offered_at"),
    )
    # One-time links; of the token only a keyed hash.
    Table(
        "offer_link",
        metadata,
        keyed_tenant(),
        Column("hash", LargeBinary, primary_key=True),
        told("key_id"),
        told("purpose"),
        told("offer"),
        told("recipient"),
        Column("created_at", TIME, nullable=False),
        Column("expires_at", TIME, nullable=False),
        Column("used_at", TIME),
        CheckConstraint("purpose IN ('answer')", name="purpose_check"),
        Index("offer_link_by_offer", "tenant", "offer"),
    )
    # Communications that wait for their channel.
    Table(
        "message",
        metadata,
        keyed_tenant(),
        key("communication"),
        told("channel"),
        told("address"),
        told("offer"),
        Column("asks", Boolean, nullable=False),
        Column("due", TIME, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("leased_until", TIME),
        Index("message_by_due", "tenant", "due"),
        Index("message_by_offer", "tenant", "offer"),
    )
