"""``python -m tests.benchmarks.vision_speed``: what one picture costs, in processor time.

A rendered street of 1280 x 720 with two bins and one ground polygon. Everything is included: the
header, decoding, health, alignment, difference, bins, masking and the encoded evidence.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import psutil

from domain.devices import Camera, Lighting
from tests.benchmarks.surroundings import print_surroundings
from tests.fakes.sample_pictures import (
    clean_scene,
    jpeg_of,
    street_camera,
    with_bag,
    with_heaped_bin,
)
from vision.bench_work import bin_crops
from vision.judging import CameraJudge
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.lite0 import lite0_onnx
from vision.lite0_file import SHIPPED_WEIGHTS, unpack_weights
from vision.movers import people_by_hog
from vision.overflow_network import (
    OpenCvNetwork,
    OverflowNetwork,
    load_network,
    shipped_network_head,
)
from vision.overflow_score import shipped_head
from vision.picture_input import decode_picture
from vision.quick_look import SETTLED_AFTER

WIDTH_PX, HEIGHT_PX = 1280, 720
WARMING_UP = SETTLED_AFTER
"""So many pictures first: references are prepared, and a quiet place settles."""


def street(number: int, *, busy: bool) -> bytes:
    """Return one snapshot: a grained street with sensor noise, in a busy one waste and a walker."""
    small = clean_scene()
    if busy:
        small = with_heaped_bin(with_bag(small))
    rng = np.random.default_rng(7)
    grain = cv2.GaussianBlur(rng.normal(0, 40, (HEIGHT_PX, WIDTH_PX)).astype(np.float32), (0, 0), 2)
    large = cv2.resize(small, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(number).normal(0, 2.5, large.shape)
    shown = np.clip(large + grain[..., None] + noise, 0, 255).astype(np.uint8)
    if busy:
        left = 500 + 37 * number % 600
        cv2.rectangle(shown, (left, 430), (left + 46, 600), (60, 70, 150), -1)
    return jpeg_of(shown, 85)


def two_bins() -> Camera:
    """Return the street's camera with a second bin."""
    camera = street_camera()
    second = replace(
        camera.zones[0],
        zone_id="bin-2",
        polygon=((0.60, 0.15), (0.75, 0.15), (0.75, 0.60), (0.60, 0.60)),
    )
    return replace(camera, zones=(*camera.zones, second))


def judge_with(reference: Picture, *, quick_looks: bool = False) -> CameraJudge:
    """Return a judge that has looked at nothing yet."""
    return CameraJudge(
        two_bins(),
        lambda _: {Lighting.DAY: reference},
        head=shipped_head(),
        quick_looks=quick_looks,
    )


def cpu_ms(work: Callable[[bytes], object], pictures: Sequence[bytes]) -> float:
    """Return the processor time of one picture, in milliseconds."""
    started_s = time.process_time()
    for picture in pictures:
        work(picture)
    return 1e3 * (time.process_time() - started_s) / len(pictures)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=60)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print_surroundings("What one picture of 1280 x 720 costs")
    quiet = [street(number, busy=False) for number in range(options.pictures)]
    busy = [street(number, busy=True) for number in range(options.pictures)]
    reference, hog = decode_picture(street(9999, busy=False)), people_by_hog()

    shipped = OverflowNetwork(load_network(), shipped_network_head())
    float32 = lite0_onnx(unpack_weights(SHIPPED_WEIGHTS.read_bytes()))
    usual = OverflowNetwork(OpenCvNetwork(float32, ""), shipped_network_head())

    crops = {raw: bin_crops(two_bins(), decode_picture(raw)) for raw in busy}

    def with_bins_shown_to(network: OverflowNetwork) -> Callable[[bytes], object]:
        """Both bins in every picture; watched, only those are that the strip leaves open."""
        judge = judge_with(reference)

        def look(raw: bytes) -> object:
            for crop in crops[raw]:
                network.crop_logit(crop)
            return judge.judge(raw)

        return look

    def with_hog(judge: CameraJudge) -> Callable[[bytes], object]:
        def look(raw: bytes) -> object:
            picture = bytes_of(cv2.resize(decode_picture(raw), (480, 270)))
            hog.movers_near(picture, ((190, 160, 18, 64),))
            return judge.judge(raw)

        return look

    rows: list[tuple[str, Callable[[bytes], object], list[bytes]]] = [
        ("plain JPEG decoding", decode_picture, busy),
        ("a quiet picture", judge_with(reference).judge, quiet),
        (
            "a quiet picture, quick looks, every fifteenth in full",
            judge_with(reference, quick_looks=True).judge,
            quiet,
        ),
        ("a busy picture: heap, bag, somebody walks", judge_with(reference).judge, busy),
        ("the same, HOG on every picture", with_hog(judge_with(reference)), busy),
        ("the same, both bins shown to the network each time", with_bins_shown_to(shipped), busy),
        (
            "the same, the network in float32, strip by strip by OpenCV",
            with_bins_shown_to(usual),
            busy,
        ),
    ]
    floor_ms = None
    print("what | processor time | pictures/s a core | times plain decoding\n--- | --- | --- | ---")
    for name, work, pictures in rows:
        for picture in pictures[:WARMING_UP]:
            work(picture)
        spent_ms = cpu_ms(work, pictures)
        floor_ms = floor_ms or spent_ms
        print(f"{name} | {spent_ms:.1f} ms | {1e3 / spent_ms:.0f} | {spent_ms / floor_ms:.1f}")
    rss_mb = psutil.Process().memory_info().rss / 1e6
    print(f"\nmemory of this process, the pictures of both rows included: {rss_mb:.0f} MB")


if __name__ == "__main__":
    main()
