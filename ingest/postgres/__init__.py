"""The journal of a district: on PostgreSQL, written by one or several ingest workers."""
