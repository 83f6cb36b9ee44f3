import httpx
from prometheus_client import CollectorRegistry, Counter

from huanwei.health import HealthServer


def test_probes_tell_alive_ready_and_metrics_apart() -> None:
    metrics = CollectorRegistry()
    Counter("huanwei_test_things_total", "Things.", registry=metrics).inc(3)
    missing = {"broker": "not connected"}
    server = HealthServer(port=0, readiness=lambda: missing, metrics=metrics)
    server.start()
    url = f"http://127.0.0.1:{server.port}"
    try:
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
        not_ready = httpx.get(f"{url}/readyz")
        missing.clear()
        ready = httpx.get(f"{url}/readyz")
        assert httpx.get(f"{url}/elsewhere").status_code == 404
        assert "huanwei_test_things_total 3.0" in httpx.get(f"{url}/metrics").text
    finally:
        server.stop()

    assert (not_ready.status_code, ready.status_code) == (503, 200)
    assert not_ready.json()["missing"] == {"broker": "not connected"}
