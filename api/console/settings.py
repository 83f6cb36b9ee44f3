"""What the composition root decides about the console."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """Settings of the console.

    ``storage_secret`` signs the session cookie. ``tile_url`` is a Leaflet tile address, such as
    ``https://t{s}.example.cn/{z}/{x}/{y}.png``; None shows the outlines only and asks no host for
    anything. ``grafana_url`` is how a browser reaches Grafana; None shows no links to it.
    ``warning_level`` and ``critical_level`` are the limits that the fill curve marks.
    ``poll_interval_s`` and ``latest_interval_s`` (technical seconds) say how often the one poller
    looks for changes of cases, and for newer measurements, while a page is open.
    """

    storage_secret: str
    tile_url: str | None = None
    tile_attribution: str = ""
    grafana_url: str | None = None
    warning_level: float = 0.80
    critical_level: float = 0.90
    poll_interval_s: float = 0.5
    latest_interval_s: float = 2.0
