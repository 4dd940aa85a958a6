"""text messages: Chinese variables, delivery reports

Revision: 0002
Previous: 0001
"""

from migrations.steps import downgrade_with, upgrade_with

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    upgrade_with(revision)


def downgrade() -> None:
    downgrade_with(revision, down_revision)
