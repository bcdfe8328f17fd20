"""A certificate that was withdrawn may be followed by another: of those of a person one at most stands."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STANDS = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    # SQLite drops a constraint by making the table anew, which is allowed here: no row refers to a certificate
    named = {"uq": "%(table_name)s_%(column_0_name)s_key"}  # as PostgreSQL names what has no name
    with op.batch_alter_table("certificate", naming_convention=named) as certificate:
        certificate.drop_constraint("certificate_person_id_key", type_="unique")
    op.create_index("ix_certificate_person_id", "certificate", ["person_id"])
    op.create_index("one_standing_certificate", "certificate", ["person_id"], unique=True, sqlite_where=STANDS, postgresql_where=STANDS)
