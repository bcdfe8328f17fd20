"""Staff may have a second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # added in place: a batch would make the table anew on SQLite, which rows that refer to it forbid
    op.add_column("person", sa.Column("second_factor", sa.String(length=300), nullable=False, server_default=sa.text("''")))
    op.add_column("person", sa.Column("second_factor_step", sa.Integer(), nullable=False, server_default="0"))
