"""What is drawn and answered at the pages reaches an edge on another machine, by copied files."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from domain.calibration import CameraCalibration, OverflowThreshold
from domain.cases import Actor
from domain.devices import Camera, Lighting, ReferencePicture
from domain.problems import ProblemClass
from domain.records import VerdictState
from domain.reviews import Detection, DetectionKey, Review, ReviewAnswer
from firmware_sim.district import build_district
from storage.registry_editing import RegistryFileEditor
from storage.registry_file import RegistryFile, save_registry
from tests.fakes.memory_reviews import MemoryReviews
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera
from vision.calibration_folder import CalibrationFolder
from vision.learned import LearnedFiles, LearningReviews
from vision.reference_folder import load_references

DISTRICT = build_district(7, simulator_url="http://127.0.0.1:8010", gateway_id="gw-test").registry
CAMERA = next(iter(DISTRICT.cameras))
AT = datetime(2026, 3, 3, tzinfo=UTC)
MODEL = "b" * 64
ZONES = tuple(replace(zone, container_id=None) for zone in street_camera().zones)


class Pages:
    """The machine on which people calibrate and review."""

    def __init__(self, folder: Path) -> None:
        self.registry, self.references = folder / "registry.json", folder / "references"
        folder.mkdir()
        save_registry(DISTRICT, self.registry)
        self._calibrations = CalibrationFolder(
            folder=self.references,
            registry=RegistryFile(self.registry),
            editor=RegistryFileEditor(self.registry),
        )
        self.reviews = LearningReviews(MemoryReviews(), folder=self.references, now=lambda: AT)

    def calibrate(self) -> CameraCalibration:
        sha256 = self._calibrations.put_reference(jpeg_of(clean_scene()))
        wanted = CameraCalibration(
            zones=ZONES,
            references=(ReferencePicture(lighting=Lighting.DAY, sha256=sha256),),
            overflow=OverflowThreshold(logit=1.25, normal_pictures=24, network_sha256=MODEL),
        )
        self._calibrations.save(CAMERA, wanted, saved_by=Actor.OPERATOR, saved_at=AT)
        return wanted

    def remove_threshold(self) -> None:
        without = replace(self._calibrations.current(CAMERA), overflow=None)
        self._calibrations.save(CAMERA, without, saved_by=Actor.OPERATOR, saved_at=AT)


class Edge:
    """Another machine, with folders of its own; it reads only those."""

    def __init__(self, folder: Path) -> None:
        self._registry, self._references = folder / "registry.json", folder / "references"
        self._references.mkdir(parents=True)
        save_registry(DISTRICT, self._registry)
        self._followed = RegistryFile(self._registry)
        self.learned = LearnedFiles(self._references, CAMERA, overflow_model=MODEL)

    def bring(self, pages: Pages) -> None:
        """Copy as the manual says: the registry is taken first and put in place last."""
        aside = self._registry.with_suffix(".new")
        shutil.copy2(pages.registry, aside)
        shutil.copytree(pages.references, self._references, dirs_exist_ok=True)
        for ours in self._references.glob("*.calibration.json"):
            if not (pages.references / ours.name).exists():
                ours.unlink()
        aside.replace(self._registry)

    def camera(self) -> Camera:
        return self._followed.current().cameras[CAMERA]

    def lights(self) -> set[Lighting]:
        return set(load_references(self._references, self.camera()))


def test_a_calibration_and_answers_reach_an_edge_that_shares_no_folder_with_the_pages(
    tmp_path: Path,
) -> None:
    pages, edge = Pages(tmp_path / "pages"), Edge(tmp_path / "edge")
    before = edge.camera()
    drawn = pages.calibrate()
    assert edge.camera() == before, "nothing is shared"

    edge.bring(pages)
    assert (edge.camera().zones, edge.camera().references) == (drawn.zones, drawn.references)
    assert edge.lights() == {Lighting.DAY}
    assert edge.learned.current().normal_logit == 1.25

    key = DetectionKey(
        device_id=CAMERA,
        observed_at=AT,
        zone_id="ground",
        problem_class=ProblemClass.SCATTERED_LITTER,
    )
    seen = Detection(
        key=key,
        state=VerdictState.PRESENT,
        score=0.9,
        reasons=(),
        boxes=((0.1, 0.7, 0.1, 0.1),),
        zone_frame=(0.05, 0.55, 0.9, 0.43),
        picture_sha256="a" * 64,
    )
    pages.reviews.answer(
        Review(
            detection=seen,
            answer=ReviewAnswer.REJECTED,
            answered_by=Actor.DISPATCHER,
            answered_at=AT,
        )
    )
    pages.remove_threshold()
    edge.bring(pages)
    learned = edge.learned.current()
    assert [spot.frame for spot in learned.rejected] == [(0.1, 0.7, 0.1, 0.1)]
    assert learned.normal_logit is None
    pages.reviews.take_back(key, by=Actor.DISPATCHER, at=AT)
    edge.bring(pages)
    assert edge.learned.current().rejected == ()
