"""Who may say and hear what at the broker: the users file of NATS, written from our settings."""

import json
from dataclasses import dataclass

from wire.topics import probe_topics


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
    probes = tuple(topic.replace("/", ".") for topic in probe_topics(gateway_id))
    return (
        BrokerUser(name="admin", password=admin_password, connection_type="STANDARD"),
        BrokerUser(
            name="ingest",
            password=ingest_password,
            connection_type="MQTT",
            publish=("huanwei.v1.ack.*", "huanwei.v1.hello.*"),
            subscribe=("huanwei.v1.up.>", "huanwei.v1.picture.>"),
        ),
        BrokerUser(
            name=gateway_id,
            password=gateway_password,
            connection_type="MQTT",
            publish=(
                f"huanwei.v1.up.*.{gateway_id}",
                f"huanwei.v1.picture.*.{gateway_id}",
                *probes,
            ),
            subscribe=(
                f"huanwei.v1.ack.{gateway_id}",
                "huanwei.v1.hello.*",
                "huanwei.v1.dev.*.up",
                "application.*.device.*.event.up",
            ),
        ),
        BrokerUser(
            name="devices",
            password=devices_password,
            connection_type="MQTT",
            publish=("huanwei.v1.dev.*.up", "application.*.device.*.event.*"),
        ),
    )


def format_users(users: tuple[BrokerUser, ...]) -> str:
    """Return the text of ``users.conf``. What a user is not allowed is denied."""
    return "users: [\n" + "".join(f"  {_format_user(user)}\n" for user in users) + "]\n"


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
