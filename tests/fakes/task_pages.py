"""A centre's crew pages in miniature: one state a task, forms that move it, faults to order."""

from collections import deque
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from domain.places import Name

_STEPS = ("accept", "arrive", "finish")
PHOTO_NAMES = ("overview", "close_up")


@dataclass(kw_only=True)
class Task:
    """A task as the centre keeps it; ``step`` is the next one, None when nothing is to do."""

    place: Name
    step: str | None = "accept"
    keys: list[str] = field(default_factory=list)
    photos: list[bytes] = field(default_factory=list)
    note: str = ""


@dataclass(kw_only=True)
class TaskPages:
    """Tasks by token. ``faults`` holds status codes that the next requests get instead."""

    tasks: dict[str, Task] = field(default_factory=dict)
    faults: deque[int] = field(default_factory=deque)
    lost_answers: int = 0
    requests: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        """Return the application."""
        app = FastAPI()

        @app.get("/c/{token}")
        async def page(token: str) -> Response:
            return self._noted("GET", token) or self._page(token)

        @app.post("/c/{token}/{step}")
        async def take(token: str, step: str, request: Request) -> Response:
            fault = self._noted(step, token)
            if fault is not None:
                return fault
            task = self.tasks[token]
            if task.step != step:
                return Response(status_code=409)
            await self._move(task, request)
            if self.lost_answers:
                self.lost_answers -= 1
                return Response(status_code=502)
            return RedirectResponse(f"/c/{token}", status_code=303)

        return app

    def _noted(self, what: str, token: str) -> Response | None:
        self.requests.append(f"{what} {token}")
        return Response(status_code=self.faults.popleft()) if self.faults else None

    def _page(self, token: str) -> Response:
        task = self.tasks.get(token)
        if task is None:
            return Response(status_code=404)
        form = ""
        if task.step is not None:
            extras = "".join(f'<input type="file" name="{name}">' for name in PHOTO_NAMES)
            form = (
                f'<form method="post" action="/c/{token}/{task.step}">'
                f'<input type="hidden" name="key" value="{token}-{task.step}">'
                f"{extras + '<textarea name=note></textarea>' if task.step == 'finish' else ''}"
                "<button>OK</button></form>"
            )
        return HTMLResponse(f"<title>任务</title><h1>{task.place.zh}</h1>{form}")

    @staticmethod
    async def _move(task: Task, request: Request) -> None:
        async with request.form() as sent:
            task.keys.append(str(sent["key"]))
            if task.step == "finish":
                task.note = str(sent["note"])
                for name in PHOTO_NAMES:
                    photo = sent[name]
                    assert not isinstance(photo, str)
                    task.photos.append(await photo.read())
        index = _STEPS.index(task.step or "")
        task.step = _STEPS[index + 1] if index + 1 < len(_STEPS) else None
