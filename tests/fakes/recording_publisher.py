"""A connection to a broker that only remembers."""


class RecordingPublisher:
    """Fulfils ``firmware_sim.fleet.Publisher``; set ``away`` and it takes nothing."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.started = self.stopped = 0
        self.published: list[tuple[str, bytes, int]] = []

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        self.stopped += 1

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        if self.away:
            return False
        self.published.append((topic, payload, qos))
        return True
