"""The median of pictures, in which who walks by is gone."""

from collections.abc import Sequence

import numpy as np

from vision.limited_cv2 import Picture


def median_picture(pictures: Sequence[Picture]) -> Picture:
    """Return the median of pictures of one size, pixel by pixel; of other sizes than the newest's
    none counts. Who is in less than half of them is gone.
    """
    alike = [picture for picture in pictures if picture.shape == pictures[-1].shape]
    if len(alike) == 1:
        return alike[0]
    result = np.empty_like(alike[0])
    # Of an even number both in the middle count: either alone would be the darker or the brighter
    # half's, and rain on half of the pictures would stay in the result.
    upper = len(alike) // 2
    lower = (len(alike) - 1) // 2
    # In strips: numpy's median makes copies of eight bytes a value.
    for top in range(0, result.shape[0], 64):
        strip = np.stack([picture[top : top + 64] for picture in alike])
        ordered = np.partition(strip, (lower, upper), axis=0)
        between = ordered[lower].astype(np.uint16) + ordered[upper]
        result[top : top + 64] = between >> 1
    return result
