"""``huanwei simulate``: a district in virtual time, as fast as the machine allows."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.progress import Progress

from firmware_sim.district import build_district
from firmware_sim.ledger import LedgerFile
from firmware_sim.simulate import simulate
from firmware_sim.world import World
from huanwei.business_clock import demo_start
from huanwei.run_files import LEDGER

_A_WORKING_DAY = datetime(2026, 3, 6, 0, 0, tzinfo=UTC)
"""Fixed, so that the same seed gives the same bytes on every day of the year."""


def simulate_to_ledger(
    folder: Path, *, hours: float, seed: int, show_progress: bool
) -> dict[str, str | int | float]:
    """Write ``ledger.jsonl`` into ``folder`` and return a summary.

    An existing ledger is not overwritten (FileExistsError).
    """
    path = folder / LEDGER
    if path.exists():
        msg = f"{path} is there already; choose another folder"
        raise FileExistsError(msg)
    district = build_district(seed, simulator_url="http://127.0.0.1:8010", gateway_id="gw-demo")
    world = World(district, started_at=demo_start(_A_WORKING_DAY))
    ledger = LedgerFile(path)
    began_s = time.monotonic()
    try:
        with Progress(disable=not show_progress) as progress:
            task = progress.add_task(f"{hours:g} hours", total=1.0)
            summary = simulate(
                world,
                duration=timedelta(hours=hours),
                ledger=ledger,
                on_progress=lambda share: progress.update(task, completed=share),
            )
    finally:
        ledger.close()
    return {
        "ledger": str(path),
        "until": summary.until.isoformat(),
        "sent": summary.sent,
        "withheld": summary.withheld,
        "truth_changes": summary.truth_changes,
        "took_s": round(time.monotonic() - began_s, 2),
    }
