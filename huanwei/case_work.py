"""The case work of a run: with evaluation and delivery, or only the desk for people's orders."""

import random

from prometheus_client import CollectorRegistry

from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.crew_links import CrewLinks
from alerts.metrics import AlertMetrics
from alerts.notices import Notices
from alerts.notifiers.address_guard import AddressGuard
from alerts.notifiers.webhook import WebhookNotifier
from alerts.outbox import Channel
from alerts.service import AlertsService
from alerts.store import CaseStore
from domain.ports.clock import Clock
from domain.ports.record_feed import RecordFeed
from domain.ports.registry import Registry
from huanwei.held_secrets import held
from huanwei.settings import Settings
from texts.catalogue import Locale, load_catalogues


def crew_links(settings: Settings, clock: Clock) -> CrewLinks:
    """Return what signs and reads the links in messages to crews."""
    secret = held(settings.centre.signing_secret, "centre.signing_secret").get_secret_value()
    return CrewLinks(secret.encode("utf-8"), settings.centre.public_url, clock)


def alerts_service(
    settings: Settings,
    *,
    clock: Clock,
    registry: Registry,
    feed: RecordFeed,
    store: CaseStore,
    metrics: CollectorRegistry,
) -> AlertsService:
    """Return the service that follows the journal, keeps the cases and tells people."""
    return AlertsService(
        clock=clock,
        registry=registry,
        feed=feed,
        store=store,
        rules=settings.rules,
        notifiers={
            Channel.WEBHOOK: WebhookNotifier(guard=AddressGuard(settings.centre.webhook_networks))
        },
        crew_links=crew_links(settings, clock),
        posts_per_minute=settings.centre.webhook_posts_per_minute,
        catalogue=load_catalogues(),
        metrics=AlertMetrics(metrics),
        rng=random.Random(),  # noqa: S311  spreads retries, no secret
    )


def desk_alone(
    settings: Settings, *, clock: Clock, registry: Registry, store: CaseStore
) -> CaseDesk:
    """Return the desk for a process that only takes orders; their messages go out elsewhere."""
    notices = Notices(
        catalogue=load_catalogues(), locale=Locale.ZH_CN, crew_links=crew_links(settings, clock)
    )
    workshop = CaseWorkshop(
        store, clock=clock, registry=registry, rules=settings.rules, notices=notices
    )
    return CaseDesk(workshop)
