"""A channel that keeps what it is given and answers as a test says."""

import threading
from collections.abc import Iterable

from alerts.notifier import DeliveryRefusedError, DeliveryUnknownError, Message

Answer = DeliveryRefusedError | DeliveryUnknownError | None


class RecordingNotifier:
    """Fulfils ``alerts.notifier.Notifier``. ``answers`` are given in turn, then it takes all.

    ``received`` is what arrived: also what arrived although the answer was lost (an unknown
    outcome whose code is ``arrived``).
    """

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self._answers = list(answers)
        self._changed = threading.Condition()
        self.received: list[Message] = []
        self.attempts: list[Message] = []

    def send(self, message: Message) -> None:
        with self._changed:
            self.attempts.append(message)
            answer = self._answers.pop(0) if self._answers else None
            lost = isinstance(answer, DeliveryUnknownError) and answer.code == "arrived"
            if answer is None or lost:
                self.received.append(message)
            self._changed.notify_all()
        if answer is not None:
            raise answer

    def close(self) -> None:
        return None

    def wait_for(self, count: int, timeout_s: float = 5.0) -> bool:
        """Wait until ``count`` messages have arrived; return whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.received) >= count, timeout_s)
