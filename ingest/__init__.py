"""Judges records, keeps the journal, and writes the time series."""
