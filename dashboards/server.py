"""The one file that knows grafana_api.

The library is archived and half of it no longer works (docs/grafana.md): only those of its calls
are used that still go to the right address, everything else takes its plain verbs. What it does
wrong is put right here: it reads JSON from answers that are empty, follows a redirect to a login
page as if that were the answer, and trips over errors that are no JSON object.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace

from dashboards.grafana_port import (
    Annotation,
    DataSourceHealth,
    Folder,
    GrafanaCredentialsError,
    GrafanaError,
    GrafanaOutageError,
    GrafanaRefusalError,
    Model,
    NotInGrafanaError,
    StoredDashboard,
    VersionMismatchError,
)

REQUEST_TIMEOUT_S = 8.0
WAITS_S = (0.5, 2.0)
"""Before the second and the third try."""
KEEP_EDITABLE = {"X-Disable-Provenance": "true"}
"""What goes to ``/v1/provisioning`` with this header can still be changed in Grafana's pages."""

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _PRECONDITION = 401, 403, 404, 409, 412
_TOO_MANY, _FIRST_ERROR, _FIRST_SERVER_ERROR = 429, 400, 500
_MOST_DETAIL = 300
_MOST_AT_ONCE = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafanaAddress:
    """Where Grafana is, and as whom to speak to it: a service account's token, or a password."""

    url: str
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)


