"""How long ingest keeps what it has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDays:
    """Days to keep the journal, readings (with emptyings and verdicts), rollups, and pictures.

    Rollups stay for five years: inspections look back that far. Readings that come later than
    ``readings`` days are left out, so that many at least should lie between device and centre.
    """

    journal: int = 14
    readings: int = 90
    rollups: int = 1_830
    pictures: int = 90
