"""What was stored before is found by composite parameters."""

from alembic import op

from fhir_gateway.storage.reindexing import reindex

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reindex(op.get_bind(), ("PlanDefinition", "Measure", "Group"))


def downgrade() -> None:
    """Nobody looks for what the index has beside the rest."""
