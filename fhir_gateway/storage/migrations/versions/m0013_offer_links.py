"""Freed times and offers as they are counted, one-time links, messages that wait for a channel."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0013_offer_links.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    for table in ("message", "offer_link", "offer", "freed_time"):
        op.drop_table(table)
