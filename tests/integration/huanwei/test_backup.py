"""Backup and restore over real files of a run, without its processes."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from domain.devices import Lighting
from domain.records import Record
from huanwei.backup import MANIFEST, BadBackupError, back_up
from huanwei.errors import StandsInTheWayError
from huanwei.restore import check_backup, restore
from huanwei.settings import RunSection
from ingest.record_feed import SqliteRecordFeed
from ingest.series import SqliteSeries
from storage.lock_file import FileInUseError
from storage.picture_folder import PictureFolder
from storage.registry_file import load_registry, save_registry
from storage.sqlite import SqliteFile
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import batch, fill_record, sample_registry
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import ManualClock
from vision.figure_file import figures_path, forget_figures, read_figures, write_figures
from vision.standing_figures import LOOK_COLUMNS, LOOK_ROWS, StandingFigure


class Site:
    """The files of a run with a real journal, series, case file and pictures."""

    def __init__(self, folder: Path) -> None:
        self.run = RunSection(
            data=folder / "data",
            registry=folder / "registry.json",
            references=folder / "references",
        )
        self.run.data.mkdir(parents=True)
        save_registry(sample_registry(), self.run.registry)
        self.run.references.mkdir()
        (self.run.references / f"{'ab' * 32}.jpg").write_bytes(b"clean")
        self.pictures = PictureFolder(self.run.data / "pictures")
        self.first = self.pictures.put(b"first picture")
        self.sequence = 0
        self.open()

    def open(self) -> None:
        self.rig = IngestRig(self.run.data)
        self.series = SqliteSeries(self.run.data / "series.db")
        self.cases = SqliteFile(self.run.data / "cases.db")

    def close(self) -> None:
        self.cases.close()
        self.series.close()
        self.rig.feed.close()
        self.rig.journal.close()

    def receive(self, count: int = 1) -> None:
        """Take records into the journal, and at once into the series."""
        for _ in range(count):
            self.sequence += 1
            at = self.rig.clock.now() + timedelta(milliseconds=self.sequence)
            self.rig.receive(batch({self.sequence: fill_record(at=at)}))
            entries = self.rig.feed.read(after=self.series.cursor(), limit=100)
            self.series.append(stretch_of(entries))


def figure(number: int) -> StandingFigure:
    now = ManualClock().now()
    return StandingFigure(
        number=number,
        lighting=Lighting.DAY,
        frame=(0.1, 0.2, 0.3, 0.4),
        near=(0.0, 0.1, 0.5, 0.6),
        look=(7,) * (LOOK_ROWS * LOOK_COLUMNS * 3),
        first_seen=now,
        last_seen=now,
        last_asked=now,
        seen=30,
        asked=31,
    )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "site")
    yield site
    site.close()


def silent(_line: str) -> None:
    """Take a line of progress."""


def records(journal: Path) -> list[Record]:
    feed = SqliteRecordFeed(journal)
    found = [entry.record for entry in feed.read(after=0, limit=100_000)]
    feed.close()
    return found


def one(path: Path, query: str) -> object:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchone()[0]


def test_a_backup_is_one_moment_of_each_file_and_no_cursor_is_ahead_of_the_journal(
    site: Site, tmp_path: Path
) -> None:
    site.receive(20)
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            site.receive()

    writer = threading.Thread(target=load, name="load")
    writer.start()
    try:
        made = [back_up(site.run, tmp_path / f"backup-{n}", say=silent) for n in range(4)]
    finally:
        stop.set()
        writer.join()
    everything = records(site.run.data / "journal.db")
    for n, manifest in enumerate(made):
        folder = tmp_path / f"backup-{n}"
        held = records(folder / "journal.db")
        assert held == everything[: len(held)]
        assert len(held) == manifest.journal_position
        cursor = one(folder / "series.db", "SELECT position FROM cursors WHERE feed = 'journal'")
        assert cursor == one(folder / "series.db", "SELECT count(*) FROM fill")
        assert isinstance(cursor, int)
        assert cursor <= manifest.journal_position
        check_backup(folder)
    assert made[-1].journal_position < len(everything)


def test_a_restore_brings_everything_back_and_keeps_what_it_replaced(
    site: Site, tmp_path: Path
) -> None:
    site.receive(5)
    kept = records(site.run.data / "journal.db")
    back_up(site.run, tmp_path / "backup", say=silent)
    site.receive(3)
    second = site.pictures.put(b"second picture")
    registry = load_registry(site.run.registry)
    site.run.registry.unlink()
    (site.run.data / "pictures" / site.first[:2] / f"{site.first}.jpg").unlink()
    site.close()
    done = restore(tmp_path / "backup", site.run, say=silent)
    assert done.lost == 3
    assert records(site.run.data / "journal.db") == kept
    assert len(records(done.aside / "journal.db")) == 8
    assert site.pictures.get(site.first) == b"first picture"
    assert site.pictures.get(second) == b"second picture"
    assert load_registry(site.run.registry) == registry
    site.open()
    assert site.series.cursor() == 5
    assert not list(site.run.data.glob(".*restoring"))


def test_a_running_run_is_not_restored(site: Site, tmp_path: Path) -> None:
    site.receive(2)
    back_up(site.run, tmp_path / "backup", say=silent)
    site.receive()
    with pytest.raises(FileInUseError):
        restore(tmp_path / "backup", site.run, say=silent)
    assert len(records(site.run.data / "journal.db")) == 3


def test_a_cursor_from_after_the_backup_does_not_outlive_it(site: Site, tmp_path: Path) -> None:
    site.receive(2)
    back_up(site.run, tmp_path / "backup", say=silent)
    later = SqliteFile(site.run.data / "influx.db")
    later.connection.execute("CREATE TABLE cursors (position INTEGER)")
    later.close()
    site.close()
    done = restore(tmp_path / "backup", site.run, say=silent)
    assert not (site.run.data / "influx.db").exists()
    assert (done.aside / "influx.db").exists()
    site.open()


def test_a_log_left_by_a_kill_is_never_joined_to_a_restored_file(
    site: Site, tmp_path: Path
) -> None:
    site.receive(2)
    back_up(site.run, tmp_path / "backup", say=silent)
    site.receive(4)
    reader = sqlite3.connect(site.run.data / "journal.db")  # keeps the log from being folded in
    reader.execute("SELECT count(*) FROM runs").fetchone()
    site.close()
    assert restore(tmp_path / "backup", site.run, say=silent).lost == 4
    reader.close()
    assert len(records(site.run.data / "journal.db")) == 2
    site.open()


@pytest.mark.parametrize("name", ["journal.db", "series.db", "registry.json"])
def test_a_backup_that_has_changed_is_refused_before_anything_is_touched(
    site: Site, tmp_path: Path, name: str
) -> None:
    site.receive(2)
    back_up(site.run, tmp_path / "backup", say=silent)
    path = tmp_path / "backup" / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    site.receive()
    site.close()
    with pytest.raises(BadBackupError, match=name):
        restore(tmp_path / "backup", site.run, say=silent)
    assert len(records(site.run.data / "journal.db")) == 3
    site.open()


def test_a_damaged_file_is_not_backed_up_as_if_it_were_whole(site: Site, tmp_path: Path) -> None:
    site.receive(2)
    site.close()
    path = site.run.data / "series.db"
    raw = bytearray(path.read_bytes())
    raw[4096 * 3 : 4096 * 5] = b"\xff" * 8192
    path.write_bytes(raw)
    with pytest.raises(Exception, match=r"damaged|malformed"):
        back_up(site.run, tmp_path / "backup", say=silent)
    assert not list(tmp_path.glob("backup*"))
    path.unlink()
    site.open()


def test_a_backup_never_overwrites_another(site: Site, tmp_path: Path) -> None:
    site.receive()
    back_up(site.run, tmp_path / "backup", say=silent)
    with pytest.raises(StandsInTheWayError, match="there already"):
        back_up(site.run, tmp_path / "backup", say=silent)


def test_a_folder_that_is_no_backup_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(BadBackupError):
        check_backup(tmp_path)
    site.receive()
    back_up(site.run, tmp_path / "backup", say=silent)
    manifest = tmp_path / "backup" / MANIFEST
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(content | {"schema": 99}), encoding="utf-8")
    with pytest.raises(BadBackupError, match="99"):
        check_backup(tmp_path / "backup")


def test_what_cameras_learned_comes_back_as_it_was_backed_up(site: Site, tmp_path: Path) -> None:
    site.receive()
    folder = site.run.data / "figures"
    learned = {camera: (figure(1), figure(n)) for n, camera in ((2, "cam-01"), (3, "cam-02"))}
    for camera, figures in learned.items():
        write_figures(figures_path(folder, camera), figures)
    back_up(site.run, tmp_path / "backup", say=silent)
    assert forget_figures(folder, "cam-01", None) == 2
    figures_path(folder, "cam-02").unlink()
    write_figures(figures_path(folder, "cam-03"), (figure(9),))
    site.close()
    done = restore(tmp_path / "backup", site.run, say=silent)
    for camera, figures in learned.items():
        assert read_figures(figures_path(folder, camera)) == figures
    assert read_figures(figures_path(folder, "cam-03")) == (figure(9),)
    assert read_figures(figures_path(done.aside / "figures", "cam-01")) == ()
    assert figures_path(done.aside / "figures", "cam-01").exists()
    site.open()


def test_learned_figures_that_changed_in_a_backup_are_refused(site: Site, tmp_path: Path) -> None:
    site.receive()
    write_figures(figures_path(site.run.data / "figures", "cam-01"), (figure(1),))
    back_up(site.run, tmp_path / "backup", say=silent)
    write_figures(figures_path(tmp_path / "backup" / "figures", "cam-01"), ())
    with pytest.raises(BadBackupError, match=r"figures/cam-01\.json"):
        check_backup(tmp_path / "backup")


def test_a_backup_from_before_figures_were_in_it_leaves_what_was_learned(
    site: Site, tmp_path: Path
) -> None:
    site.receive(2)
    back_up(site.run, tmp_path / "backup", say=silent)
    manifest = tmp_path / "backup" / MANIFEST
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(content | {"schema": 1}), encoding="utf-8")
    path = figures_path(site.run.data / "figures", "cam-01")
    write_figures(path, (figure(1),))
    site.close()
    restore(tmp_path / "backup", site.run, say=silent)
    assert read_figures(path) == (figure(1),)
    site.open()


def test_replaced_files_of_one_name_are_all_kept_aside(site: Site, tmp_path: Path) -> None:
    site.receive()
    versions = [
        site.run.references / "calibrations" / camera / "000001.json" for camera in ("a-1", "b-1")
    ]
    learned = figures_path(site.run.data / "figures", "registry")
    for path in (*versions, learned):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"of {path.parent.name}", encoding="utf-8")
    back_up(site.run, tmp_path / "backup", say=silent)
    site.close()
    done = restore(tmp_path / "backup", site.run, say=silent)
    for path in versions:
        aside = done.aside / "references" / path.relative_to(site.run.references)
        assert aside.read_text(encoding="utf-8") == f"of {path.parent.name}"
    assert load_registry(done.aside / "registry.json") == load_registry(site.run.registry)
    site.open()


def test_a_file_that_belongs_nowhere_is_refused_before_anything_is_touched(
    site: Site, tmp_path: Path
) -> None:
    site.receive(2)
    back_up(site.run, tmp_path / "backup", say=silent)
    manifest = tmp_path / "backup" / MANIFEST
    content = json.loads(manifest.read_text(encoding="utf-8"))
    stranger = content["files"][-1] | {"name": "stranger.json"}
    (tmp_path / "backup" / content["files"][-1]["name"]).rename(tmp_path / "backup/stranger.json")
    content["files"][-1] = stranger
    manifest.write_text(json.dumps(content), encoding="utf-8")
    site.receive()
    site.close()
    with pytest.raises(BadBackupError, match=r"stranger\.json"):
        restore(tmp_path / "backup", site.run, say=silent)
    assert len(records(site.run.data / "journal.db")) == 3
    site.open()


def test_who_was_shown_live_pictures_is_in_a_backup_as_of_its_moment(
    site: Site, tmp_path: Path
) -> None:
    site.receive()
    looks = site.run.references / "calibrations" / "cam-01" / "looks.jsonl"
    looks.parent.mkdir(parents=True)
    looks.write_text("first\n", encoding="utf-8")
    back_up(site.run, tmp_path / "backup", say=silent)
    with looks.open("a", encoding="utf-8") as file:
        file.write("second\n")
    check_backup(tmp_path / "backup")
    site.close()
    done = restore(tmp_path / "backup", site.run, say=silent)
    assert looks.read_text(encoding="utf-8") == "first\n"
    aside = done.aside / "references" / looks.relative_to(site.run.references)
    assert aside.read_text(encoding="utf-8") == "first\nsecond\n"
    site.open()
