"""``huanwei dead-letters`` and ``refused-messages``: what was not taken, for people and scripts."""

from gateway.errors import RefusalReason as MessageRefusal
from gateway.refusals import read_refusals
from huanwei.run_files import JOURNAL, SPOOL
from huanwei.run_stores import database_in_plain_words, postgres_url
from huanwei.settings import Settings
from ingest.dead_letters import count_dead_letters, read_dead_letters

Row = dict[str, str | int | None]


def dead_letter_rows(settings: Settings, *, reason: str | None, limit: int) -> list[Row]:
    """Return the newest dead letters first; none where ingest has not run yet."""
    url = postgres_url(settings)
    if url is None:
        letters = read_dead_letters(settings.run.data / JOURNAL, reason=reason, limit=limit)
    else:
        from ingest.postgres import dead_letters  # noqa: PLC0415  its library's memory

        with database_in_plain_words():
            letters = dead_letters.read_dead_letters(url, reason=reason, limit=limit)
    return [
        {
            "received_at": letter.received_at.isoformat(),
            "reason": str(letter.reason),
            "gateway_id": letter.gateway_id,
            "sequence": letter.sequence,
            "detail": letter.detail,
            "payload": letter.payload.decode("utf-8", "backslashreplace"),
        }
        for letter in letters
    ]


def dead_letter_counts(settings: Settings, *, reason: str | None) -> dict[str, int]:
    """Return how many dead letters each reason has; the same letter again counts again."""
    url = postgres_url(settings)
    if url is None:
        counts = count_dead_letters(settings.run.data / JOURNAL)
    else:
        from ingest.postgres import dead_letters  # noqa: PLC0415  its library's memory

        with database_in_plain_words():
            counts = dead_letters.count_dead_letters(url)
    if reason is not None:
        return {reason: sum(times for known, times in counts.items() if known == reason)}
    return {str(known): times for known, times in counts.items()}


def refused_message_rows(
    settings: Settings, *, reason: MessageRefusal | None, limit: int
) -> list[Row]:
    """Return the gateway's newest refusals first; none where the edge has not run yet."""
    spool = settings.run.data / SPOOL
    if not spool.exists():
        return []
    return [
        {
            "refused_at": refusal.refused_at.isoformat(),
            "source": refusal.source,
            "reason": str(refusal.reason),
            "detail": refusal.detail,
            "topic": refusal.topic,
            "payload_bytes": refusal.payload_bytes,
            "payload": refusal.payload_head.decode("utf-8", "backslashreplace"),
        }
        for refusal in read_refusals(spool, reason=reason, limit=limit)
    ]
