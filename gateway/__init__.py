"""Hears devices, decodes them, and keeps their records until ingest has them."""
