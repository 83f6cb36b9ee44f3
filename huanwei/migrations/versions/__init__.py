"""The revisions. Each is one transaction and names the one before it in ``down_revision``."""
