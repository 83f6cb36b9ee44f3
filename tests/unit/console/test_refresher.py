"""A page's refresh that fails is counted and tried again with the next news."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from nicegui import core
from prometheus_client import CollectorRegistry

from api.console.metrics import ConsoleMetrics
from api.console.visit import Refresher, Visit


def test_a_refresh_that_fails_is_counted_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = CollectorRegistry()
    visit = SimpleNamespace(
        client=SimpleNamespace(is_deleted=False),
        console=SimpleNamespace(metrics=ConsoleMetrics(counted)),
    )
    refreshed: list[int] = []

    async def refresh() -> None:
        refreshed.append(len(refreshed))
        if len(refreshed) == 1:
            msg = "the disk is gone"
            raise OSError(msg)

    async def run() -> None:
        # NiceGUI starts its tasks on the loop that its server would run on.
        monkeypatch.setattr(core, "loop", asyncio.get_running_loop())
        refresher = Refresher(cast("Visit", visit), refresh)
        refresher.ask()
        await asyncio.sleep(0.01)
        refresher.ask()
        await asyncio.sleep(0.01)

    asyncio.run(run())
    assert refreshed == [0, 1]
    labels = {"what": "refresh"}
    assert counted.get_sample_value("huanwei_console_failures_total", labels) == 1
