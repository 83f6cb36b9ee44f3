"""What the API counts about itself."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_METHODS = frozenset({"GET", "HEAD", "POST"})


class ApiMetrics:
    """Counters of requests, refusals and photos; every label has few, known values."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "huanwei_api_requests",
            "Requests answered, by area of the API and class of status.",
            ("area", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "huanwei_api_request_seconds",
            "Time to the end of the answer, by area.",
            ("area",),
            registry=registry,
        )
        self._refused = Counter(
            "huanwei_api_refused",
            "Requests refused, by the code in the answer.",
            ("code",),
            registry=registry,
        )
        self._photos = Counter(
            "huanwei_api_photos",
            "Photos sent by crews: admitted, or the reason of the refusal.",
            ("result",),
            registry=registry,
        )
        self._photo_doubts = Counter(
            "huanwei_api_photo_doubts",
            "Reasons to doubt photos that crews sent as proof.",
            ("doubt",),
            registry=registry,
        )

    def answered(self, *, area: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        known_method = method if method in _METHODS else "other"
        self._requests.labels(area, known_method, f"{status // 100}xx").inc()
        self._seconds.labels(area).observe(seconds)

    def refused(self, code: str) -> None:
        """Count a refusal by its error code."""
        self._refused.labels(code).inc()

    def photo(self, result: str) -> None:
        """Count a photo that was admitted or refused."""
        self._photos.labels(result).inc()

    def photo_doubted(self, doubt: str) -> None:
        """Count a reason to doubt a proof photo."""
        self._photo_doubts.labels(doubt).inc()
