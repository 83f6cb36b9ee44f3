"""The error of a database that is away, for those who handle it without knowing the database."""

from sqlalchemy.exc import SQLAlchemyError


class DatabaseUnavailableError(SQLAlchemyError):
    """The database cannot do this now (away, starting, full, busy too long). Try again later.

    The transaction was not committed, or its commit was not answered.
    """

    def __init__(self, finding: str) -> None:
        super().__init__(f"PostgreSQL is not available: {finding}")
