"""The names of a run's files: one process writes each (docs/architecture.md)."""

SPOOL = "spool.db"
JOURNAL = "journal.db"
SERIES = "series.db"
CASES = "cases.db"
PICTURES = "pictures"
LEDGER = "ledger.jsonl"
