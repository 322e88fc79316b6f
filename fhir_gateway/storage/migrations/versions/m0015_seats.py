"""Several bookings may share a Slot that has seats; the guard lets nobody else in beside them."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_DOWN = """
ALTER TABLE busy DROP CONSTRAINT busy_guard;
DELETE FROM busy WHERE seats > 1;
ALTER TABLE busy DROP COLUMN share, DROP COLUMN seats_of, DROP COLUMN seats, DROP COLUMN seat;
ALTER TABLE busy ADD CONSTRAINT busy_guard EXCLUDE USING gist
  (int8range(actor_key, actor_key, '[]') WITH &&, during WITH &&) WHERE (active AND exclusive);
"""


def upgrade() -> None:
    script = Path(__file__).with_name("m0015_seats.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(_DOWN)
