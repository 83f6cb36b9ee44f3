"""The page at which a technician calibrates one camera."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from nicegui import run, ui

from api.console.frame import frame
from api.console.markup import render
from api.console.pages.calibration_side import ReferencesPanel, TrialPanel, VersionsPanel
from api.console.pages.not_found import show_not_found
from api.console.pieces import Piece
from api.console.view_models.calibration import (
    containers_at,
    editor_zones,
    trial_marks,
    trial_rows,
    version_rows,
    zones_of,
)
from api.console.visit import Visit
from api.console.zone_editor import ZoneEditor
from domain.calibration import (
    LONGEST_NOTE,
    CameraCalibration,
    StaleCalibrationError,
    UnknownCameraError,
    check_zones,
)
from domain.checks import InvalidValueError
from domain.devices import Camera, ReferencePicture, Zone
from domain.ports.calibration_store import CalibrationStore
from domain.ports.camera_bench import (
    BenchError,
    BenchPicture,
    BenchRefusal,
    BenchSession,
    CameraBench,
    Trial,
)

MOST_PICTURES = 24
"""As many as the bench keeps."""

_SESSION_IS_OVER = frozenset({BenchRefusal.ENDED, BenchRefusal.NO_PICTURES})
_LOOK_EVERY_S = 2.0
_T = TypeVar("_T")


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
    page = _CalibrationPage(visit, camera, parts.calibrations, parts.bench, containers, place)
    await page.load()
    visit.client.on_delete(page.close)
    visit.follow(lambda _: None)


class _CalibrationPage:
    def __init__(
        self,
        visit: Visit,
        camera: Camera,
        store: CalibrationStore,
        bench: CameraBench,
        containers: tuple[str, ...],
        place: str,
    ) -> None:
        self._visit, self._words, self._camera = visit, visit.words, camera
        self._store, self._bench = store, bench
        self._containers = frozenset(containers)
        self._session: BenchSession | None = None
        self._turn = asyncio.Lock()
        self._pictures: list[BenchPicture] = []
        self._base = CameraCalibration(zones=())
        self._sent: Any = []
        self._tried = Trial(verdicts={}, stored_jpeg=None)
        self._closed = False
        self._build(place, containers)

    def _build(self, place: str, containers: tuple[str, ...]) -> None:
        say = self._words.say
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
                with ui.element("section").classes("panel"):
                    self._build_look()
                    self._editor = ZoneEditor(
                        zones=(), containers=containers, words=self._words, on_change=self._drawn
                    )
                with ui.element("div").classes("stack"):
                    self._trial = TrialPanel(self._words, on_try=self._try, on_show=self._show)
                    self._references = ReferencesPanel(
                        self._words, on_take=self._take_reference, on_threshold=self._find_threshold
                    )
                    self._build_save()
                    self._versions = VersionsPanel(self._words, on_restore=self._restore)

    def _build_look(self) -> None:
        say = self._words.say
        Piece(classes="panel-head").show(
            render("form_head", title=say("calibration.step_look"), text=say("calibration.privacy"))
        )
        with ui.element("div").classes("bench-tools"):
            ui.button(say("calibration.look"), on_click=self._look).props(
                "no-caps unelevated color=primary"
            )
            self._keep = ui.checkbox(say("calibration.keep_looking"))
            self._count = Piece(classes="quiet")
        self._problem = Piece(classes="form-error")
        self._strip = ui.element("div").classes("trial-numbers")
        ui.timer(_LOOK_EVERY_S, self._look_if_wanted)
        Piece(classes="panel-head").show(
            render("panel_head", title=say("calibration.step_draw"), count=None)
        )

    def _build_save(self) -> None:
        say = self._words.say
        with ui.element("section").classes("panel form-panel"):
            Piece(classes="panel-head").show(
                render("panel_head", title=say("calibration.step_save"), count=None)
            )
            self._note = ui.input(say("calibration.note")).props(
                f"outlined dense maxlength={LONGEST_NOTE}"
            )
            ui.button(say("calibration.save"), on_click=self._save).props(
                "no-caps unelevated color=primary"
            )
            self._saved = Piece(classes="saved-note")

    async def load(self) -> None:
        """Show what is in force."""
        base = await run.io_bound(self._store.current, self._camera.device_id)
        if base is None:
            return
        self._use(base)
        await self._list_versions()

    def close(self) -> None:
        """End the session; its pictures are gone."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            # A picture may be on its way: never wait for it on the event loop.
            asyncio.get_running_loop().run_in_executor(None, session.close)

    def _use(self, calibration: CameraCalibration) -> None:
        self._base = calibration
        zones = editor_zones(calibration.zones)
        self._editor.load(zones)
        self._sent = [zone.as_json() for zone in zones]
        self._references.load(calibration)

    async def _list_versions(self) -> None:
        found = await run.io_bound(self._store.versions, self._camera.device_id)
        if found is not None:
            rows = version_rows(found, self._base, self._words, found_note="as found")
            self._versions.show(rows, found)

    def _drawn(self, sent: Any) -> None:  # noqa: ANN401  from a browser
        self._sent = sent

    def _zones(self) -> tuple[Zone, ...]:
        zones = zones_of(self._sent, self._containers)
        check_zones(zones)
        return zones

    def _draft(self) -> Camera:
        return replace(
            self._camera, zones=self._zones(), references=self._references.kept_references()
        )

    async def _look_if_wanted(self) -> None:
        if self._keep.value and not self._turn.locked() and not self._closed:
            await self._look()

    async def _look(self) -> None:
        picture = await self._at_bench(lambda session: session.look())
        if picture is None:
            self._keep.value = False
            return
        self._pictures = [*self._pictures, picture][-MOST_PICTURES:]
        self._count.show(
            render(
                "text",
                text=self._words.say(
                    "calibration.pictures", count=len(self._pictures), most=MOST_PICTURES
                ),
            )
        )
        self._list_pictures()
        self._show(picture.number)

    def _list_pictures(self) -> None:
        self._strip.clear()
        with self._strip:
            for picture in self._pictures:
                number = picture.number
                title = self._words.say("calibration.picture_number", number=number)
                ui.button(str(number), on_click=lambda _, number=number: self._show(number)).props(
                    f'flat dense no-caps padding="2px 8px" aria-label="{title}"'
                )

    async def _try(self) -> None:
        try:
            draft = self._draft()
        except InvalidValueError as error:
            self._complain(str(error))
            return
        fresh = self._references.fresh_references()
        trial = await self._at_bench(lambda session: session.try_out(draft, fresh))
        if trial is not None:
            self._trial.show(
                trial_rows(trial, draft.zones, self._words), _data_url(trial.stored_jpeg)
            )
            self._tried = trial
            self._show(max(trial.verdicts))

    def _show(self, number: int) -> None:
        picture = next((one for one in self._pictures if one.number == number), None)
        if picture is None:
            return
        self._references.shown = number
        self._editor.show_picture(_data_url(picture.jpeg))
        marks = trial_marks(self._tried, number)
        self._editor.show_marks(marks.boxes, marks.states)

    async def _take_reference(self, *, of_all: bool) -> bytes | None:
        numbers = [picture.number for picture in self._pictures]
        if not of_all:
            numbers = [number for number in numbers if number == self._references.shown]
        return await self._at_bench(lambda session: session.clean_picture(numbers))

    async def _find_threshold(self) -> None:
        try:
            draft = self._draft()
        except InvalidValueError as error:
            self._complain(str(error))
            return
        numbers = [picture.number for picture in self._pictures]
        found = await self._at_bench(lambda session: session.threshold(draft, numbers))
        if found is not None:
            self._references.use_threshold(found)

    async def _save(self) -> None:
        try:
            zones = self._zones()
        except InvalidValueError as error:
            self._refuse(self._words.say("calibration.refused", why=str(error)))
            return
        fresh = self._references.fresh_references()
        new = {
            light: await run.io_bound(self._store.put_reference, jpeg)
            for light, jpeg in fresh.items()
        }
        references = (
            *self._references.kept_references(),
            *(
                ReferencePicture(lighting=light, sha256=sha256)
                for light, sha256 in new.items()
                if sha256 is not None
            ),
        )
        await self._put_in_force(
            CameraCalibration(
                zones=zones, references=references, overflow=self._references.threshold
            ),
            str(self._note.value or "").strip(),
        )

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
            self._refuse(say("calibration.stale"))
        except (InvalidValueError, UnknownCameraError, OSError) as error:
            self._refuse(say("calibration.refused", why=str(error)))
        else:
            if version is None:
                return
            self._use(calibration)
            self._note.value = ""
            self._problem.show("")
            self._saved.show(render("text", text=say("calibration.saved", number=version.number)))
            await self._list_versions()

    async def _at_bench(self, ask: Callable[[BenchSession], _T]) -> _T | None:
        """Ask the bench, one thing at a time; what it refuses is shown, and None returned."""
        async with self._turn:
            try:
                session = self._session
                if session is None:
                    session = await run.io_bound(self._open)
                    if session is None or self._closed:
                        return None
                    self._session = session
                answer = await run.io_bound(ask, session)
            except BenchError as error:
                if error.reason in _SESSION_IS_OVER:
                    self._session, self._pictures = None, []
                self._complain(self._words.word(error.reason))
                return None
        self._problem.show("")
        return answer

    def _open(self) -> BenchSession:
        parts = self._visit.console.parts
        self._store.note_look(
            self._camera.device_id, looked_by=self._visit.role, looked_at=parts.clock.now()
        )
        session = self._bench.open(self._camera)
        if self._closed:
            session.close()
        return session

    def _complain(self, text: str) -> None:
        self._problem.show(render("text", text=text))

    def _refuse(self, text: str) -> None:
        self._saved.show("")
        self._complain(text)


def _data_url(jpeg: bytes | None) -> str:
    """A picture that has no address: nothing can be asked for it, or keep it, but this page."""
    return "" if jpeg is None else "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
