"""${message}

Revision: ${up_revision}
Previous: ${down_revision or 'none'}
"""

from migrations.steps import downgrade_with, upgrade_with

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    upgrade_with(revision)


def downgrade() -> None:
    downgrade_with(revision, down_revision)
