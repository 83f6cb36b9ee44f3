"""The settings of a run: one TOML file, one file of secrets beside it, and the environment.

Environment variables win: ``HUANWEI_CENTRE__PORT=8080`` sets ``port`` in ``[centre]``. Unknown keys
and unsafe values are refused with the file and the key.
"""

from huanwei.settings.checked_values import SHORTEST_SECRET
from huanwei.settings.files import (
    SECRETS_NAME,
    Settings,
    SettingsError,
    load_settings,
    secrets_path_of,
)
from huanwei.settings.sections import (
    BrokerSection,
    CameraLoginSection,
    CentreSection,
    EdgeSection,
    GrafanaSection,
    InfluxSection,
    IngestSection,
    PostgresSection,
    RunSection,
    SimulatorSection,
)

__all__ = [
    "SECRETS_NAME",
    "SHORTEST_SECRET",
    "BrokerSection",
    "CameraLoginSection",
    "CentreSection",
    "EdgeSection",
    "GrafanaSection",
    "InfluxSection",
    "IngestSection",
    "PostgresSection",
    "RunSection",
    "Settings",
    "SettingsError",
    "SimulatorSection",
    "load_settings",
    "secrets_path_of",
]
