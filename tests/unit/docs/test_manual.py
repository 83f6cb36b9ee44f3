"""Both manuals against the code: settings, commands, reasons, fields and examples."""

import json
import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_origin

import pytest
import typer
from pydantic import BaseModel, SecretStr

from alerts.limits import AlertRules
from alerts.notifier import Message
from alerts.notifiers.webhook import body_of
from alerts.outbox import NoticeLevel
from alerts.working_calendar import WorkingCalendar
from domain.devices import Camera, FillSensor, ReferencePicture, Zone
from domain.places import Crew, Place, ResponsibleUnit, Subdistrict, WasteContainer
from gateway.chirpstack import read_uplink
from gateway.codecs.milesight_em400_mud import F_PORT, decode_frame
from gateway.errors import RefusalReason as MessageRefusal
from huanwei.command_line import app
from huanwei.new_run import write_settings
from huanwei.settings import (
    CameraLoginSection,
    GrafanaSection,
    InfluxSection,
    PostgresSection,
    Settings,
    SimulatorSection,
    load_settings,
)
from ingest.reasons import RefusalReason as RecordRefusal
from wire.device_messages import decode_device_message

DOCS = Path(__file__).parents[3] / "docs"
MANUALS = {name: (DOCS / name).read_text("utf-8") for name in ("manual.md", "manual.zh-CN.md")}
WITHOUT_DEFAULT = {"required", "必填", "none", "无"}

both = pytest.mark.parametrize("manual", MANUALS.values(), ids=MANUALS.keys())


