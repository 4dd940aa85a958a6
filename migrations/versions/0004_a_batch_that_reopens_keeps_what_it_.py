"""a batch that reopens keeps what it opened

Revision: 0004
Previous: 0003
"""

from migrations.steps import downgrade_with, upgrade_with

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    upgrade_with(revision)


def downgrade() -> None:
    downgrade_with(revision, down_revision)
