"""Who may say and hear what at the broker: the users file of NATS, written from our settings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from huanwei.broker.password_hashes import bcrypt_hash
from wire.topics import device_topic, probe_topics

_NETWORK_SERVER_SUBJECTS = ("application.*.device.*.event.*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerUser:
    """One user: the subjects it may publish and subscribe to (``.`` for ``/``)."""

    name: str
    password: str
    connection_type: str
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()


def users_of_one_site(
    *,
    gateway_id: str,
    gateway_password: str,
    ingest_password: str,
    devices_password: str,
    admin_password: str,
) -> tuple[BrokerUser, ...]:
    """Return the users of a broker that serves one gateway, its devices and ingest."""
    return (
        BrokerUser(name="admin", password=admin_password, connection_type="STANDARD"),
        BrokerUser(
            name="ingest",
            password=ingest_password,
            connection_type="MQTT",
            publish=("huanwei.v1.ack.*", "huanwei.v1.hello.*"),
            subscribe=("huanwei.v1.up.>", "huanwei.v1.picture.>"),
        ),
        gateway_user(gateway_id, gateway_password),
        BrokerUser(
            name="devices",
            password=devices_password,
            connection_type="MQTT",
            publish=("huanwei.v1.dev.*.up", *_NETWORK_SERVER_SUBJECTS),
        ),
    )


def gateway_user(gateway_id: str, password: str) -> BrokerUser:
    """Return a gateway as a user: it sends and is answered as itself, and hears devices."""
    return BrokerUser(
        name=gateway_id,
        password=password,
        connection_type="MQTT",
        publish=(
            f"huanwei.v1.up.*.{gateway_id}",
            f"huanwei.v1.picture.*.{gateway_id}",
            *(topic.replace("/", ".") for topic in probe_topics(gateway_id)),
        ),
        subscribe=(
            f"huanwei.v1.ack.{gateway_id}",
            "huanwei.v1.hello.*",
            "huanwei.v1.dev.*.up",
            "application.*.device.*.event.up",
        ),
    )


def device_user(device_id: str, password: str) -> BrokerUser:
    """Return a device as a user: it publishes as itself, and hears nothing."""
    return BrokerUser(
        name=device_id,
        password=password,
        connection_type="MQTT",
        publish=(device_topic(device_id).replace("/", "."),),
    )


def with_own_accounts(
    users: tuple[BrokerUser, ...],
    *,
    gateways: Mapping[str, str],
    devices: Mapping[str, str],
    devices_speak: bool = False,
) -> tuple[BrokerUser, ...]:
    """Return the users with an account for each further gateway and device (id: password).

    Unless ``devices_speak``, user ``devices`` is left to the LoRaWAN network server, which speaks
    for devices of its own.
    """
    known = {user.name for user in users}
    return (
        *(
            replace(user, publish=_NETWORK_SERVER_SUBJECTS)
            if user.name == "devices" and not devices_speak
            else user
            for user in users
        ),
        *(gateway_user(*item) for item in gateways.items() if item[0] not in known),
        *(device_user(*item) for item in devices.items()),
    )


def format_users(users: tuple[BrokerUser, ...], *, hashed: bool = False) -> str:
    """Return the text of ``users.conf``. What a user is not allowed is denied.

    ``hashed``: with bcrypt in place of passwords (``NoBcryptError`` where there is none).
    """
    shown = (
        replace(user, password=bcrypt_hash(user.name, user.password)) if hashed else user
        for user in users
    )
    return "users: [\n" + "".join(f"  {_format_user(user)}\n" for user in shown) + "]\n"


def _format_user(user: BrokerUser) -> str:
    fields = [
        f"user: {json.dumps(user.name)}",
        f"password: {json.dumps(user.password)}",
        f'allowed_connection_types: ["{user.connection_type}"]',
    ]
    if user.connection_type == "MQTT":
        # NATS hands MQTT deliveries over by these subjects: 2.10 refuses QoS 1 without them.
        heard = (*user.subscribe, "$MQTT.sub.>")
        fields.append(
            f"permissions: {{publish: {{allow: {json.dumps(user.publish)}}}, "
            f"subscribe: {{allow: {json.dumps(heard)}}}}}"
        )
    return "{" + ", ".join(fields) + "}"
