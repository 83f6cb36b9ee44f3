"""Problem classes: what can be wrong at a place, and what each class means for the case work."""

from enum import StrEnum


class ProblemClass(StrEnum):
    """What can be wrong at a place."""

    BIN_OVERFLOW = "bin_overflow"
    EXPOSED_WASTE = "exposed_waste"
    BAGGED_WASTE_ON_GROUND = "bagged_waste_on_ground"
    SCATTERED_LITTER = "scattered_litter"
    NOT_SWEPT_AFTER_COLLECTION = "not_swept_after_collection"
    MISSED_COLLECTION = "missed_collection"
    BURNING_WASTE = "burning_waste"
    FACILITY_DAMAGE = "facility_damage"
    OPENING_FACES_ROAD = "opening_faces_road"


GROUND_CLASSES = frozenset(
    {
        ProblemClass.EXPOSED_WASTE,
        ProblemClass.BAGGED_WASTE_ON_GROUND,
        ProblemClass.SCATTERED_LITTER,
        ProblemClass.NOT_SWEPT_AFTER_COLLECTION,
    }
)
"""Classes that a look at the ground can confirm or clear."""

COLLECTING_UNIT_CLASSES = frozenset(
    {ProblemClass.NOT_SWEPT_AFTER_COLLECTION, ProblemClass.MISSED_COLLECTION}
)
"""Classes for which the collecting unit answers, not the unit of the place."""
