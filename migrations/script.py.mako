"""${message}

Revision: ${up_revision}
Previous: ${down_revision or 'none'}
"""

from migrations.steps import downgrade_with, upgrade_with

revision = "${up_revision}"
down_revision = ${("\"%s\"" % down_revision) if down_revision else None}
branch_labels = None
depends_on = None


def upgrade() -> None:
    upgrade_with(revision)


def downgrade() -> None:
    downgrade_with(revision, down_revision)
