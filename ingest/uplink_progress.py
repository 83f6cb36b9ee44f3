"""Which sequences of a gateway's spool are committed: a frontier and the gaps below it. Pure."""

from bisect import bisect_right
from collections.abc import Iterable


class UplinkProgress:
    """The committed sequences of one ``(gateway_id, boot_id)``.

    Every sequence up to ``through`` is committed except those in ``missing``, ascending ranges
    with both ends included. It only says what to acknowledge; that nothing is stored twice is
    ensured by the journal's unique indexes.
    """

    __slots__ = ("_missing", "through")

    def __init__(self, through: int = 0, missing: Iterable[tuple[int, int]] = ()) -> None:
        self.through = through
        self._missing = list(missing)

    @property
    def missing(self) -> tuple[tuple[int, int], ...]:
        """The gaps below the frontier, ascending."""
        return tuple(self._missing)

    @property
    def gaps(self) -> int:
        """How many gaps there are."""
        return len(self._missing)

    def knows(self, sequence: int) -> bool:
        """Tell whether the sequence has been noted (or lies below what the gateway holds)."""
        return sequence <= self.through and (
            not self._missing or self._gap_around(sequence) is None
        )

    def note(self, sequence: int) -> bool:
        """Count the sequence as committed; return whether that has opened a gap."""
        if sequence == self.through + 1:
            self.through = sequence
        elif sequence > self.through:
            self._missing.append((self.through + 1, sequence - 1))
            self.through = sequence
            return True
        else:
            self._fill(sequence)
        return False

    def note_run(self, first: int, last: int) -> bool:
        """Count a run beyond the frontier as committed; return whether that has opened a gap."""
        opened = self.note(first)
        self.through = last
        return opened

    def forget_below(self, oldest: int) -> int:
        """Forget gaps below ``oldest``: the gateway holds nothing there that could fill them.

        Return how many sequences are lost by that. Of a spool that is heard for the first time
        nothing is known to be lost.
        """
        lost = 0
        if self.through < oldest - 1:
            lost = oldest - 1 - self.through if self.through else 0
            self.through = oldest - 1
        if self._missing and self._missing[0][0] < oldest:
            lost += sum(
                min(last, oldest - 1) - first + 1 for first, last in self._missing if first < oldest
            )
            self._missing = [
                (max(first, oldest), last) for first, last in self._missing if last >= oldest
            ]
        return lost

    def acknowledged(self, most_ranges: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Return ``through`` and ``missing`` for an ack that can carry ``most_ranges`` ranges.

        Where there are more, the ack stops short of the first range it has to leave out.
        """
        if len(self._missing) <= most_ranges:
            return self.through, tuple(self._missing)
        return self._missing[most_ranges][0] - 1, tuple(self._missing[:most_ranges])

    def _gap_around(self, sequence: int) -> int | None:
        index = bisect_right(self._missing, sequence, key=lambda gap: gap[0]) - 1
        return index if index >= 0 and sequence <= self._missing[index][1] else None

    def _fill(self, sequence: int) -> None:
        index = self._gap_around(sequence)
        if index is None:
            return
        first, last = self._missing[index]
        rest = []
        if first < sequence:
            rest.append((first, sequence - 1))
        if sequence < last:
            rest.append((sequence + 1, last))
        self._missing[index : index + 1] = rest
