"""Spools that forget everything with the process."""

import threading
from collections.abc import Mapping, Sequence

from gateway.errors import SpoolFullError
from gateway.spool import SpooledPicture, SpooledRecord, SpoolExtent, SpoolLimits
from wire.pictures import PictureMessage, encode_picture


class MemorySpool:
    """Fulfils ``gateway.spool.Spool``."""

    def __init__(self, limits: SpoolLimits | None = None) -> None:
        self._limits = limits or SpoolLimits()
        self._lock = threading.Lock()
        self._held: dict[int, bytes] = {}
        self._notes: dict[str, bytes] = {}
        self._next = 1

    @property
    def boot_id(self) -> str:
        return "0123456789abcdef"

    def append(self, records: Sequence[bytes], *, notes: Mapping[str, bytes]) -> range:
        with self._lock:
            size = sum(map(len, self._held.values())) + sum(map(len, records))
            too_many = len(self._held) + len(records) > self._limits.records
            if too_many or size > self._limits.record_bytes:
                raise SpoolFullError
            given = range(self._next, self._next + len(records))
            self._held.update(zip(given, records, strict=True))
            self._notes.update(notes)
            self._next = given.stop
            return given

    def peek(
        self, *, first: int, last: int, most_records: int, most_bytes: int
    ) -> Sequence[SpooledRecord]:
        with self._lock:
            found: list[SpooledRecord] = []
            for sequence in sorted(key for key in self._held if first <= key <= last):
                most_bytes -= len(self._held[sequence])
                if len(found) == most_records or (found and most_bytes < 0):
                    break
                found.append(SpooledRecord(sequence, self._held[sequence]))
            return found

    def confirm(self, *, through: int, missing: Sequence[tuple[int, int]]) -> int:
        with self._lock:
            gone = [
                sequence
                for sequence in self._held
                if sequence <= through
                and not any(first <= sequence <= last for first, last in missing)
            ]
            for sequence in gone:
                del self._held[sequence]
            return len(gone)

    def extent(self) -> SpoolExtent:
        with self._lock:
            return SpoolExtent(
                oldest=min(self._held, default=self._next),
                newest=self._next - 1,
                records=len(self._held),
                body_bytes=sum(map(len, self._held.values())),
            )

    def notes(self) -> Mapping[str, bytes]:
        return dict(self._notes)


class MemoryPictureSpool:
    """Fulfils ``gateway.spool.PictureSpool``."""

    def __init__(self, limits: SpoolLimits | None = None) -> None:
        self._limits = limits or SpoolLimits()
        self._held: dict[int, PictureMessage] = {}
        self._next = 1

    def put(self, message: PictureMessage) -> int:
        if any(held.sha256 == message.sha256 for held in self._held.values()):
            return 0
        dropped = 0
        while self._held and not self._has_room(message):
            del self._held[min(self._held)]
            dropped += 1
        self._held[self._next] = message
        self._next += 1
        return dropped

    def peek(self, *, after: int, limit: int) -> Sequence[SpooledPicture]:
        numbers = sorted(number for number in self._held if number > after)
        return [SpooledPicture(number, self._held[number]) for number in numbers[:limit]]

    def confirm(self, hashes: Sequence[str]) -> int:
        gone = [number for number, held in self._held.items() if held.sha256 in hashes]
        for number in gone:
            del self._held[number]
        return len(gone)

    def held(self) -> int:
        return len(self._held)

    def _has_room(self, message: PictureMessage) -> bool:
        size = sum(len(encode_picture(each)) for each in (*self._held.values(), message))
        return len(self._held) < self._limits.pictures and size <= self._limits.picture_bytes
