"""Messages that people have corrected, and messages that wait for a word of the application."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0016_corrections.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    op.execute("UPDATE inbox SET settled_as = 'skipped' WHERE settled_as = 'corrected'")
    op.drop_constraint("inbox_settled_check", "inbox")
    op.create_check_constraint(
        "inbox_settled_check", "inbox", "settled_as IN ('replayed', 'skipped')"
    )
    op.drop_column("inbox", "settled_by")
    op.drop_column("inbox", "corrects")
    op.execute("UPDATE outbound_message SET state = 'sent' WHERE state = 'committed'")
    op.drop_column("outbound_message", "confirms")
    for name, check in (
        ("state", "state IN ('queued', 'sent', 'accepted', 'rejected', 'dead', 'skipped')"),
        ("open", "open = (state IN ('queued', 'sent', 'rejected', 'dead'))"),
    ):
        op.drop_constraint(f"outbound_message_{name}_check", "outbound_message")
        op.create_check_constraint(f"outbound_message_{name}_check", "outbound_message", check)
