"""How much of what was published still waits for the socket."""

import threading
from collections import deque

from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode

MOST_UNSENT_BYTES = 8 * 1024 * 1024


class UnsentBytes:
    """Counts what waits, up to 8 MiB. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, MQTTMessageInfo, int]] = deque()
        self._bytes = 0

    def has_room(self, epoch: int, size: int) -> bool:
        """Forget what has been written or lost; say whether ``size`` more bytes may wait."""
        with self._lock:
            while self._waiting and _is_gone(*self._waiting[0][:2], epoch):
                self._bytes -= self._waiting.popleft()[2]
            return self._bytes + size <= MOST_UNSENT_BYTES

    def add(self, epoch: int, info: MQTTMessageInfo, size: int) -> None:
        """Count a message that paho has taken in that connection."""
        with self._lock:
            self._waiting.append((epoch, info, size))
            self._bytes += size

    def clear(self) -> None:
        """Forget all: the connection is gone, and what waited with it."""
        with self._lock:
            self._waiting.clear()
            self._bytes = 0


def _is_gone(sent_in: int, info: MQTTMessageInfo, epoch: int) -> bool:
    return (
        sent_in != epoch or info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS or bool(info.is_published())
    )
