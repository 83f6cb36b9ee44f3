"""``huanwei config check`` and ``huanwei doctor``: is it right, and what is to be done."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import structlog
import typer

from huanwei.commands.options import IN_THE_WAY, JsonOption, SettingsOption
from huanwei.doctor.findings import Language, State

config_app = typer.Typer(no_args_is_help=True, help="The settings.")

_MARKS = {State.OK: "ok      ", State.WARNING: "look    ", State.WRONG: "WRONG   "}


@config_app.callback()
def config() -> None:
    """Keep `check` a command of its own, though it is the only one."""


@config_app.command()
def check(settings: SettingsOption = Path("huanwei.toml")) -> None:
    """Say whether the settings can be used; every fault with its file and key, exit code 2."""
    from huanwei.broker.address import broker_tls  # noqa: PLC0415  keeps `huanwei version` quick
    from huanwei.settings import SettingsError, load_settings  # noqa: PLC0415
    from wire.tls import UnusableTlsFilesError  # noqa: PLC0415

    tls = broker_tls(load_settings(settings).broker)
    if tls is not None:
        try:
            tls.context()
        except UnusableTlsFilesError as error:
            msg = f"{settings}: broker: {error}"
            raise SettingsError(msg) from None
    typer.echo(f"{settings}: the settings can be used.")


def doctor(
    settings: SettingsOption = Path("huanwei.toml"),
    language: Annotated[Language, typer.Option(help="In which words.")] = Language.EN,
    *,
    as_json: JsonOption = False,
) -> None:
    """Say in plain words what is missing or wrong in a run and what to do; then exit code 1."""
    from huanwei.doctor.examination import examine  # noqa: PLC0415  as above
    from huanwei.settings import load_settings  # noqa: PLC0415

    found = []
    with _without_log_lines():
        for finding in examine(load_settings(settings), settings):
            found.append(finding)
            if not as_json:
                typer.echo(f"{_MARKS[finding.state]}{finding.text(language)}")
    if as_json:
        rows = [{**asdict(each), "text": each.text(language)} for each in found]
        typer.echo(json.dumps(rows, ensure_ascii=False))
    if any(each.state is State.WRONG for each in found):
        raise typer.Exit(IN_THE_WAY)


@contextmanager
def _without_log_lines() -> Iterator[None]:
    """Keep the log lines of clients, which repeat what a finding says, out of the answer."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
