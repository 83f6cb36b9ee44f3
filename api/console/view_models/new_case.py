"""What the form for a new case offers to choose from."""

from api.console.situation import Situation
from api.console.words import Words
from domain.cases import Case, CaseSource
from domain.problems import ProblemClass
from domain.registry import RegistrySnapshot

SOURCES = (
    CaseSource.TELEPHONE,
    CaseSource.CITIZEN,
    CaseSource.INSPECTION,
    CaseSource.SECRET_INSPECTION,
)
"""How a person's report can come in; sensors and cameras report by themselves."""


def place_choices(registry: RegistrySnapshot, words: Words) -> dict[str, str]:
    """Return a label for each place id; it holds all that one may search for."""
    labels = {}
    for place in registry.places.values():
        subdistrict = words.name(registry.subdistricts[place.subdistrict_id].name)
        labels[place.place_id] = words.joined((words.name(place.name), subdistrict, place.place_id))
    return dict(sorted(labels.items(), key=lambda item: item[1]))


def problem_choices(words: Words) -> dict[str, str]:
    """Return a label for each problem class."""
    return {str(problem): words.word(problem) for problem in ProblemClass}


def open_case_at(situation: Situation, place_id: str, problem: ProblemClass) -> Case | None:
    """Return the open case to which such a report would be added, or None."""
    cases = situation.cases_at.get(place_id, ())
    return next((case for case in cases if case.problem_class is problem), None)
