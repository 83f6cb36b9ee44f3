"""The dashboards as Grafana reads them. Written by ``make dashboards``; never edited by hand."""

from pathlib import Path

PROVISIONED = Path(__file__).parent
"""The folder with one folder a language."""
