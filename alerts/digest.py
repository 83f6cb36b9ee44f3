"""Several messages to one recipient told in one, for an address that takes no more of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from alerts.notifier import Message
from alerts.outbox import NoticeLevel


def digest_of(messages: Sequence[Message], title: str) -> Message:
    """Return one message that says all of ``messages``, escalations first; at least one.

    Its id follows from theirs, so that the same ones tried again are the same digest.
    """
    if len(messages) == 1:
        return messages[0]
    first_escalations = sorted(messages, key=lambda one: one.level is not NoticeLevel.ESCALATION)
    first = first_escalations[0]
    ids = "|".join(message.message_id for message in messages)
    message_id = hashlib.sha256(f"digest|{ids}".encode()).hexdigest()[:32]
    return replace(
        first,
        message_id=message_id,
        key=f"digest/{message_id}",
        title=title,
        text="\n\n".join(_told(message) for message in first_escalations),
        link=None,
        repeat=any(message.repeat for message in messages),
    )


def _told(message: Message) -> str:
    return message.title if message.link is None else f"{message.title}\n{message.link}"
