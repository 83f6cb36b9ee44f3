"""What the commands ask of a Grafana: push, diff, and a look at what is wrong with it."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashboards.definition import Source
from dashboards.files import bring_files
from dashboards.grafana_port import (
    GrafanaCredentialsError,
    GrafanaError,
    NotInGrafanaError,
)
from dashboards.pushing import Finding, Standing, WantedDashboard, compare
from dashboards.pushing import push as bring
from dashboards.server import GrafanaAddress, GrafanaServer
from dashboards.wanted import wanted_dashboards, wanted_files
from huanwei.errors import StandsInTheWayError
from huanwei.settings import GrafanaSection, Settings, SettingsError, load_settings

Say = Callable[[str], None]

MEANT_FOR = "12.4"
"""Later releases of Grafana have the InfluxDB data source no longer built in."""

_WORDS = {
    Standing.SAME: "as it should be",
    Standing.MISSING: "missing",
    Standing.OTHER: "other",
    Standing.IN_ANOTHER_FOLDER: "in another folder",
}
_MOST_PATHS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at; ``to_do`` is empty when all is well."""

    what: str
    found: str
    to_do: str = ""


def grafana_section(settings: Settings) -> GrafanaSection:
    """Return the section; raise :class:`SettingsError` where there is none."""
    if settings.grafana is None:
        msg = "grafana: no such section in the settings; it needs url (docs/grafana.md)"
        raise SettingsError(msg)
    return settings.grafana


def grafana_address(section: GrafanaSection) -> GrafanaAddress:
    """Return how to reach it; raise :class:`SettingsError` without a token or an account."""
    if not section.known_to_it:
        msg = (
            "grafana.token: missing; in Grafana: Administration, Service accounts, add one with"
            " the role Editor and a token, and put that into secrets.toml"
        )
        raise SettingsError(msg)
    return GrafanaAddress(
        url=section.url,
        token=section.token.get_secret_value(),
        user=section.user,
        password=section.password.get_secret_value(),
    )


def push(settings_path: Path, *, say: Say) -> None:
    """Write every dashboard that is not as it should be; read each back."""
    with _server(settings_path) as (server, settings):
        for finding in bring(server, _wanted(settings)):
            say(f"{finding.uid}: {_words(finding)}{_done(finding)}")


def diff(settings_path: Path, *, say: Say) -> bool:
    """Say how each dashboard stands; return whether all are as they should be."""
    with _server(settings_path) as (server, settings):
        findings = compare(server, _wanted(settings))
    for finding in findings:
        say(f"{finding.uid}: {_words(finding)}")
    return all(finding.standing is Standing.SAME for finding in findings)


def doctor(settings_path: Path, *, say: Say) -> bool:
    """Say what is well and what is not, and what to do; return whether all is well."""
    with _server(settings_path) as (server, settings):
        well = True
        for check in checks(server, _wanted(settings)):
            well = well and not check.to_do
            say(f"{'  ' if check.to_do else 'ok'}  {check.what}: {check.found}")
            if check.to_do:
                say(f"      {check.to_do}")
    return well


def write(settings_path: Path, folder: Path, *, say: Say) -> None:
    """Write the dashboards of this district as the files that Grafana's provisioning reads."""
    settings = load_settings(settings_path)
    wanted = wanted_files(console_url=console_url(settings), tile_url=settings.centre.map_tile_url)
    changed = bring_files(wanted, folder)
    say(f"{folder}: {len(wanted)} dashboards, {changed} of them written")
    say(f"Their links lead to {console_url(settings)}")


def console_url(settings: Settings) -> str:
    """Return where links on dashboards lead."""
    chosen = None if settings.grafana is None else settings.grafana.console_url
    return chosen or settings.centre.public_url


def _wanted(settings: Settings) -> list[WantedDashboard]:
    return wanted_dashboards(
        console_url=console_url(settings), tile_url=settings.centre.map_tile_url
    )


def checks(server: GrafanaServer, wanted: Sequence[WantedDashboard]) -> Iterator[Check]:
    """Look at one thing after the other; raise ``GrafanaOutageError`` when it is away.

    Without good credentials only the version is looked at.
    """
    yield _version(server.version())
    try:
        yield Check(what="credentials", found=f"of {server.organisation()}")
    except GrafanaCredentialsError as error:
        yield Check(what="credentials", found=str(error), to_do="put a valid token: grafana.token")
        return
    for source in Source:
        yield _data_source(server, source)
    for finding in compare(server, wanted):
        yield Check(what=finding.uid, found=_words(finding), to_do=_to_do(finding))


def _version(version: str) -> Check:
    meant = re.match(rf"{re.escape(MEANT_FOR)}(\.|$)", version) is not None
    to_do = "" if meant else f"these dashboards are meant for {MEANT_FOR} (docs/grafana.md)"
    return Check(what="version", found=version or "unknown", to_do=to_do)


def _data_source(server: GrafanaServer, source: Source) -> Check:
    what = f"data source {source}"
    try:
        health = server.data_source_health(source)
    except NotInGrafanaError:
        return Check(what=what, found="missing", to_do="provision it (docs/grafana.md)")
    except GrafanaCredentialsError as error:
        return Check(what=what, found=str(error), to_do="give the token's account the role Editor")
    to_do = "" if health.well else "see whether that server runs, and whether its token is valid"
    return Check(what=what, found=health.message or str(health.well), to_do=to_do)


@contextmanager
def _server(settings_path: Path) -> Iterator[tuple[GrafanaServer, Settings]]:
    settings = load_settings(settings_path)
    server = GrafanaServer(grafana_address(grafana_section(settings)))
    try:
        yield server, settings
    except GrafanaError as error:
        raise StandsInTheWayError(str(error)) from error
    finally:
        server.close()


def _words(finding: Finding) -> str:
    words = _WORDS[finding.standing]
    if finding.differing:
        words = f"{words} in {_shortened(finding.differing)}"
    return f"{words}, from a provisioning file" if finding.from_file else words


def _done(finding: Finding) -> str:
    if finding.standing is Standing.SAME:
        return ""
    return "; left as it is" if finding.from_file else "; written and read back"


def _to_do(finding: Finding) -> str:
    if finding.standing is Standing.SAME:
        return ""
    if finding.from_file:
        return (
            "give Grafana this release's files; the console's address stands in them, too"
            " (docs/grafana.md)"
        )
    return "huanwei grafana push"


def _shortened(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return ", ".join(paths[:_MOST_PATHS]) + more
