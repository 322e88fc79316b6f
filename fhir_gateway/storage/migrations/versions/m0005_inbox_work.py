"""What people have done with a message that waited for them, and whose port it came in by."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0005_inbox_work.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    op.drop_index("inbox_waiting", "inbox")
    for name in ("port_sender", "attempts", "settled_at", "settled_as", "note"):
        op.drop_column("inbox", name)
