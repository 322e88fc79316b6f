"""Appointments are found and sorted by the total of their score."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0008_score.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    op.drop_index("appointment_by_p_score")
    op.drop_column("appointment", "p_score")
    op.drop_column("appointment", "p_score_high")
