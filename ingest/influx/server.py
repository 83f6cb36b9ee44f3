"""The one file that knows influxdb_client: synchronous writes, queries, and what set-up needs.

Its batching mode loses points and its ``flush`` does nothing; neither is used. It never retries
here: what can be tried again, and when, is the writer's decision.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from influxdb_client import (
    Authorization,
    Bucket,
    BucketRetentionRules,
    InfluxDBClient,
    Permission,
    PermissionResource,
)
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from domain.ports.history import TimeSeriesAwayError
from ingest.influx.sink import (
    BodyTooLargeError,
    LinesRefusedError,
    SinkBusyError,
    SinkClosedError,
)

REQUEST_TIMEOUT_S = 8.0
"""Shorter than a process has for its end, so that a hanging server does not get it killed."""

_BAD_REQUEST, _TOO_LARGE, _UNPROCESSABLE = 400, 413, 422
_COME_AGAIN = (408, 429)
_FIRST_SERVER_ERROR = 500
_MOST_DETAIL = 500
_DROPPED = re.compile(r"dropped=(\d+)")


class InfluxError(TimeSeriesAwayError):
    """The server did not answer, or refused; the text says which and why.

    ``status`` is that of its answer, None without one.
    """

    def __init__(self, detail: str, *, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


class FluxServer(Protocol):
    """Answers queries."""

    def rows(self, flux: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of all tables; raise :class:`InfluxError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxAddress:
    """Where the server is, and as whom to speak to it. ``gzip`` pays only over a slow network."""

    url: str
    org: str
    token: str = field(repr=False)
    gzip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBucket:
    """A bucket as it is; ``kept_s`` 0 keeps for ever."""

    bucket_id: str
    name: str
    kept_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownToken:
    """A token as it is listed: the secret itself cannot be read back."""

    token_id: str
    description: str


class InfluxServer:
    """Fulfils ``ingest.influx.sink.LineSink`` and :class:`FluxServer`. Any thread may call."""

    def __init__(self, address: InfluxAddress) -> None:
        self._client = InfluxDBClient(
            url=address.url,
            token=address.token,
            org=address.org,
            enable_gzip=address.gzip,
            timeout=int(REQUEST_TIMEOUT_S * 1000),
        )
        self._writes = self._client.write_api(write_options=SYNCHRONOUS)
        self._queries = self._client.query_api()

    def write(self, bucket: str, body: bytes) -> None:
        """Return when every line is written; raise what :class:`LineSink` names."""
        try:
            self._writes.write(bucket=bucket, record=body)
        except ApiException as error:
            raise _write_error(error) from error
        except (HTTPError, OSError) as error:
            raise SinkBusyError(f"{type(error).__name__}: {error}"[:_MOST_DETAIL]) from error

    def rows(self, flux: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of all tables; raise :class:`InfluxError`."""
        try:
            for record in self._queries.query_stream(flux):
                yield record.values
        except (ApiException, HTTPError, OSError) as error:
            raise _influx_error(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._writes.close()
        self._client.close()


class InfluxAdministration:
    """What set-up asks of a server, with a token that may make buckets and tokens.

    Every method raises :class:`InfluxError`.
    """

    def __init__(self, address: InfluxAddress) -> None:
        self._address = address
        self._client = InfluxDBClient(
            url=address.url, token=address.token, timeout=int(REQUEST_TIMEOUT_S * 1000)
        )

    def org_id(self) -> str:
        """Return the id of the organisation."""
        with _told():
            found = self._client.organizations_api().find_organizations(org=self._address.org)
        if not found:
            msg = f"organisation {self._address.org} is not there, or this token cannot see it"
            raise InfluxError(msg)
        return str(found[0].id)

    def buckets(self, names: Sequence[str]) -> list[KnownBucket]:
        """Return those of ``names`` that exist."""
        with _told():
            listed = list(self._client.buckets_api().find_buckets_iter(org=self._address.org))
        return [
            KnownBucket(bucket_id=b.id, name=b.name, kept_s=_kept_s(b.retention_rules))
            for b in listed
            if b.name in names
        ]

    def make_bucket(self, name: str, *, kept_s: int) -> str:
        """Make a bucket and return its id."""
        rules = BucketRetentionRules(type="expire", every_seconds=kept_s)
        with _told():
            made = self._client.buckets_api().create_bucket(
                bucket_name=name, org=self._address.org, retention_rules=[rules]
            )
        return str(made.id)

    def keep_for(self, bucket: KnownBucket, *, kept_s: int) -> None:
        """Change the retention of a bucket."""
        rules = BucketRetentionRules(type="expire", every_seconds=kept_s)
        changed = Bucket(id=bucket.bucket_id, name=bucket.name, retention_rules=[rules])
        with _told():
            self._client.buckets_api().update_bucket(changed)

    def tokens(self, description: str) -> list[KnownToken]:
        """Return the tokens of that description."""
        with _told():
            found = self._client.authorizations_api().find_authorizations(org=self._address.org)
        return [
            KnownToken(token_id=each.id, description=each.description)
            for each in found
            if each.description == description
        ]

    def make_token(
        self, description: str, *, reads: Sequence[str] = (), writes: Sequence[str] = ()
    ) -> str:
        """Make a token that may read and write these bucket ids and nothing else; return it."""
        org_id = self.org_id()
        permissions = [
            Permission(
                action=action,
                resource=PermissionResource(type="buckets", id=bucket_id, org_id=org_id),
            )
            for action, bucket_ids in (("read", reads), ("write", writes))
            for bucket_id in bucket_ids
        ]
        wanted = Authorization(org_id=org_id, permissions=permissions, description=description)
        with _told():
            made = self._client.authorizations_api().create_authorization(authorization=wanted)
        return str(made.token)

    def end_token(self, token: KnownToken) -> None:
        """Make a token worthless."""
        with _told():
            self._client.authorizations_api().delete_authorization(token.token_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class _told:  # noqa: N801  reads as a word: "with _told()"
    """Turns the library's errors into :class:`InfluxError`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ApiException | HTTPError | OSError):
            raise _influx_error(error) from error


def _influx_error(error: Exception) -> InfluxError:
    status = error.status if isinstance(error, ApiException) else None
    return InfluxError(_words_of(error), status=status)


def _write_error(error: ApiException) -> Exception:
    status = int(error.status or 0)
    detail = _words_of(error)
    if status in _COME_AGAIN or status >= _FIRST_SERVER_ERROR:
        return SinkBusyError(detail, retry_after_s=_retry_after_s(error))
    if status == _TOO_LARGE:
        return BodyTooLargeError(detail)
    # Another server's 400, a proxy's say, must not send good lines to dead letters.
    if status == _BAD_REQUEST and _code(error) == "invalid":
        return LinesRefusedError(detail)
    if status == _UNPROCESSABLE and _code(error) == "unprocessable entity":
        dropped = _DROPPED.search(detail)
        return LinesRefusedError(detail, dropped=int(dropped[1]) if dropped else None)
    return SinkClosedError(detail)


def _words_of(error: Exception) -> str:
    if isinstance(error, ApiException):
        said = _answer(error).get("message") or error.reason or ""
        return f"{error.status}: {said}"[:_MOST_DETAIL]
    return f"{type(error).__name__}: {error}"[:_MOST_DETAIL]


def _code(error: ApiException) -> object:
    return _answer(error).get("code")


def _answer(error: ApiException) -> dict[str, Any]:
    body = error.body
    text = getattr(error.response, "data", None) if body is None else body
    try:
        answer = json.loads(text or "{}")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _retry_after_s(error: ApiException) -> float | None:
    text = str((error.headers or {}).get("Retry-After", ""))
    return float(text) if text.isascii() and text.isdigit() else None


def _kept_s(rules: Sequence[Any]) -> int:
    return int(rules[0].every_seconds) if rules else 0
