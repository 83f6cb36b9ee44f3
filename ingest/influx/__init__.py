"""InfluxDB 2 beside the embedded store: writers with cursors of their own, and queries."""
