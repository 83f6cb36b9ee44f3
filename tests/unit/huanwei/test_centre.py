from datetime import timedelta

from alerts.limits import AlertRules
from domain.device_health import DEFAULT_HEALTH_LIMITS
from huanwei.pages import health_limits


def test_pages_judge_devices_by_the_limits_that_alerts_fire_by() -> None:
    rules = AlertRules(
        silent_after_intervals=5, silent_at_least=timedelta(hours=2), battery_low_ratio=0.25
    )
    limits = health_limits(rules)
    assert limits.silent_after_intervals == 5
    assert limits.silent_after_at_least == timedelta(hours=2)
    assert limits.battery_low_ratio == 0.25


def test_where_nobody_has_set_limits_both_have_the_same() -> None:
    assert health_limits(AlertRules()) == DEFAULT_HEALTH_LIMITS
