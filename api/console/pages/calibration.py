"""The page at which a technician calibrates one camera."""

import base64
from dataclasses import replace
from typing import Any

from nicegui import run, ui

from api.console.clean_picture import clean_pictures
from api.console.frame import frame
from api.console.markup import render
from api.console.pages.calibration_bench import PageBench
from api.console.pages.calibration_look import LookPanel
from api.console.pages.calibration_saving import SavePanel, VersionsPanel
from api.console.pages.calibration_side import ReferencesPanel, TrialPanel
from api.console.pages.not_found import show_not_found
from api.console.pages.renewal import RenewalPanel
from api.console.pieces import Piece
from api.console.view_models.calibration import (
    containers_at,
    editor_zones,
    refusal_text,
    scales_of,
    trial_marks,
    trial_rows,
    version_rows,
    zones_of,
)
from api.console.visit import Visit
from api.console.zone_editor import ZoneEditor
from domain.calibration import (
    BadZoneError,
    CalibrationVersion,
    CameraCalibration,
    StaleCalibrationError,
    UnknownCameraError,
    check_zones,
)
from domain.checks import InvalidValueError
from domain.devices import Camera, ReferencePicture, Zone
from domain.ports.calibration_store import CalibrationStore
from domain.ports.camera_bench import BenchError, Trial


async def show_calibration(visit: Visit, camera_id: str) -> None:
    """Build the page of one camera; its session at the bench ends with the page."""
    parts = visit.console.parts
    situation = await visit.console.feed.situation()
    camera = situation.registry.cameras.get(camera_id)
    if camera is None:
        show_not_found(visit, visit.words.say("not_found.place", place_id=camera_id))
        return
    if parts.calibrations is None or parts.bench is None:
        with frame(visit, visit.words.say("calibration", camera=camera_id)):
            Piece(tag="section", classes="panel").show(
                render("text", text=visit.words.say("calibration.off"))
            )
        return
    containers = containers_at(situation.registry.containers, camera.place_id)
    place = visit.words.name(situation.registry.places[camera.place_id].name)
    bench = PageBench(visit, camera, parts.calibrations, parts.bench)
    page = _CalibrationPage(visit, camera, parts.calibrations, bench)
    page.build(place, containers)
    await page.load()
    visit.client.on_delete(bench.close)
    visit.follow(lambda _: None)


