"""What is counted of each day, and what has changed since."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FUNCTIONS = (
    "appointment_is_to_be_counted", "slot_is_to_be_counted", "encounter_is_to_be_counted",
    "all_is_to_be_counted", "counted_content_changes", "zone_of_tenant_changes",
)  # fmt: skip


def upgrade() -> None:
    script = Path(__file__).with_name("m0012_scheduling_days.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    for each in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {each}() CASCADE")
    op.drop_table("scheduling_day")
    op.drop_table("scheduling_change")
