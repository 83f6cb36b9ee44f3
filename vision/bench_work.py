"""What the bench's process does: fetch, remember, judge by the judge that watches a district."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from domain.calibration import OverflowThreshold
from domain.devices import Camera, Lighting
from domain.ports.camera_bench import BenchRefusal
from domain.records import CameraHealth, SnapshotVerdicts
from vision.bench_messages import (
    Answer,
    CleanPicture,
    FindThreshold,
    Found,
    Look,
    Made,
    Refused,
    Renew,
    Renewed,
    Request,
    Seen,
    Tried,
    TryOut,
)
from vision.camera_setup import prepare_camera
from vision.encoding import encode_picture, fit_within
from vision.judging import CameraJudge
from vision.learned import LearnedFiles
from vision.limited_cv2 import Picture, bytes_of
from vision.median import median_picture
from vision.overflow_calibration import TooFewNormalError, calibrated_threshold
from vision.overflow_network import OverflowNetwork, run_overflow_network, watching_network
from vision.overflow_score import CropClassifier, shipped_head
from vision.picture_input import UnreadablePictureError, decode_picture
from vision.reference_folder import load_references
from vision.renewal import RenewalRefusedError, renewed_picture
from vision.snapshot_source import SnapshotSource, SnapshotUnavailableError
from vision.zones import work_size, zone_masks

MOST_PICTURES = 24
"""So many are on the bench at once: the twentieth normal crop is there with one bin in view."""

SHOWN_SIDE_PX = 1280


class BenchWork:
    """Pictures on the bench, in memory alone."""

    def __init__(
        self,
        *,
        camera: Camera,
        source: SnapshotSource,
        references_folder: Path,
        overflow_network: bool,
    ) -> None:
        self._camera = camera
        self._source = source
        self._folder = references_folder
        self._use_network = overflow_network
        self._network: OverflowNetwork | None = None
        self._raw: dict[int, bytes] = {}
        self._newest = 0

    def answer(self, request: Request) -> Answer:
        """Do what is asked; what cannot be done is refused with its reason."""
        match request:
            case Look():
                return self._look()
            case TryOut():
                return self._try_out(request.camera, request.references)
            case CleanPicture():
                return self._clean_picture(request.numbers)
            case FindThreshold():
                return self._find_threshold(request.camera, request.numbers)
            case Renew():
                return self._renew(request.camera)

    def _look(self) -> Answer:
        try:
            raw = self._source.fetch(self._camera)
            picture = decode_picture(raw)
        except SnapshotUnavailableError:
            return Refused(reason=BenchRefusal.UNREACHABLE)
        except UnreadablePictureError:
            return Refused(reason=BenchRefusal.UNREADABLE)
        self._newest += 1
        self._raw[self._newest] = raw
        while len(self._raw) > MOST_PICTURES:
            del self._raw[min(self._raw)]
        shown = encode_picture(fit_within(picture, SHOWN_SIDE_PX))
        return Seen(number=self._newest, jpeg=shown.jpeg)

    def _try_out(self, camera: Camera, references: Mapping[Lighting, bytes]) -> Answer:
        if not self._raw:
            return Refused(reason=BenchRefusal.NO_PICTURES)
        try:
            fresh = {light: decode_picture(jpeg) for light, jpeg in references.items()}
        except UnreadablePictureError:
            return Refused(reason=BenchRefusal.UNREADABLE)

        def bank(of: Camera) -> dict[Lighting, Picture]:
            return {**load_references(self._folder, of), **fresh}

        head, learned = self._head_and_learned(camera)
        judge = CameraJudge(camera, bank, head=head, learned=learned.current)
        verdicts: dict[int, SnapshotVerdicts] = {}
        stored: bytes | None = None
        for number, raw in self._raw.items():
            try:
                verdicts[number], stored = judge.judge(raw)
            except UnreadablePictureError:
                verdicts[number], stored = judge.fail(CameraHealth.UNREADABLE), None
        return Tried(verdicts=verdicts, stored_jpeg=stored)

    def _clean_picture(self, numbers: Sequence[int]) -> Answer:
        pictures = self._pictures(numbers)
        if not pictures:
            return Refused(reason=BenchRefusal.NO_PICTURES)
        return Made(jpeg=encode_picture(median_picture(pictures)).jpeg)

    def _find_threshold(self, camera: Camera, numbers: Sequence[int]) -> Answer:
        pictures = self._pictures(numbers)
        if not pictures:
            return Refused(reason=BenchRefusal.NO_PICTURES)
        network = self._overflow_network()
        logits = [
            network.crop_logit(crop) for picture in pictures for crop in bin_crops(camera, picture)
        ]
        try:
            threshold = calibrated_threshold(logits)
        except TooFewNormalError:
            return Refused(reason=BenchRefusal.TOO_FEW_CROPS)
        return Found(
            threshold=OverflowThreshold(
                logit=round(threshold, 4),
                normal_pictures=len(logits),
                network_sha256=network.identity,
            )
        )

    def _renew(self, camera: Camera) -> Answer:
        pictures = self._pictures(list(self._raw))
        if not pictures:
            return Refused(reason=BenchRefusal.NO_PICTURES)
        if any(one.shape != pictures[0].shape for one in pictures):
            return Refused(reason=BenchRefusal.UNHEALTHY)
        head, files = self._head_and_learned(camera)
        learned, references = files.current(), load_references(self._folder, camera)
        setup = prepare_camera(
            camera,
            references,
            width_px=pictures[0].shape[1],
            height_px=pictures[0].shape[0],
            head=head,
        )
        setup = replace(setup, normal_logit=learned.normal_logit, rejected=learned.rejected)
        try:
            renewed = renewed_picture(setup, references, pictures)
        except RenewalRefusedError as refused:
            return Refused(reason=refused.reason)
        return Renewed(lighting=renewed.lighting, jpeg=encode_picture(renewed.picture).jpeg)

    def _head_and_learned(self, camera: Camera) -> tuple[CropClassifier, LearnedFiles]:
        """Return what watches the district, and what this camera has learned for it."""
        network = self._watching_network() if self._use_network else None
        model = None if network is None else network.identity
        learned = LearnedFiles(self._folder, camera.device_id, overflow_model=model)
        return network or shipped_head(), learned

    def _pictures(self, numbers: Sequence[int]) -> list[Picture]:
        return [decode_picture(self._raw[number]) for number in numbers if number in self._raw]

    def _watching_network(self) -> OverflowNetwork | None:
        if self._network is None:
            self._network = watching_network(self._folder)
        return self._network

    def _overflow_network(self) -> OverflowNetwork:
        if self._network is None:
            self._network = run_overflow_network(self._folder)
        return self._network


def bin_crops(camera: Camera, picture: Picture) -> list[Picture]:
    """Return the crop of every bin zone, at the size that the judge shows to the network."""
    size = work_size(picture.shape[1], picture.shape[0])
    small = picture
    if size != (picture.shape[1], picture.shape[0]):
        small = fit_within(picture, max(size))
    masks = zone_masks(camera, small.shape[1], small.shape[0])
    return [bytes_of(small[bin_zone.crop.slices]) for bin_zone in masks.bins]