def tables(manual: str) -> dict[str, dict[str, str]]:
    """Return the tables under a heading made of code: first cell to second cell, by heading."""
    found: dict[str, dict[str, str]] = {}
    for part in re.split(r"^#### ", manual, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        rows = re.findall(r"^\| `([^`]+)` \| ([^|]*) \|", body.partition("\n### ")[0], re.MULTILINE)
        found[heading.strip("`")] = dict(rows)
    return found


def section_model(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401  a type
    """Return the model of a section, optional or not; None for sections of other kinds."""
    kinds = getattr(annotation, "__args__", (annotation,))
    models = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return next(models, None)


def heading_of(section: str) -> str:
    """Return how the manual names a section; of some there is one for each thing with an id."""
    by_id = get_origin(Settings.model_fields[section].annotation) is dict
    return f"[{section}.ID]" if by_id else f"[{section}]"


def settings_sections() -> dict[str, set[str]]:
    """Return the keys of every section of the settings, as TOML names them."""
    sections: dict[str, set[str]] = {}
    for name, field in Settings.model_fields.items():
        model = section_model(field.annotation)
        if model is not None:
            sections[heading_of(name)] = set(model.model_fields)
    sections["[rules]"] = {field.name for field in fields(AlertRules)} - {"time_limits", "calendar"}
    sections["[rules.time_limits]"] = {str(problem) for problem in AlertRules().time_limits}
    sections["[rules.calendar]"] = {field.name for field in fields(WorkingCalendar)}
    return sections


@both
def test_every_setting_is_in_the_manual_and_none_that_does_not_exist(manual: str) -> None:
    written = {name: set(rows) for name, rows in tables(manual).items() if name.startswith("[")}

    assert written == settings_sections()


@both
def test_the_defaults_in_the_manual_are_the_defaults(manual: str, tmp_path: Path) -> None:
    path = write_settings(tmp_path, gateway_id="gw-one")
    path.write_text('[edge]\ngateway_id = "gw-one"\n', "utf-8")
    plain = load_settings(path)
    lines = []
    for heading, rows in tables(manual).items():
        if heading.startswith("["):
            lines.append(heading.replace("ID]", "camera-1]"))
            lines += [
                f"{key} = {default.strip('`')}"
                for key, default in rows.items()
                if default not in WITHOUT_DEFAULT
            ]
            lines += ['gateway_id = "gw-one"'] if heading == "[edge]" else []
            lines += ['url = "http://x"', 'org = "x"'] if heading == "[influx]" else []
            lines += ['url = "http://x"'] if heading == "[grafana]" else []
            lines += ['user = "u"', 'password = "p"'] if heading == "[camera_logins.ID]" else []
            lines += ['url = "postgresql://u:p@h/d"'] if heading == "[postgres]" else []
    path.write_text("\n".join(lines), "utf-8")
    written = load_settings(path)

    optional = {
        "influx": InfluxSection(url="http://x", org="x"),
        "grafana": GrafanaSection(url="http://x"),
        "camera_logins": {
            "camera-1": CameraLoginSection(user="u", password=SecretStr("p"), digest=True)
        },
        "postgres": PostgresSection(url=SecretStr("postgresql://u:p@h/d")),
        "simulator": SimulatorSection(),
    }
    assert written == plain.model_copy(update=optional)


@both
def test_what_the_manual_calls_required_has_no_default(manual: str) -> None:
    for heading, rows in tables(manual).items():
        name = heading.strip("[]").removesuffix(".ID")
        field = Settings.model_fields.get(name)
        model = None if field is None else section_model(field.annotation)
        if model is None:
            continue
        required = {key for key, field in model.model_fields.items() if field.is_required()}
        assert {key for key, text in rows.items() if text in {"required", "必填"}} == required


def commands(command: Any, words: tuple[str, ...]) -> dict[str, set[str]]:  # noqa: ANN401  typer carries its own click
    inner: dict[str, Any] = getattr(command, "commands", {})
    if not inner:
        options = {option for p in command.params for option in p.opts if option[:2] == "--"}
        return {" ".join(words): options}
    return {
        name: options
        for word, one in inner.items()
        for name, options in commands(one, (*words, word)).items()
    }


@both
def test_every_command_is_in_the_manual_with_every_option(manual: str) -> None:
    rows = re.findall(r"^\| `(huanwei [^`]+)` \| (.*) \|$", manual, re.MULTILINE)
    written = {name: set(re.findall(r"`(--[a-z-]+)`", rest)) for name, rest in rows}

    there = commands(typer.main.get_command(app), ("huanwei",))
    assert {name: written.get(name) for name in there} == there


@both
def test_every_reason_to_refuse_is_in_the_manual(manual: str) -> None:
    refused, dead = (
        manual.partition("### 3.7")[2].partition("### 3.8")[0].split("| --- | --- |")[1:]
    )
    rows = re.compile(r"^\| `([a-z0-9_]+)` \| .{4,} \|$", re.MULTILINE)

    assert set(rows.findall(refused)) >= {str(reason) for reason in MessageRefusal}
    assert set(rows.findall(dead)) >= {str(reason) for reason in RecordRefusal}


@both
@pytest.mark.parametrize(
    ("heading", "entry"),
    [
        ("subdistricts", Subdistrict),
        ("units", ResponsibleUnit),
        ("crews", Crew),
        ("places", Place),
        ("containers", WasteContainer),
        ("sensors", FillSensor),
        ("cameras", Camera),
        ("zones", Zone),
        ("references", ReferencePicture),
    ],
)
def test_every_field_of_the_registry_is_in_the_manual(
    manual: str, heading: str, entry: type[object]
) -> None:
    assert is_dataclass(entry)
    body = manual.partition(f"#### `{heading}`\n")[2].partition("\n#")[0]

    written = set(re.findall(r"^\| `([a-z0-9_]+)` \|", body, re.MULTILINE))
    assert written == {field.name for field in fields(entry)}


def example(manual: str, name: str) -> bytes:
    (found,) = re.findall(rf"^```json {name}\n(.*?)^```", manual, re.MULTILINE | re.DOTALL)
    return str(found).encode()


@both
def test_the_example_of_an_own_device_is_a_message_we_take(manual: str) -> None:
    message = decode_device_message(example(manual, "own-device"))

    assert message.device_id == "sensor-example"
    assert message.observed_at == datetime(2026, 5, 5, 23, 30, tzinfo=UTC)
    assert message.distances_mm == (412, 415, 409, 413, 411)


@both
def test_the_example_of_chirpstack_is_an_uplink_we_take(manual: str) -> None:
    uplink = read_uplink(example(manual, "chirpstack"))
    frame = decode_frame(uplink.payload)

    assert uplink.f_port == F_PORT
    assert (frame.distance_mm, frame.temperature_c, frame.tilted) == (2116, 25.7, False)


@both
def test_the_example_of_the_web_hook_has_the_keys_we_send(manual: str) -> None:
    shown = json.loads(example(manual, "webhook"))
    sent = body_of(
        Message(
            message_id="m",
            key="k",
            case_id="case-one",
            recipient="crew-one",
            address="http://x",
            level=NoticeLevel.NEW,
            title="t",
            text="t",
            link="http://x",
            repeat=False,
            sent_at=datetime(2026, 5, 6, tzinfo=UTC),
        )
    )

    assert list(shown) == list(sent)
    assert [type(value) for value in shown.values()] == [type(value) for value in sent.values()]
    assert set(re.findall(r"`([a-z]+)`", manual)) >= {str(level) for level in NoticeLevel}


def test_both_manuals_have_the_same_tables() -> None:
    one, other = (tables(manual) for manual in MANUALS.values())

    assert {name: list(rows) for name, rows in one.items()} == {
        name: list(rows) for name, rows in other.items()
    }
