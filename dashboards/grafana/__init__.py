"""From definitions to Grafana's JSON: the only place that knows ``grafana_foundation_sdk``."""
