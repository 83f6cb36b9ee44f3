"""What ingest asks of its stores, named by role."""
