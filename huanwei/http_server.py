"""An HTTP server as a part of a process: starts in a thread, stops when told."""

import threading

import uvicorn
from fastapi import FastAPI

_START_WITHIN_S = 20.0


class HttpServerFailedError(OSError):
    """The server could not listen; uvicorn has logged why."""


class HttpServer:
    """Serves one ASGI application on one loopback address."""

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        self._address = f"{host}:{port}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=3,
            )
        )
        self._thread = threading.Thread(target=self._server.run, name=f"http-{port}")

    def start(self) -> None:
        """Serve from now on; return when the port answers, raise when it cannot be had."""
        self._thread.start()
        waiting = threading.Event()
        for _ in range(int(_START_WITHIN_S / 0.02)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            waiting.wait(0.02)
        self.stop()
        raise HttpServerFailedError(self._address)

    def readiness(self) -> dict[str, str]:
        """Name the server while it does not answer."""
        return {} if self._server.started else {"http": "not listening"}

    def stop(self) -> None:
        """Finish what is being answered (3 s at most) and free the port."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
