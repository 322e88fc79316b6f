"""Locations are found by where they are."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("m0009_near.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    op.drop_index("location_by_p_near")
    op.drop_column("location", "p_near")
    op.drop_column("location", "p_near_longitude")
