"""What the bench's process does: fetch, remember, judge by the judge that watches a district."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

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
    Request,
    Seen,
    Tried,
    TryOut,
)
from vision.encoding import encode_picture, fit_within
from vision.judging import CameraJudge
from vision.learned import LearnedFiles
from vision.limited_cv2 import Picture, bytes_of
from vision.overflow_calibration import TooFewNormalError, calibrated_threshold
from vision.overflow_network import OverflowNetwork, run_overflow_network, watching_network
from vision.overflow_score import shipped_head
from vision.picture_input import UnreadablePictureError, decode_picture
from vision.reference_folder import load_references
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

        network = self._watching_network() if self._use_network else None
        model = None if network is None else network.identity
        judge = CameraJudge(
            camera,
            bank,
            head=network or shipped_head(),
            learned=LearnedFiles(self._folder, camera.device_id, overflow_model=model).current,
        )
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


def median_picture(pictures: Sequence[Picture]) -> Picture:
    """Return the median of pictures of one size, pixel by pixel; of other sizes than the newest's
    none counts. Who is in less than half of them is gone.
    """
    alike = [picture for picture in pictures if picture.shape == pictures[-1].shape]
    if len(alike) == 1:
        return alike[0]
    result = np.empty_like(alike[0])
    # In strips: numpy's median makes copies of eight bytes a value.
    for top in range(0, result.shape[0], 64):
        strip = np.stack([picture[top : top + 64] for picture in alike])
        middle = len(alike) // 2
        result[top : top + 64] = np.partition(strip, middle, axis=0)[middle]
    return result


def bin_crops(camera: Camera, picture: Picture) -> list[Picture]:
    """Return the crop of every bin zone, at the size that the judge shows to the network."""
    size = work_size(picture.shape[1], picture.shape[0])
    small = picture
    if size != (picture.shape[1], picture.shape[0]):
        small = fit_within(picture, max(size))
    masks = zone_masks(camera, small.shape[1], small.shape[0])
    return [bytes_of(small[bin_zone.crop.slices]) for bin_zone in masks.bins]
