"""The broker's users for Mosquitto: a file of passwords and one of topics (``acl_file``)."""

from huanwei.broker.password_hashes import mosquitto_hash
from huanwei.broker.users import BrokerUser


def format_passwords(users: tuple[BrokerUser, ...]) -> str:
    """Return the text of ``password_file``: hashes only."""
    return "".join(
        f"{user.name}:{mosquitto_hash(user.name, user.password)}\n" for user in _mqtt(users)
    )


def format_topics(users: tuple[BrokerUser, ...]) -> str:
    """Return the text of ``acl_file``. What a user is not allowed is denied."""
    return "\n".join(_topics_of(user) for user in _mqtt(users))


def _topics_of(user: BrokerUser) -> str:
    lines = [f"user {user.name}"]
    lines += [f"topic write {_topic(subject)}" for subject in user.publish]
    lines += [f"topic read {_topic(subject)}" for subject in user.subscribe]
    return "\n".join(lines) + "\n"


def _topic(subject: str) -> str:
    return subject.replace(".", "/").replace("*", "+").replace(">", "#")


def _mqtt(users: tuple[BrokerUser, ...]) -> list[BrokerUser]:
    return [user for user in users if user.connection_type == "MQTT"]
