"""What the tests of the alerts part ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.alerts_rig import AlertsRig, open_alerts_rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlertsRig]:
    """The alerts part over a fresh file."""
    with open_alerts_rig(tmp_path) as opened:
        yield opened
