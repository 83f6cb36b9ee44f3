"""The port to a channel: how one message is handed over, and how that can fail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerts.outbox import NoticeLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message on its way. ``key`` is the same for every attempt; ``repeat`` says that an earlier
    attempt may have arrived. ``address`` is the channel's own, None where it needs none.
    """

    message_id: str
    key: str
    case_id: str
    recipient: str
    address: str | None
    level: NoticeLevel
    title: str
    text: str
    link: str | None
    repeat: bool
    sent_at: datetime


class DeliveryRefusedError(Exception):
    """The message has not arrived. ``permanent``: trying again cannot help. ``of_address``: this
    address takes nothing, whatever a message says.
    """

    def __init__(self, *, permanent: bool, code: str, of_address: bool = False) -> None:
        super().__init__(code)
        self.permanent = permanent
        self.code = code
        self.of_address = of_address


class DeliveryUnknownError(Exception):
    """Nobody can tell whether the message has arrived; another attempt must be marked a repeat."""

    def __init__(self, *, code: str) -> None:
        super().__init__(code)
        self.code = code


class Notifier(Protocol):
    """Hands messages over on one channel. Called by several threads."""

    def send(self, message: Message) -> None:
        """Return when the channel itself has said that it took the message.

        Raises DeliveryRefusedError or DeliveryUnknownError, nothing else.
        """
        ...

    def close(self) -> None:
        """Give up connections."""
        ...
