"""How a process of ours reaches the broker."""

from pydantic import SecretStr

from huanwei.settings import BrokerSection
from wire.client import BrokerAddress
from wire.tls import Tls


def broker_address(broker: BrokerSection, *, username: str, password: SecretStr) -> BrokerAddress:
    """Return the broker's address for one of its users."""
    return BrokerAddress(
        host=broker.host,
        port=broker.mqtt_port,
        username=username,
        password=password.get_secret_value(),
        tls=broker_tls(broker),
    )


def broker_tls(broker: BrokerSection) -> Tls | None:
    """Return how the connection is encrypted; None where it is not."""
    if broker.tls_ca is None:
        return None
    return Tls(authority=broker.tls_ca, certificate=broker.tls_certificate, key=broker.tls_key)
