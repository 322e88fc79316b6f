"""Messages to other systems."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0006_dispatches.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    op.drop_table("outbound_message")
