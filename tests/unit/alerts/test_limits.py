from datetime import timedelta

from alerts.limits import AlertRules
from domain.problems import ProblemClass


def test_a_district_that_sets_one_time_limit_keeps_the_others() -> None:
    rules = AlertRules(time_limits={ProblemClass.BIN_OVERFLOW: timedelta(hours=1)})

    assert rules.time_limits[ProblemClass.BIN_OVERFLOW] == timedelta(hours=1)
    assert set(rules.time_limits) == set(ProblemClass)
