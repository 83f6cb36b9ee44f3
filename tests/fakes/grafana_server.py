"""A small Grafana on a loopback port: it answers as Grafana's documented HTTP API does.

Status codes and texts of errors are those of Grafana's documentation and sources (12.x); it draws
nothing and asks no data source.
"""

import base64
import copy
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

EDITOR_TOKEN, VIEWER_TOKEN = "token-of-an-editor", "token-of-a-viewer"
USER, PASSWORD = "admin", "password-of-the-fake"

Answer = tuple[int, Any]
"""A status, and JSON; text goes out as it is, None as an empty body."""

_LONGEST_UID = 40
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_DASHBOARD_CHANGED = {
    "message": "The dashboard has been changed by someone else",
    "status": "version-mismatch",
}
_FOLDER_CHANGED = {
    "message": "The folder has been changed by someone else",
    "status": "version-mismatch",
}


@dataclass
class _State:
    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    mute_timings: dict[str, dict[str, Any]] = field(default_factory=dict)
    data_sources: dict[str, str] = field(default_factory=dict)
    """By uid: empty when well, otherwise what is wrong."""


class GrafanaFake:
    """Holds folders, dashboards, annotations and data sources; counts what it is asked."""

    def __init__(self, *, prefix: str = "") -> None:
        self.state = _State()
        self.asked: list[str] = []
        """Every request as ``POST /api/folders``."""
        self._prefix = prefix
        self._faults: list[Answer] = []
        self._lost_answers = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(_Handler):
            fake = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}{self._prefix}"

    def answer_next(self, status: int, body: Any, *, times: int = 1) -> None:  # noqa: ANN401  JSON
        """Answer the next requests so, and do nothing of what they ask."""
        self._faults += [(status, body)] * times

    def lose_next_answers(self, times: int) -> None:
        """Do what the next requests ask, and answer 504 as a proxy does."""
        self._lost_answers = times

    def provision(self, model: dict[str, Any], *, folder_uid: str) -> None:
        """Have a dashboard as from a file."""
        kept = {**copy.deepcopy(model), "id": len(self.state.dashboards) + 1, "version": 1}
        self.state.dashboards[model["uid"]] = {
            "dashboard": kept,
            "folder_uid": folder_uid,
            "provisioned": True,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(
        self, verb: str, address: str, headers: dict[str, str], body: dict[str, Any]
    ) -> Answer:
        """Return what Grafana answers."""
        with self._lock:
            parts = urlsplit(address)
            path = parts.path.removeprefix(self._prefix)
            self.asked.append(f"{verb} {path}")
            if self._faults:
                return self._faults.pop(0)
            answer = self._checked(verb, path, headers, body | {"?": parse_qs(parts.query)})
            if self._lost_answers:
                self._lost_answers -= 1
                return 504, "<html><body>504 Gateway Time-out, a message of a proxy</body></html>"
            return answer

    def _checked(
        self, verb: str, path: str, headers: dict[str, str], body: dict[str, Any]
    ) -> Answer:
        if path == "/api/health":
            return 200, {"database": "ok", "version": "12.4.1", "commit": "fake"}
        role = _role(headers.get("authorization", ""))
        if role is None:
            return 401, {"message": "Invalid API key"}
        if role == "Viewer" and verb in _WRITES and path != "/api/ds/query":
            needed = "You'll need additional permissions to perform this action."
            return 403, {"accessErrorId": "ACE0", "message": needed, "title": "Access denied"}
        for wanted, pattern, method in _ROUTES:
            found = re.fullmatch(pattern, path)
            if wanted == verb and found:
                return method(self, *found.groups(), body=body, headers=headers)
        return 404, {"message": "Not found"}

    def _org(self, **_: Any) -> Answer:  # noqa: ANN401  as asked
        return 200, {"id": 1, "name": "Main Org."}

    def _folder(self, uid: str, **_: Any) -> Answer:  # noqa: ANN401
        found = self.state.folders.get(uid)
        missing = {"message": "folder not found", "status": "not-found"}
        return (404, missing) if found is None else (200, found)

    def _make_folder(self, *, body: dict[str, Any], **_: Any) -> Answer:  # noqa: ANN401
        if not body.get("title"):
            return 400, {"message": "folder title cannot be empty"}
        uid = body.get("uid") or f"made-{len(self.state.folders)}"
        if uid in self.state.folders:
            return 409, {"message": "a folder/dashboard with the same uid already exists"}
        made = {"id": len(self.state.folders) + 1, "uid": uid, "title": body["title"], "version": 1}
        self.state.folders[uid] = made
        return 200, made

    def _change_folder(self, uid: str, *, body: dict[str, Any], **_: Any) -> Answer:  # noqa: ANN401
        found = self.state.folders.get(uid)
        if found is None:
            return 404, {"message": "folder not found"}
        if not body.get("overwrite") and body.get("version") != found["version"]:
            return 412, _FOLDER_CHANGED
        found |= {"title": body["title"], "version": found["version"] + 1}
        return 200, found

    def _end_folder(self, uid: str, **_: Any) -> Answer:  # noqa: ANN401
        self.state.folders.pop(uid, None)
        within = [u for u, each in self.state.dashboards.items() if each["folder_uid"] == uid]
        for each in within:
            del self.state.dashboards[each]
        return 200, {"message": "Folder deleted"}

    def _dashboard(self, uid: str, **_: Any) -> Answer:  # noqa: ANN401
        found = self.state.dashboards.get(uid)
        if found is None:
            return 404, {"message": "Dashboard not found", "status": "not-found"}
        version = found["dashboard"]["version"]
        meta = {
            "folderUid": found["folder_uid"],
            "provisioned": found["provisioned"],
            "version": version,
            "isFolder": False,
            "canSave": True,
        }
        return 200, {"meta": meta, "dashboard": found["dashboard"]}

    def _save_dashboard(self, *, body: dict[str, Any], **_: Any) -> Answer:  # noqa: ANN401
        wanted = body.get("dashboard") or {}
        uid, folder_uid = wanted.get("uid") or "made", body.get("folderUid") or ""
        found = self.state.dashboards.get(uid)
        refusal = self._refused(wanted, uid, folder_uid, found)
        if refusal is not None:
            return refusal
        version = found["dashboard"]["version"] if found else 0
        if found and not body.get("overwrite") and wanted.get("version") != version:
            return 412, _DASHBOARD_CHANGED
        number = found["dashboard"]["id"] if found else len(self.state.dashboards) + 1
        kept = {**wanted, "id": number, "uid": uid, "version": version + 1}
        self.state.dashboards[uid] = {
            "dashboard": kept,
            "folder_uid": folder_uid,
            "provisioned": False,
        }
        return 200, {"id": number, "uid": uid, "status": "success", "version": version + 1}

    def _refused(
        self, wanted: dict[str, Any], uid: str, folder_uid: str, found: dict[str, Any] | None
    ) -> Answer | None:
        if not wanted.get("title"):
            return 400, {"message": "Dashboard title cannot be empty", "status": "empty-name"}
        if len(uid) > _LONGEST_UID:
            return 400, {"message": "uid too long, max 40 characters"}
        if folder_uid and folder_uid not in self.state.folders:
            return 404, {"message": "Folder not found"}
        if found and found["provisioned"]:
            return 400, {"message": "Cannot save provisioned dashboard"}
        return None

    def _end_dashboard(self, uid: str, **_: Any) -> Answer:  # noqa: ANN401
        found = self.state.dashboards.pop(uid, None)
        return (200, {"message": "deleted"}) if found else (404, {"message": "Dashboard not found"})

    def _health(self, uid: str, **_: Any) -> Answer:  # noqa: ANN401
        wrong = self.state.data_sources.get(uid)
        if wrong is None:
            return 404, {"message": "Data source not found"}
        if wrong:
            return 400, {"status": "ERROR", "message": wrong}
        return 200, {"status": "OK", "message": "datasource is working"}

    def _query(self, *, body: dict[str, Any], **_: Any) -> Answer:  # noqa: ANN401
        results = {}
        for each in body["queries"]:
            if each["datasource"]["uid"] not in self.state.data_sources:
                return 404, {"message": "Data source not found"}
            results[each["refId"]] = {"status": 200, "frames": []}
        return 200, {"results": results}

    def _find_annotations(self, *, body: dict[str, Any], **_: Any) -> Answer:  # noqa: ANN401
        asked = body["?"]
        since, until = int(asked.get("from", ["0"])[0]), int(asked.get("to", [str(2**53)])[0])
        limit = int(asked.get("limit", ["100"])[0])
        found = [
            each
            for each in self.state.annotations
            if since <= each["time"] <= until and set(asked.get("tags", [])) <= set(each["tags"])
        ]
        return 200, found[-limit:]

    def _annotate(self, *, body: dict[str, Any], **_: Any) -> Answer:  # noqa: ANN401
        if not body.get("text"):
            return 400, {"message": "Failed to save annotation"}
        number = len(self.state.annotations) + 1
        kept = {"id": number, "time": body["time"], "timeEnd": body.get("timeEnd") or body["time"]}
        self.state.annotations.append(kept | {"text": body["text"], "tags": body["tags"]})
        return 200, {"message": "Annotation added", "id": number}

    def _end_annotation(self, number: str, **_: Any) -> Answer:  # noqa: ANN401
        self.state.annotations = [a for a in self.state.annotations if a["id"] != int(number)]
        return 200, {"message": "Annotation deleted"}

    def _make_mute_timing(self, *, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        provenance = "" if "x-disable-provenance" in headers else "api"
        made = {"name": body["name"], "time_intervals": body["time_intervals"]}
        self.state.mute_timings[body["name"]] = made | {"provenance": provenance}
        return 201, self.state.mute_timings[body["name"]]

    def _mute_timing(self, name: str, **_: Any) -> Answer:  # noqa: ANN401
        found = self.state.mute_timings.get(name)
        return (404, {"message": "not found"}) if found is None else (200, found)

    def _end_mute_timing(self, name: str, **_: Any) -> Answer:  # noqa: ANN401
        self.state.mute_timings.pop(name, None)
        return 204, None


_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", "/api/org", GrafanaFake._org),
    ("GET", "/api/folders/([^/]+)", GrafanaFake._folder),
    ("POST", "/api/folders", GrafanaFake._make_folder),
    ("PUT", "/api/folders/([^/]+)", GrafanaFake._change_folder),
    ("DELETE", "/api/folders/([^/]+)", GrafanaFake._end_folder),
    ("GET", "/api/dashboards/uid/([^/]+)", GrafanaFake._dashboard),
    ("POST", "/api/dashboards/db", GrafanaFake._save_dashboard),
    ("DELETE", "/api/dashboards/uid/([^/]+)", GrafanaFake._end_dashboard),
    ("GET", "/api/datasources/uid/([^/]+)/health", GrafanaFake._health),
    ("POST", "/api/ds/query", GrafanaFake._query),
    ("GET", "/api/annotations", GrafanaFake._find_annotations),
    ("POST", "/api/annotations", GrafanaFake._annotate),
    ("DELETE", "/api/annotations/([0-9]+)", GrafanaFake._end_annotation),
    ("POST", "/api/v1/provisioning/mute-timings", GrafanaFake._make_mute_timing),
    ("GET", "/api/v1/provisioning/mute-timings/([^/]+)", GrafanaFake._mute_timing),
    ("DELETE", "/api/v1/provisioning/mute-timings/([^/]+)", GrafanaFake._end_mute_timing),
]


def _role(authorization: str) -> str | None:
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return {
        f"Bearer {EDITOR_TOKEN}": "Editor",
        f"Bearer {VIEWER_TOKEN}": "Viewer",
        f"Basic {basic}": "Admin",
    }.get(authorization)


class _Handler(BaseHTTPRequestHandler):
    fake: GrafanaFake
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null") or {}
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.fake.answer(self.command, self.path, headers, body)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        sent = b"" if answer is None else text.encode()
        self.send_response(status)
        if answer is not None:
            kind = "text/html" if isinstance(answer, str) else "application/json"
            self.send_header("Content-Type", kind)
        if status in (301, 302):
            self.send_header("Location", "/login")
        self.send_header("Content-Length", str(len(sent)))
        # One request a connection: a server that stops must not wait for idle ones.
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  the server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as inherited
        del format, args
