"""Counts what is answered and how long it takes."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics

_AREAS = {
    "api": "api",
    "c": "crew",
    "pictures": "pictures",
    "healthz": "probes",
    "readyz": "probes",
    "metrics": "probes",
    "docs": "documentation",
    "openapi.json": "documentation",
    "assets": "assets",
}
_FAILED = 500


class RequestCounting:
    """Counts each HTTP request once, at the end of its answer."""

    def __init__(
        self, app: ASGIApp, *, metrics: ApiMetrics, monotonic_s: Callable[[], float]
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._monotonic_s = monotonic_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its answer; no answer at all counts as 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = _FAILED

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun_s = self._monotonic_s()
        try:
            await self._app(scope, receive, send_counted)
        finally:
            self._metrics.answered(
                area=_area(scope["path"]),
                method=scope["method"],
                status=status,
                seconds=max(0.0, self._monotonic_s() - begun_s),
            )


def _area(path: str) -> str:
    return _AREAS.get(path.lstrip("/").partition("/")[0], "console")