class GrafanaServer:
    """Fulfils ``DashboardStore`` and ``Annotations``. For one thread at a time.

    ``stop`` ends the waits between tries, so that a process can end while Grafana is away.
    """

    def __init__(
        self,
        address: GrafanaAddress,
        *,
        waits_s: Sequence[float] = WAITS_S,
        stop: threading.Event | None = None,
    ) -> None:
        parts = urlsplit(address.url)
        prefix = parts.path.strip("/")
        self._url = address.url.rstrip("/")
        self._face = GrafanaFace(
            auth=address.token or (address.user, address.password),
            host=parts.netloc,
            url_path_prefix=f"{prefix}/" if prefix else "",
            protocol=parts.scheme,
            timeout=REQUEST_TIMEOUT_S,
        )
        self._face.api.s.hooks["response"].append(_refuse_strange_answers)
        self._waits_s = tuple(waits_s)
        self._stop = stop or threading.Event()

    def version(self) -> str:
        """Return Grafana's version; it tells even without credentials."""
        answer = self.send("GET", "/health")
        return str(answer.get("version", "")) if isinstance(answer, dict) else ""

    def organisation(self) -> str:
        """Return the name of the organisation that the credentials belong to."""
        return str(_object(self.send("GET", "/org")).get("name", ""))

    def folder(self, uid: str) -> Folder | None:
        """Return the folder, None where there is none."""
        try:
            answer = _object(self._tried(lambda: self._face.folder.get_folder(uid)))
        except NotInGrafanaError:
            return None
        return Folder(uid=str(answer["uid"]), title=str(answer["title"]))

    def save_folder(self, folder: Folder) -> None:
        """Make the folder, or give it this title. Again is the same as once."""
        found = self.folder(folder.uid)
        if found is None:
            try:
                self._tried(lambda: self._face.folder.create_folder(folder.title, folder.uid))
            except VersionMismatchError:
                # A first try came through though its answer did not, or somebody was quicker.
                found = self.folder(folder.uid)
                if found is None:
                    raise
            else:
                return
        if found.title != folder.title:
            wanted = {"title": folder.title, "overwrite": True}
            self.send("PUT", f"/folders/{folder.uid}", wanted)

    def dashboard(self, uid: str) -> StoredDashboard | None:
        """Return the dashboard, None where there is none."""
        try:
            answer = _object(self._tried(lambda: self._face.dashboard.get_dashboard(uid)))
        except NotInGrafanaError:
            return None
        meta, model = _object(answer.get("meta")), _object(answer.get("dashboard"))
        return StoredDashboard(
            model=model,
            folder_uid=str(meta.get("folderUid") or ""),
            version=int(model.get("version") or 0),
            from_file=bool(meta.get("provisioned")),
        )

    def save_dashboard(self, model: Model, *, folder_uid: str, onto: int | None = None) -> None:
        """Put the dashboard in its place; with ``onto``, only over that version."""
        wanted = {**model, "id": None}
        wanted.pop("version", None)
        if onto is not None:
            wanted["version"] = onto
        body = {"dashboard": wanted, "folderUid": folder_uid, "overwrite": onto is None}
        self._tried(lambda: self._face.dashboard.update_dashboard(body))

    def data_source_health(self, uid: str) -> DataSourceHealth:
        """Ask a data source how it is; raise :class:`NotInGrafanaError` where there is none."""
        try:
            answer = _object(self.send("GET", f"/datasources/uid/{uid}/health"))
        except GrafanaRefusalError as error:
            return DataSourceHealth(well=False, message=str(error))
        return DataSourceHealth(
            well=answer.get("status") == "OK", message=str(answer.get("message", ""))
        )

    def query(self, queries: Sequence[Model], *, since: datetime, until: datetime) -> Any:  # noqa: ANN401  JSON
        """Run a panel's queries through the real data source; return Grafana's data frames."""
        body = {"queries": list(queries), "from": str(_ms(since)), "to": str(_ms(until))}
        return _object(self.send("POST", "/ds/query", body)).get("results", {})

    def annotations_at(self, at: datetime, *, tags: Sequence[str]) -> Sequence[Annotation]:
        """Return the annotations at that millisecond which have all these tags."""
        found = self._tried(
            lambda: self._face.annotations.get_annotation(
                time_from=_ms(at), time_to=_ms(at), tags=tags, limit=_MOST_AT_ONCE
            )
        )
        return [
            Annotation(
                at=_EPOCH + int(each["time"]) * _MILLISECOND,
                text=str(each["text"]),
                tags=tuple(each["tags"]),
            )
            for each in found or ()
        ]

    def annotate(self, annotation: Annotation) -> None:
        """Write one annotation. Twice makes two, so it is tried once only."""
        self._once(
            lambda: self._face.annotations.add_annotation(
                time_from=_ms(annotation.at), tags=list(annotation.tags), text=annotation.text
            )
        )

    def send(
        self, verb: str, path: str, body: Model | None = None, *, keep_editable: bool = False
    ) -> Any:  # noqa: ANN401  JSON
        """Ask for any path below ``/api``; return its JSON, None for an empty answer.

        Repeated while the server is away, so only for what may be done twice. ``keep_editable``:
        things below ``/v1/provisioning`` otherwise become untouchable in Grafana's own pages.
        """
        ask = getattr(self._face.api, verb)
        headers = KEEP_EDITABLE if keep_editable else None
        return self._tried(lambda: ask(path, json=body, headers=headers))

    def close(self) -> None:
        """Close the connections."""
        self._face.api.s.close()

    def _tried(self, ask: Callable[[], Answer]) -> Answer | None:
        for wait_s in self._waits_s:
            try:
                return self._once(ask)
            except GrafanaOutageError:
                if self._stop.wait(wait_s):
                    raise
        return self._once(ask)

    def _once(self, ask: Callable[[], Answer]) -> Answer | None:
        try:
            return ask()
        except GrafanaException as error:
            raise _named(int(error.status_code), self._told(error)) from error
        except requests.exceptions.JSONDecodeError as error:
            if not error.doc.strip():
                return None
            msg = f"{self._url} answers, but not as Grafana does; is this its address?"
            raise GrafanaRefusalError(msg) from error
        except requests.exceptions.RequestException as error:
            msg = f"no answer from {self._url}: {type(error).__name__}"
            raise GrafanaOutageError(msg) from error

    def _told(self, error: GrafanaException) -> str:
        said = error.response if isinstance(error.response, dict) else {}
        return f"{self._url}: {error.status_code} {said.get('message', '')}".strip()[:_MOST_DETAIL]


def _named(status: int, detail: str) -> GrafanaError:
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return GrafanaCredentialsError(detail)
    if status == _NOT_FOUND:
        return NotInGrafanaError(detail)
    if status in (_CONFLICT, _PRECONDITION):
        return VersionMismatchError(detail)
    if status == _TOO_MANY or status >= _FIRST_SERVER_ERROR:
        return GrafanaOutageError(detail)
    return GrafanaRefusalError(detail)


def _refuse_strange_answers(response: requests.Response, **_: object) -> None:
    """Take what the library would misread: a redirect, and an error without a JSON object."""
    where = urlsplit(response.url).path
    if response.is_redirect:
        msg = f"{where} is redirected to {response.headers['Location']}: give that address instead"
        raise GrafanaRefusalError(msg[:_MOST_DETAIL])
    if response.status_code < _FIRST_ERROR:
        return
    try:
        is_grafanas = isinstance(response.json(), dict)
    except requests.exceptions.JSONDecodeError:
        is_grafanas = False
    if not is_grafanas:
        raise _named(response.status_code, f"{where}: {response.status_code} {response.reason}")


def _object(answer: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    if not isinstance(answer, dict):
        msg = "an answer that Grafana does not give; is this its address?"
        raise GrafanaRefusalError(msg)
    return answer


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND
