"""The dispatchers' dashboards: defined once, written as Grafana's JSON in every language."""
