"""A whole run for system tests and drills: real processes, real broker, a clock the test may speed.

Every process can be killed and started again. The registry is small and made here: sensors
``bin-000`` ... at places ``place-000`` ..., one crew whose phone is the test's own web hook.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx

from domain.devices import Camera, FillSensor, SensorModel
from domain.places import (
    AreaKind,
    Crew,
    GeoPoint,
    Name,
    Place,
    PlaceKind,
    ResponsibleUnit,
    Subdistrict,
    UnitKind,
    WasteContainer,
)
from domain.registry import RegistrySnapshot
from huanwei.business_clock import Anchor, AnchoredClock, write_anchor
from huanwei.new_run import ANCHOR_NAME, write_settings
from huanwei.run_plan import broker_ports, prepared_broker
from huanwei.settings import load_settings
from storage.registry_file import save_registry
from tests import loopback
from tests.servers import free_ports

GATEWAY_ID = "gw-one"
DEPTH_MM, ABOVE_RIM_MM = 1000.0, 100.0


def distance_of(level: float) -> int:
    """Return the distance in millimetres that a sensor of this registry measures at a level."""
    return round(ABOVE_RIM_MM + DEPTH_MM * (1 - level))


def until(condition: Callable[[], bool], *, within_s: float, every_s: float = 0.05) -> bool:
    """Wait for a condition; say whether it came true."""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        threading.Event().wait(every_s)
    return condition()


def small_registry(
    places: int, *, webhook_url: str, cameras: Sequence[Camera] = ()
) -> RegistrySnapshot:
    """Return ``places`` collection points with one container and one sensor each."""
    unit = ResponsibleUnit(
        unit_id="unit-one", name=Name(zh="清河环卫所"), kind=UnitKind.SANITATION_COMPANY
    )
    crew = Crew(
        crew_id="crew-one", unit_id="unit-one", name=Name(zh="一班"), webhook_url=webhook_url
    )
    numbers = range(places)
    return RegistrySnapshot(
        version=1,
        district=Name(zh="测试区", en="Test district"),
        subdistricts={"sub-one": Subdistrict(subdistrict_id="sub-one", name=Name(zh="一街道"))},
        units={unit.unit_id: unit},
        crews={crew.crew_id: crew},
        places={f"place-{n:03}": _place(n) for n in numbers},
        containers={
            f"box-{n:03}": WasteContainer(
                container_id=f"box-{n:03}",
                place_id=f"place-{n:03}",
                depth_mm=DEPTH_MM,
                sensor_above_rim_mm=ABOVE_RIM_MM,
                capacity_l=240,
            )
            for n in numbers
        },
        sensors={
            f"bin-{n:03}": FillSensor(
                device_id=f"bin-{n:03}",
                place_id=f"place-{n:03}",
                container_id=f"box-{n:03}",
                gateway_id=GATEWAY_ID,
                model=SensorModel.HUANWEI_JSON,
                report_interval_s=300,
                dead_zone_mm=30,
            )
            for n in numbers
        },
        cameras={camera.device_id: camera for camera in cameras},
    )


def _place(number: int) -> Place:
    return Place(
        place_id=f"place-{number:03}",
        name=Name(zh=f"{number:03}号点"),
        kind=PlaceKind.COLLECTION_POINT,
        area_kind=AreaKind.BACK_ALLEY,
        subdistrict_id="sub-one",
        grid_cell_id="cell-one",
        location=GeoPoint(latitude_deg=36.0 + number / 1000, longitude_deg=117.0),
        unit_id="unit-one",
        collecting_unit_id="unit-one",
        crew_id="crew-one",
        collecting_crew_id="crew-one",
    )


class WholeRun:
    """The processes of one run on free ports, with their data in ``folder``.

    ``more_settings`` are tables of TOML that the settings get besides.
    """

    def __init__(
        self,
        folder: Path,
        registry: RegistrySnapshot,
        *,
        speed: float = 1.0,
        more_settings: str = "",
    ) -> None:
        self.folder = folder
        ports = free_ports(9)
        self.path = write_settings(
            folder,
            gateway_id=GATEWAY_ID,
            console_port=ports[0],
            simulator_port=ports[1],
            first_broker_port=ports[2],
        )
        text = self.path.read_text(encoding="utf-8")
        replaced = {
            f"administration_port = {ports[2] + 1}": f"administration_port = {ports[3]}",
            f"monitoring_port = {ports[2] + 2}": f"monitoring_port = {ports[4]}",
            "[edge]\n": f"[edge]\nhealth_port = {ports[5]}\n",
            "\n[centre]\n": (
                f"\n[centre]\nhealth_port = {ports[7]}\nalerts_health_port = {ports[8]}\n"
            ),
        }
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new, 1)
        text += f"\n[ingest]\nhealth_port = {ports[6]}\n{more_settings}"
        self.path.write_text(text, encoding="utf-8")
        now = datetime.now(UTC)
        write_anchor(
            folder / ANCHOR_NAME,
            Anchor(
                wall_s=now.timestamp(),
                virtual_s=(now - timedelta(days=3)).timestamp(),
                speed=speed,
            ),
        )
        self.settings = load_settings(self.path)
        self.clock = AnchoredClock(folder / ANCHOR_NAME)
        save_registry(registry, self.settings.run.registry)
        self.settings.run.references.mkdir(exist_ok=True)
        self._broker = prepared_broker(self.settings)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def console_url(self) -> str:
        """Where API, console and crew pages answer."""
        return self.settings.centre.public_url

    def start(self, *names: str) -> None:
        """Start processes (``broker``, or a role such as ``edge``) without waiting."""
        for name in names:
            logs = self.settings.run.logs
            logs.mkdir(exist_ok=True)
            with (logs / f"{name}.log").open("ab") as lines:
                self._processes[name] = subprocess.Popen(
                    self._command(name),
                    env={**os.environ, **self._broker.environment},
                    stdout=lines,
                    stderr=lines,
                )

    def wait_ready(self, *names: str, within_s: float = 30.0) -> None:
        """Wait until the processes say they are ready; fail with their last log lines."""
        for name in names:
            if not until(partial(self._is_ready, name), within_s=within_s):
                raise AssertionError(f"{name} is not ready:\n{self.log_of(name)[-3000:]}")

    def kill(self, name: str) -> None:
        """End a process as a crash does."""
        self._end(name, signal.SIGKILL)

    def end(self, name: str) -> None:
        """End a process in good order."""
        self._end(name, signal.SIGTERM)

    def pid_of(self, name: str) -> int:
        """Return the process id."""
        return self._processes[name].pid

    def exit_code_of(self, name: str, *, within_s: float) -> int:
        """Wait for a process that ends by itself; return its exit code."""
        return self._processes.pop(name).wait(within_s)

    def stop(self) -> None:
        """End all processes in good order."""
        for name in reversed(list(self._processes)):
            self._end(name, signal.SIGTERM)
        self._broker.store_lock.release()

    def counted(self, name: str, metric: str) -> float:
        """Return the sum of a metric over its labels, as the process tells it now."""
        text = loopback.get(f"http://127.0.0.1:{self._health_port(name)}/metrics").text
        values = [line.rsplit(" ", 1)[1] for line in text.splitlines() if _tells(line, metric)]
        assert f"# TYPE {metric} " in text, f"{name} tells no {metric}"
        return sum(map(float, values))

    def problems_of(self, name: str) -> dict[str, str]:
        """Return what keeps a process from being ready, by its own words; empty: it is ready."""
        try:
            answer = loopback.get(f"http://127.0.0.1:{self._health_port(name)}/readyz")
        except httpx.ConnectError:
            return {"process": "does not answer"}
        return dict(answer.json().get("missing", {})) if answer.status_code != 200 else {}

    def log_of(self, name: str) -> str:
        """Return what a process has logged."""
        return (self.settings.run.logs / f"{name}.log").read_text(encoding="utf-8")

    def _command(self, name: str) -> Sequence[str]:
        if name == "broker":
            return self._broker.command
        return (sys.executable, "-m", "huanwei.role", name, str(self.path), str(os.getpid()))

    def _health_port(self, name: str) -> int:
        settings = self.settings
        return {
            "broker": broker_ports(settings).monitoring,
            "edge": settings.edge.health_port,
            "ingest": settings.ingest.health_port,
            "centre": settings.centre.health_port,
            "alerts": settings.centre.alerts_health_port,
            "api": settings.centre.health_port,
        }[name]

    def _is_ready(self, name: str) -> bool:
        path = "healthz" if name == "broker" else "readyz"
        try:
            address = f"http://127.0.0.1:{self._health_port(name)}/{path}"
            return loopback.get(address, timeout_s=2).status_code == 200
        except httpx.HTTPError:
            return False

    def _end(self, name: str, how: signal.Signals) -> None:
        process = self._processes.pop(name, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{name} did not end:\n{self.log_of(name)[-3000:]}") from None


def _tells(line: str, metric: str) -> bool:
    return line.startswith((f"{metric} ", f"{metric}{{"))
