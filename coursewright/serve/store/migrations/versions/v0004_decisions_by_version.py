"""A decision on an item is about the versions that had been met by then."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("adjustment", sa.Column("versions", sa.JSON(), nullable=True))
