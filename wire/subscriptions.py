"""What a connection has asked the broker for, and what it has been granted.

A file of its own because brokers differ in this: some refuse a filter, some lose a consumer.
"""

import threading
from collections.abc import Sequence

import structlog
from paho.mqtt.client import Client
from paho.mqtt.reasoncodes import ReasonCode


class Subscriptions:
    """The filters of one client; all methods but :meth:`want_anew` run in the client's thread."""

    def __init__(
        self, filters: Sequence[tuple[str, int]], log: structlog.stdlib.BoundLogger
    ) -> None:
        self._filters = list(filters)
        self._log = log
        self._asked: dict[int, str] = {}
        self._wanted_anew = threading.Event()
        self.refused: set[str] = set()

    @property
    def granted(self) -> bool:
        """Whether the broker has answered all that was asked, and refused nothing."""
        return not (self._wanted_anew.is_set() or self._asked or self.refused)

    def want_anew(self) -> None:
        """Ask for everything again at the next :meth:`make_anew_if_wanted`; from any thread."""
        self._wanted_anew.set()

    def make(self, paho: Client) -> None:
        """Subscribe in a connection that has just been accepted."""
        self._asked.clear()
        self._wanted_anew.clear()
        self._ask(paho)

    def make_anew_if_wanted(self, paho: Client) -> None:
        """Unsubscribe and subscribe. In the client's thread no answer comes before we know it."""
        if self._wanted_anew.is_set():
            for topic_filter, _ in self._filters:
                paho.unsubscribe(topic_filter)
            self._ask(paho)
            self._wanted_anew.clear()

    def answered(self, mid: int, reasons: Sequence[ReasonCode]) -> None:
        """Take the broker's answer to one of them."""
        topic_filter = self._asked.pop(mid, "")
        if any(reason.is_failure for reason in reasons):
            self.refused.add(topic_filter)
            self._log.error("subscription_refused", topic_filter=topic_filter)
        else:
            self.refused.discard(topic_filter)

    def _ask(self, paho: Client) -> None:
        for topic_filter, qos in self._filters:
            _, mid = paho.subscribe(topic_filter, qos)
            if mid is not None:
                self._asked[mid] = topic_filter
