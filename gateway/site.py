"""The gateway of one site: all its parts put together, started and stopped as one."""

import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from domain.ports.clock import Clock
from domain.ports.registry import Registry
from domain.records import Record
from gateway.acceptance import Acceptance, AcceptanceLog
from gateway.committer import Committer
from gateway.device_door import INBOX_MESSAGES, Arrival, DeviceDoor, Source
from gateway.emptying import EmptyingRule
from gateway.errors import SpoolFailedError
from gateway.filling import FillingLimits
from gateway.forwarder import Forwarder
from gateway.intake import MessageIntake
from gateway.metrics import GatewayMetrics
from gateway.refusals import RefusalLog
from gateway.sources import read_chirpstack, read_own_device
from gateway.spool import SpoolLimits
from gateway.spool_file import SpoolFile
from gateway.sqlite_pictures import SqlitePictureSpool
from gateway.sqlite_spool import SqliteSpool
from wire.client import BrokerAddress, Message, MqttClient
from wire.paired_client import PairedClient
from wire.pictures import PictureMessage
from wire.topics import (
    CHIRPSTACK_FILTER,
    DEVICE_FILTER,
    ack_topic,
    chirpstack_probe_topic,
    device_probe_topic,
    hello_topic,
    shard_of,
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRules:
    """What a technician may set: how levels are judged, and how much may wait."""

    emptying: EmptyingRule = field(default_factory=EmptyingRule)
    filling: FillingLimits = field(default_factory=FillingLimits)
    spool: SpoolLimits = field(default_factory=SpoolLimits)


class SiteGateway:
    """Hears the site's devices, keeps their records, and brings them to ingest.

    When :attr:`failed` is set the spool cannot be trusted any more: end the process and start a
    new one. Opening takes the spool file: raises ``storage.lock_file.FileInUseError`` when another
    process has it, ``storage.sqlite.DamagedFileError`` when it is damaged.
    """

    def __init__(  # noqa: PLR0913  what a composition root has to say
        self,
        *,
        gateway_id: str,
        clock: Clock,
        registry: Registry,
        spool_path: Path,
        broker: BrokerAddress,
        metrics: GatewayMetrics,
        acceptance_log: Path | None = None,
        rules: GatewayRules | None = None,
    ) -> None:
        rules = rules or GatewayRules()
        self._gateway_id = gateway_id
        self._clock = clock
        self._registry = registry
        self._metrics = metrics
        self._broker = broker
        self.failed = threading.Event()
        self._failure = ""
        self._dropping_pictures = False
        self._file = SpoolFile(spool_path)
        self._spool = SqliteSpool(self._file, rules.spool)
        self._pictures = SqlitePictureSpool(self._file, rules.spool)
        self._log = None if acceptance_log is None else AcceptanceLog(acceptance_log)
        self._uplink = self._new_uplink()
        self._forwarder = Forwarder(
            gateway_id=gateway_id,
            spool=self._spool,
            pictures=self._pictures,
            uplink=self._uplink,
            clock=clock,
            metrics=metrics,
            on_failed=self._fail,
        )
        self._acceptance = Acceptance(
            gateway_id=gateway_id,
            spool=self._spool,
            metrics=metrics,
            on_accepted=self._forwarder.wake,
            log=self._log,
        )
        self._inbox: queue.Queue[Arrival] = queue.Queue(INBOX_MESSAGES)
        self._doors = tuple(
            DeviceDoor(source, inbox=self._inbox, clock=clock, metrics=metrics)
            for source in _sources(gateway_id)
        )
        self._door_clients = tuple(self._new_door_client(door) for door in self._doors)
        self._committer = self._new_committer(rules)
        self._started = False
        self._stopped = False

    @property
    def boot_id(self) -> str:
        """The identity of the spool file, part of every record's identity on the uplink."""
        return self._spool.boot_id

    def start(self) -> None:
        """Start to hear and to send."""
        self._started = True
        self._forwarder.start()
        self._committer.start()
        self._uplink.start()
        for client in self._door_clients:
            client.start()

    def stop(self) -> None:
        """Stop everything and close the file. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self._committer.stop()  # first, so that what it has committed is still acknowledged
        for client in self._door_clients:
            client.stop()
        self._forwarder.stop()
        self._uplink.stop()
        if self._log is not None:
            self._log.close()
        self._file.close()

    def accept(self, records: Sequence[Record]) -> None:
        """Make records durable (of cameras, for instance); they are accepted when it returns.

        Raises ``SpoolFullError`` (nothing accepted, try later) or ``SpoolFailedError``.
        """
        try:
            self._acceptance.accept(records)
        except SpoolFailedError as error:
            self._fail(str(error))
            raise

    def accept_picture(
        self, device_id: str, observed_at: datetime, sha256: str, jpeg: bytes
    ) -> None:
        """Keep a masked picture until ingest has it; older ones go when there is no room.

        Raises ``domain.checks.InvalidValueError`` for a picture over 256 KiB, ``SpoolFullError``
        when the disk is full, ``SpoolFailedError``.
        """
        message = PictureMessage(
            gateway_id=self._gateway_id,
            device_id=device_id,
            observed_at=observed_at,
            sha256=sha256,
            jpeg=jpeg,
        )
        try:
            dropped = self._pictures.put(message)
        except SpoolFailedError as error:
            self._fail(str(error))
            raise
        self._metrics.pictures_dropped.inc(dropped)
        if bool(dropped) != self._dropping_pictures:
            self._dropping_pictures = bool(dropped)
            _log.warning("pictures_are_dropped" if dropped else "pictures_are_kept_again")
        self._forwarder.wake()

    def readiness(self) -> Mapping[str, str]:
        """Return what is not as it should be, by part; empty when all is well."""
        faults: dict[str, str] = {}
        if self.failed.is_set():
            faults["spool"] = self._failure
        elif self._committer.full:
            faults["spool"] = "full: nothing is accepted"
        if not self._uplink.connected:
            faults["uplink"] = "no connection to the broker"
        for door, client in zip(self._doors, self._door_clients, strict=True):
            name = f"door_{door.source.name}"
            if not client.connected:
                faults[name] = "no connection to the broker"
            elif not client.subscribed:
                faults[name] = "the broker has not granted the subscription"
            elif door.deaf:
                faults[name] = "nothing comes in, not even our own probe"
        return faults

    def _fail(self, detail: str) -> None:
        """Note that the spool cannot be trusted; whoever runs us ends the process."""
        if self._stopped or self.failed.is_set():
            return
        _log.critical("spool_failed", detail=detail)
        self._failure = detail
        self.failed.set()

    def _receive_uplink(self, message: Message) -> None:
        self._forwarder.receive(message)

    def _uplink_connected(self) -> None:
        self._forwarder.send_all_again()

    def _new_uplink(self) -> PairedClient:
        return PairedClient(
            self._broker,
            client_id=f"{self._gateway_id}-up-{self._file.boot_id}",
            subscriptions=[
                (ack_topic(self._gateway_id), 0),
                (hello_topic(shard_of(self._gateway_id)), 0),
            ],
            on_message=self._receive_uplink,
            on_connected=self._uplink_connected,
        )

    def _new_door_client(self, door: DeviceDoor) -> MqttClient:
        # The boot id makes the client id one that no device can guess and take over.
        client = MqttClient(
            host=self._broker.host,
            port=self._broker.port,
            client_id=f"{self._gateway_id}-{door.source.name}-{self._file.boot_id}",
            subscriptions=[(door.source.topic_filter, 1)],
            on_message=door.receive,
            on_connected=door.connected,
            clean_session=False,
            manual_ack=True,
            username=self._broker.username,
            password=self._broker.password,
            tls=self._broker.tls,
        )
        door.attach(client)
        return client

    def _new_committer(self, rules: GatewayRules) -> Committer:
        return Committer(
            inbox=self._inbox,
            doors=self._doors,
            intake=MessageIntake(
                gateway_id=self._gateway_id,
                emptying=rules.emptying,
                limits=rules.filling,
                notes=self._spool.notes(),
            ),
            acceptance=self._acceptance,
            refusals=RefusalLog(self._file),
            registry=self._registry,
            clock=self._clock,
            metrics=self._metrics,
            on_failed=self._fail,
        )


def _sources(gateway_id: str) -> tuple[Source, ...]:
    return (
        Source(
            name="devices",
            topic_filter=DEVICE_FILTER,
            probe_topic=device_probe_topic(gateway_id),
            read=read_own_device,
        ),
        Source(
            name="chirpstack",
            topic_filter=CHIRPSTACK_FILTER,
            probe_topic=chirpstack_probe_topic(gateway_id),
            read=read_chirpstack,
        ),
    )
