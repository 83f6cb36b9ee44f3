"""An MQTT connection that keeps what it was given."""

from wire.client import Message


class RecordingConnection:
    """Fulfils ``gateway.forwarder.Uplink`` and ``gateway.device_door.DoorConnection``."""

    def __init__(self) -> None:
        self.connected = True
        self.published: list[tuple[str, bytes, int]] = []
        self.acked: list[Message] = []
        self.resubscribed = 0
        self.takes = 2**62

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        if not self.connected or not self.takes:
            return False
        self.takes -= 1
        self.published.append((topic, payload, qos))
        return True

    def ack(self, message: Message) -> bool:
        self.acked.append(message)
        return self.connected

    def resubscribe(self) -> None:
        self.resubscribed += 1

    def take(self) -> list[tuple[str, bytes, int]]:
        """Return what was published since the last call."""
        taken, self.published = self.published, []
        return taken
