"""Which types do the columns of all tables share?"""

from sqlalchemy import DateTime, Text

#: Compared byte by byte, so that prefixes use the index and order is the same on every server.
PLAIN = Text(collation="C")
TIME = DateTime(timezone=True)
