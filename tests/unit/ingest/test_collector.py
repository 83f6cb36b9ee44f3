import gc

from ingest.collector import CalmCollector


def test_the_collector_looks_seldom_while_ingest_runs_and_as_before_after_it() -> None:
    before = gc.get_threshold()
    calm = CalmCollector()
    calm.start()
    try:
        assert gc.get_threshold()[0] > 10 * before[0]
        assert gc.get_freeze_count() > 0
    finally:
        calm.stop()
        calm.stop()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
