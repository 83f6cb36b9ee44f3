"""Proof photos: their fingerprints and what makes them doubtful (``cases.db`` version 2)."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    """Add to the schema ``cases``. Times are microseconds since 1970, UTC."""
    op.execute("SET LOCAL search_path TO cases")
    op.add_column(
        "cases", sa.Column("photo_doubts", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_table(
        "proof_photos",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "photo_doubts",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("doubt", sa.Text(), nullable=False),
        sa.Column("like_case_id", sa.Text()),
        sa.Column("like_sha256", sa.Text()),
        sa.Column("distance_m", sa.Integer()),
        sa.Column("early_min", sa.Integer()),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("photo_doubts_by_case", "photo_doubts", ["case_id", "number"])


def downgrade() -> None:
    """Nothing goes back: a database is put back from its backup."""
    raise NotImplementedError
