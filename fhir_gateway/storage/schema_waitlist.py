"""Which tables does the waitlist need, beside the Appointments and Tasks that are its records?

Source: engines.md section 4; reliability-security.md section 7; row W12.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

_PLAIN = Text(collation="C")
_TIME = DateTime(timezone=True)


def _tenant() -> Column[int]:
    return Column("tenant", Integer, ForeignKey("tenant.id"), primary_key=True)


def _key(name: str) -> Column[str]:
    return Column(name, _PLAIN, primary_key=True)


def _text(name: str) -> Column[str]:
    return Column(name, _PLAIN, nullable=False)


def add_waitlist(metadata: MetaData) -> None:
    """Declare the tables of the waitlist.

    Args:
        metadata: Where all others are declared.
    """
    # Each freed time with what became of it; counted by service.
    Table(
        "freed_time",
        metadata,
        _tenant(),
        _key("task"),
        _text("service"),
        Column("freed_at", _TIME, nullable=False),
        Column("starts", _TIME, nullable=False),
        _text("state"),
        Column("ended_at", _TIME),
        CheckConstraint("state IN ('open', 'filled', 'unfilled', 'taken')", name="state_check"),
        Index("freed_time_by_time", "tenant", "freed_at"),
    )
    # Each offer with what became of it; counted by channel, and learnt from.
    Table(
        "offer",
        metadata,
        _tenant(),
        _key("id"),
        _text("task"),
        _text("channel"),
        Column("messages", Integer, nullable=False),
        Column("bucket", Integer, nullable=False),
        Column("offered_at", _TIME, nullable=False),
        Column("expires_at", _TIME, nullable=False),
        _text("outcome"),
        Column("ended_at", _TIME),
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
        _tenant(),
        Column("hash", LargeBinary, primary_key=True),
        _text("key_id"),
        _text("purpose"),
        _text("offer"),
        _text("recipient"),
        Column("created_at", _TIME, nullable=False),
        Column("expires_at", _TIME, nullable=False),
        Column("used_at", _TIME),
        CheckConstraint("purpose IN ('answer')", name="purpose_check"),
        Index("offer_link_by_offer", "tenant", "offer"),
    )
    # Communications that wait for their channel.
    Table(
        "message",
        metadata,
        _tenant(),
        _key("communication"),
        _text("channel"),
        _text("address"),
        _text("offer"),
        Column("asks", Boolean, nullable=False),
        Column("due", _TIME, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("leased_until", _TIME),
        Index("message_by_due", "tenant", "due"),
        Index("message_by_offer", "tenant", "offer"),
    )
