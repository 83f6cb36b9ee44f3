"""A simulated district with real servers here, and the proof that its dashboards answer."""
