"""``huanwei dead-letters``: what ingest could not accept, as rows for people and scripts."""

from huanwei.run_files import JOURNAL
from huanwei.settings import Settings
from ingest.dead_letters import read_dead_letters


def dead_letter_rows(
    settings: Settings, *, reason: str | None, limit: int
) -> list[dict[str, str | int | None]]:
    """Return the newest dead letters first; none where ingest has not run yet."""
    letters = read_dead_letters(settings.run.data / JOURNAL, reason=reason, limit=limit)
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
