"""The posts of the last minute to each web hook (``cases.db`` version 3)."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    """Add to the schema ``cases``. Times are microseconds since 1970, UTC."""
    op.execute("SET LOCAL search_path TO cases")
    op.create_table(
        "address_posts",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def downgrade() -> None:
    """Nothing goes back: a database is put back from its backup."""
    raise NotImplementedError
