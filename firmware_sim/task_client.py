"""How a simulated crew works on a task: over the centre's crew pages, as a person would."""

from collections.abc import Mapping

import httpx

from firmware_sim.task_page import Step, TaskForm, TaskPage, read_task_page

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_MOST_FORMS = 4


class TryAgainError(Exception):
    """The page did not answer or could not; the same step may work a little later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TaskGoneError(Exception):
    """The page offers this crew nothing to do: the task is over, or the link is not good."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def crew_client() -> httpx.Client:
    """Return the HTTP client of the crews' phones: it follows redirects and knows no proxy."""
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=True, trust_env=False)


class TaskClient:
    """Opens task pages and sends their forms."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(self, link: str) -> TaskPage:
        """Return the page; raise :class:`TryAgainError` or :class:`TaskGoneError`."""
        response = self._ask("GET", link)
        if response.is_client_error:
            reason = "page_refused"
            raise TaskGoneError(reason)
        return read_task_page(response.text, str(response.url))

    def take_step(
        self, link: str, step: Step, *, note: str = "", photos: Mapping[str, bytes] | None = None
    ) -> None:
        """Bring the task to where ``step`` is done, taking the steps before it that are still open.

        A task that is further already stays as it is. Raises :class:`TryAgainError` and
        :class:`TaskGoneError`.
        """
        for _ in range(_MOST_FORMS):
            form = self.open(link).form
            if form is None:
                reason = "nothing_to_do"
                raise TaskGoneError(reason)
            if form.step.rank > step.rank:
                return
            self._send(form, note=note, photos=photos or {})
            if form.step is step:
                return
        reason = "going_in_circles"
        raise TryAgainError(reason)

    def _send(self, form: TaskForm, *, note: str, photos: Mapping[str, bytes]) -> None:
        fields = dict(form.fields) | dict.fromkeys(form.notes, note)
        missing = [name for name in form.photos if name not in photos]
        if missing:
            reason = "unknown_photo_asked"
            raise TaskGoneError(reason)
        files = {name: (f"{name}.jpg", photos[name], "image/jpeg") for name in form.photos} or None
        response = self._ask("POST", form.url, data=fields, files=files)
        if response.is_client_error:
            reason = "step_refused"
            raise TryAgainError(reason)

    def _ask(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> httpx.Response:
        try:
            response = self._client.request(method, url, data=data, files=files)
        except (httpx.TransportError, httpx.TooManyRedirects) as error:
            reason = "no_answer"
            raise TryAgainError(reason) from error
        if response.is_server_error:
            reason = "server_error"
            raise TryAgainError(reason)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