class _CalibrationPage:
    def __init__(
        self, visit: Visit, camera: Camera, store: CalibrationStore, bench: PageBench
    ) -> None:
        self._visit, self._words, self._camera = visit, visit.words, camera
        self._store, self._bench = store, bench
        self._base = CameraCalibration(zones=())
        self._sent: Any = []
        self._tried = Trial(verdicts={}, stored_jpeg=None)

    def build(self, place: str, containers: tuple[str, ...]) -> None:
        """Build the panels; ``load`` fills them."""
        say = self._words.say
        self._containers = frozenset(containers)
        title = say("calibration", camera=self._camera.device_id)
        with frame(self._visit, title, wide=True):
            Piece(classes="page-title").show(
                render(
                    "calibration_title",
                    title=title,
                    back=say("calibration.back", place=place),
                    href=f"/place/{self._camera.place_id}",
                )
            )
            with ui.element("div").classes("two-columns calibration"):
                with ui.element("div").classes("stack"):
                    with ui.element("section").classes("panel step-draw"):
                        self._look_panel = LookPanel(
                            self._words,
                            on_look=self._look,
                            on_show=self._show,
                            is_busy=lambda: self._bench.busy or self._bench.closed,
                        )
                        self._build_editor(containers)
                    self._trial = TrialPanel(self._words, on_try=self._try, on_show=self._show)
                with ui.element("div").classes("stack"):
                    self._references = ReferencesPanel(
                        self._words, on_take=self._take_reference, on_threshold=self._find_threshold
                    )
                    self._saving = SavePanel(self._words, on_save=self._save)
                    if pictures := clean_pictures(self._visit.console.parts):
                        RenewalPanel(
                            self._visit,
                            pictures,
                            [self._camera],
                            note=say("renewal.note"),
                            on_done=self._renewed,
                        )
                    self._versions = VersionsPanel(self._words, on_restore=self._restore)

    def _build_editor(self, containers: tuple[str, ...]) -> None:
        Piece(classes="panel-head").show(
            render("panel_head", title=self._words.say("calibration.step_draw"), count=None)
        )
        with ui.element("div").props("role=status"):
            self._fault = Piece(classes="form-error zone-fault")
        self._editor = ZoneEditor(
            zones=(), containers=containers, words=self._words, on_change=self._drawn
        )

    async def load(self) -> None:
        """Show what is in force."""
        base = await run.io_bound(self._store.current, self._camera.device_id)
        if base is None:
            return
        self._use(base)
        await self._list_versions()

    def _use(self, calibration: CameraCalibration) -> None:
        self._base = calibration
        zones = editor_zones(calibration.zones)
        self._editor.load(zones)
        self._drawn([zone.as_json() for zone in zones])
        self._references.load(calibration)

    async def _list_versions(self) -> None:
        camera_id = self._camera.device_id
        found = await run.io_bound(self._store.versions, camera_id)
        # Not what this page began from: somebody else may have saved meanwhile.
        in_force = await run.io_bound(self._store.current, camera_id)
        if found is not None and in_force is not None:
            rows = version_rows(found, in_force, self._words, found_note="as found")
            self._versions.show(rows, found)

    def _drawn(self, sent: Any) -> None:  # noqa: ANN401  from a browser
        """Take what was drawn; what is wrong with it is said at once, and not only on saving."""
        self._sent = sent
        self._editor.show_scales(scales_of(sent))
        try:
            self._zones()
        except InvalidValueError as error:
            why = refusal_text(error, sent, self._words)
            self._fault.show(render("text", text=why))
        else:
            self._fault.show("")

    def _zones(self) -> tuple[Zone, ...]:
        zones = zones_of(self._sent, self._containers)
        check_zones(zones)
        return zones

    def _refusal(self, error: InvalidValueError) -> str:
        """Return why, and mark the zone that is meant."""
        if isinstance(error, BadZoneError):
            self._editor.choose(error.zone_id)
        return refusal_text(error, self._sent, self._words)

    def _draft(self) -> Camera:
        return replace(
            self._camera, zones=self._zones(), references=self._references.kept_references()
        )

    async def _look(self) -> None:
        try:
            picture = await self._bench.look()
        except BenchError as error:
            self._look_panel.complain(self._words.word(error.reason))
            return
        self._look_panel.show(self._bench.pictures)
        self._show(picture.number)

    async def _try(self) -> None:
        try:
            draft, fresh = self._draft(), self._references.fresh_references()
            trial = await self._bench.ask(lambda session: session.try_out(draft, fresh))
        except InvalidValueError as error:
            self._trial.complain(self._refusal(error))
        except BenchError as error:
            self._trial.complain(self._words.word(error.reason))
        else:
            rows = trial_rows(trial, draft.zones, self._words)
            self._trial.show(rows, _data_url(trial.stored_jpeg))
            self._tried = trial
            self._show(max(trial.verdicts))

    def _show(self, number: int) -> None:
        picture = next((one for one in self._bench.pictures if one.number == number), None)
        if picture is None:
            return
        self._references.shown = number
        self._look_panel.mark(number)
        self._editor.show_picture(_data_url(picture.jpeg))
        marks = trial_marks(self._tried, number)
        self._editor.show_marks(marks.boxes, marks.states)

    def _numbers(self) -> list[int]:
        return [picture.number for picture in self._bench.pictures]

    async def _take_reference(self, *, of_all: bool) -> bytes:
        shown = self._references.shown
        numbers = [number for number in self._numbers() if of_all or number == shown]
        return await self._bench.ask(lambda session: session.clean_picture(numbers))

    async def _find_threshold(self) -> None:
        numbers = self._numbers()
        try:
            draft = self._draft()
            found = await self._bench.ask(lambda session: session.threshold(draft, numbers))
        except InvalidValueError as error:
            self._references.complain_of_threshold(self._refusal(error))
        except BenchError as error:
            self._references.complain_of_threshold(self._words.word(error.reason))
        else:
            self._references.use_threshold(found)

    async def _save(self) -> None:
        try:
            zones = self._zones()
            references = await self._stored_references()
        except InvalidValueError as error:
            why = self._refusal(error)
            self._saving.refuse(self._words.say("calibration.refused", why=why))
        except OSError as error:
            self._saving.refuse(self._words.say("calibration.refused", why=str(error)))
        else:
            wanted = CameraCalibration(
                zones=zones, references=references, overflow=self._references.threshold
            )
            await self._put_in_force(wanted, self._saving.note)

    async def _stored_references(self) -> tuple[ReferencePicture, ...]:
        stored = list(self._references.kept_references())
        for light, jpeg in self._references.fresh_references().items():
            sha256 = await run.io_bound(self._store.put_reference, jpeg)
            if sha256 is not None:
                stored.append(ReferencePicture(lighting=light, sha256=sha256))
        return tuple(stored)

    async def _renewed(self, version: CalibrationVersion) -> None:
        """Go on from the renewed reference; what was drawn here stays."""
        renewed = replace(self._base, references=version.calibration.references)
        self._references.keep(renewed.references)
        # Where somebody else has saved too, this page is still refused as stale.
        if renewed == version.calibration:
            self._base = renewed
        await self._list_versions()

    async def _restore(self, calibration: CameraCalibration, number: int) -> None:
        note = self._words.say("calibration.restored_note", number=number)
        await self._put_in_force(calibration, note)

    async def _put_in_force(self, calibration: CameraCalibration, note: str) -> None:
        say = self._words.say
        parts, camera_id = self._visit.console.parts, self._camera.device_id
        try:
            version = await run.io_bound(
                lambda: self._store.save(
                    camera_id,
                    calibration,
                    saved_by=self._visit.role,
                    saved_at=parts.clock.now(),
                    note=note,
                    based_on=self._base,
                )
            )
        except StaleCalibrationError:
            self._saving.refuse(say("calibration.stale"))
            await self._list_versions()
        except InvalidValueError as error:
            self._saving.refuse(say("calibration.refused", why=self._refusal(error)))
        except (UnknownCameraError, OSError) as error:
            self._saving.refuse(say("calibration.refused", why=str(error)))
        else:
            if version is None:
                return
            self._use(calibration)
            self._saving.tell(version.number)
            await self._list_versions()


def _data_url(jpeg: bytes | None) -> str:
    """A picture that has no address: nothing can be asked for it, or keep it, but this page."""
    return "" if jpeg is None else "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
