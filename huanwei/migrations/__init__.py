"""The history of the PostgreSQL schema, one revision after the other (Alembic)."""
