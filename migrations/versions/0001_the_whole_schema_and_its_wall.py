"""the whole schema and its wall

Revision: 0001
Previous: none
"""

from migrations.steps import downgrade_with, upgrade_with

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    upgrade_with(revision)


def downgrade() -> None:
    downgrade_with(revision, down_revision)
