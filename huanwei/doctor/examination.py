"""All checks of a run, by its settings."""

from collections.abc import Iterator
from pathlib import Path

from huanwei.business_clock import SystemClock
from huanwei.doctor.case_checks import check_case_work
from huanwei.doctor.findings import Finding, State
from huanwei.doctor.local_checks import (
    check_disk,
    check_process,
    check_secrets,
    check_sqlite,
    judge_registry,
)
from huanwei.doctor.server_checks import (
    check_broker,
    check_broker_store,
    check_database,
    check_grafana,
    check_influx,
)
from huanwei.errors import StandsInTheWayError
from huanwei.run_plan import health_ports_of, roles_of
from huanwei.run_stores import postgres_url, registry_of
from huanwei.settings import Settings, secrets_path_of
from storage.registry_file import BadRegistryFileError


def examine(settings: Settings, settings_path: Path) -> Iterator[Finding]:
    """Yield what each check finds, as it is found. Changes nothing."""
    yield check_secrets(secrets_path_of(settings_path))
    yield check_disk(settings.run.data)
    yield check_sqlite()
    yield _registry(settings)
    yield check_broker(settings.broker, gateway_id=settings.edge.gateway_id)
    yield check_broker_store(settings.broker)
    url = postgres_url(settings)
    if url is not None:
        yield check_database(url)
    if settings.influx is not None:
        yield from check_influx(settings.influx, now=SystemClock().now())
    if settings.grafana is not None:
        yield check_grafana(settings.grafana.url)
    ports = health_ports_of(settings)
    for role in roles_of(settings):
        yield check_process(role, ports[role])
    yield from check_case_work(settings)


def _registry(settings: Settings) -> Finding:
    try:
        return judge_registry(registry_of(settings, SystemClock()).current())
    except (BadRegistryFileError, StandsInTheWayError, OSError) as error:
        values: dict[str, str | int] = {"reason": str(error)}
        return Finding(check="registry", state=State.WRONG, word="registry_bad", values=values)
