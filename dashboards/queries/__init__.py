"""Every query text of the dashboards: closed templates, values only from Grafana's variables."""
