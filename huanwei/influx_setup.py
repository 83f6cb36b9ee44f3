"""``huanwei influx ...``: set-up by a plan, writing everything again, and what was refused."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from huanwei.clock_choice import business_clock
from huanwei.errors import StandsInTheWayError
from huanwei.influx import InfluxRun, address, bucket_names
from huanwei.run_files import INFLUX, INFLUX_BACKFILL
from huanwei.run_stores import registry_of
from huanwei.settings import (
    InfluxSection,
    Settings,
    SettingsError,
    load_settings,
    secrets_path_of,
)
from ingest.influx.backfill import BackfillStoppedError, backfill
from ingest.influx.deliveries import read_refused
from ingest.influx.server import InfluxAdministration, InfluxError
from ingest.influx.set_up import SetUpPlan, TokenRole, apply_set_up, plan_set_up, works

Say = Callable[[str], None]


def influx_section(settings: Settings) -> InfluxSection:
    """Return the section; raise :class:`SettingsError` where there is none."""
    if settings.influx is None:
        msg = "influx: no such section in the settings; it needs url and org (docs/influxdb.md)"
        raise SettingsError(msg)
    return settings.influx


def set_up(settings_path: Path, *, admin_token: str, yes: bool, say: Say) -> None:
    """Say what the server lacks and, with ``yes``, make it; new tokens go among the secrets.

    Raises ``StandsInTheWayError`` when the server does not answer or refuses the token.
    """
    section = influx_section(load_settings(settings_path))
    administration = InfluxAdministration(address(section, SecretStr(admin_token)))
    try:
        plan = plan_set_up(administration, bucket_names(section), held=_held(section))
        _say_plan(plan, say)
        if not plan.steps or not yes:
            if plan.steps:
                say("Nothing is done yet. To do it: the same command with --yes")
            return
        made = apply_set_up(administration, plan)
    except InfluxError as error:
        msg = f"{section.url}: {error}"
        raise StandsInTheWayError(msg) from error
    finally:
        administration.close()
    if made:
        secrets_path = secrets_path_of(settings_path)
        write_tokens(secrets_path, {role.value: token for role, token in made.items()})
        say(f"New tokens are in {secrets_path}; a running ingest takes them when started anew.")
    say("Done.")


def write_tokens(path: Path, tokens: dict[str, str]) -> None:
    """Put tokens into section ``[influx]`` of the secrets file; all else stays as it is.

    The file is replaced at once, readable by its owner alone.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before, header, rest = text.partition("[influx]\n")
    if not header:
        before = f"{text.rstrip()}\n\n" if text.strip() else ""
    section, begins, after = rest.partition("\n[")
    kept = [
        line
        for line in section.splitlines()
        if not any(re.match(rf"\s*{name}\s*=", line) for name in tokens)
    ]
    lines = [f'{name} = "{token}"' for name, token in tokens.items()] + kept
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.chmod(0o600)
    with new.open("w", encoding="utf-8") as file:
        file.write(before + "[influx]\n" + "\n".join(lines).rstrip() + "\n" + begins + after)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def write_again(settings_path: Path, *, say: Say) -> None:
    """Write all that is still in journal, changes and rollups; say how far it is.

    Raises ``StandsInTheWayError`` when the server closes its door.
    """
    settings = load_settings(settings_path)
    influx_section(settings)
    clock = business_clock(settings)
    run = InfluxRun(
        settings,
        influx_section(settings),
        file_name=INFLUX_BACKFILL,
        registry=registry_of(settings, clock),
        clock=clock,
        metrics=CollectorRegistry(),
        backfill=True,
    )
    try:
        run.service.open()
        backfill(run.service, lambda *progress: _say_progress(say, *progress))
    except BackfillStoppedError as error:
        msg = f"{influx_section(settings).url}: {error}; the same command goes on from here"
        raise StandsInTheWayError(msg) from error
    finally:
        run.stop()
    say("Done.")


def refused_rows(settings: Settings, *, limit: int) -> list[dict[str, str | int]]:
    """Return the points that are not in InfluxDB, newest first."""
    letters = [
        letter
        for name in (INFLUX, INFLUX_BACKFILL)
        for letter in read_refused(settings.run.data / name, limit=limit)
    ]
    letters.sort(key=lambda letter: letter.last_at, reverse=True)
    return [
        {
            "last_at": letter.last_at.isoformat(),
            "times": letter.times,
            "feed": letter.feed,
            "reason": str(letter.reason),
            "detail": letter.detail,
            "content": letter.content.decode("utf-8", "backslashreplace"),
        }
        for letter in letters[:limit]
    ]


def _held(section: InfluxSection) -> frozenset[TokenRole]:
    tokens = {TokenRole.WRITER: section.token, TokenRole.READER: section.read_token}
    names = bucket_names(section)
    return frozenset(
        role for role, token in tokens.items() if works(address(section, token), role, names)
    )


def _say_plan(plan: SetUpPlan, say: Say) -> None:
    if not plan.steps:
        say("Everything is as it should be.")
        return
    say("To do:")
    for step in plan.steps:
        say(f"  {step}")


def _say_progress(say: Say, feed: str, position: int, end: int) -> None:
    say(f"  {feed:<8} {position:>12,} of {end:,} ({position / end:.0%})")
