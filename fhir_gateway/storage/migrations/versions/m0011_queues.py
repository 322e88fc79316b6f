"""Queues, who stands in them, and what their hours added up to."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0011_queues.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    for name in ("queue_hour", "queue_entry", "queue"):
        op.drop_table(name)
