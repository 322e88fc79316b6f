"""Which types and columns do all tables share?"""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Text

#: Compared byte by byte, so that prefixes use the index and order is the same on every server.
PLAIN = Text(collation="C")
TIME = DateTime(timezone=True)


def keyed_tenant() -> Column[int]:
    """The tenant, as a part of the key."""
    return Column("tenant", Integer, ForeignKey("tenant.id"), primary_key=True)


def key(name: str) -> Column[str]:
    """A text, as a part of the key."""
    return Column(name, PLAIN, primary_key=True)


def told(name: str) -> Column[str]:
    """A text that is always there."""
    return Column(name, PLAIN, nullable=False)
