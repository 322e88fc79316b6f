"""Messages that are kept and answered before they are applied."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0007_inbox_received.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    op.drop_index("inbox_lanes", "inbox")
    op.drop_constraint("inbox_state_check", "inbox")
    op.create_check_constraint(
        "inbox_state_check", "inbox", "state IN ('sent', 'filtered', 'error', 'refused')"
    )
    op.drop_column("inbox", "retry_at")
