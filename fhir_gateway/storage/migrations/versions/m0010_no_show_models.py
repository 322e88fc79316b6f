"""What has been learnt about no-shows, and how often each patient came."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0010_no_show_models.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    op.drop_table("patient_counter")
    op.drop_table("no_show_model")
