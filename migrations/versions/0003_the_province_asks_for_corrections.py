"""the province asks for corrections of the directory

Revision: 0003
Previous: 0002
"""

from migrations.steps import downgrade_with, upgrade_with

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    upgrade_with(revision)


def downgrade() -> None:
    downgrade_with(revision, down_revision)
