"""What a server needs for Huanwei, as a plan to read first: buckets, retention, two tokens.

The writer's token may only write the three buckets, the reader's only read them. A token is shown
once, when it is made, and cannot be read back: one that we do not hold any more is replaced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ingest.influx.buckets import BucketNames
from ingest.influx.server import (
    InfluxAddress,
    InfluxAdministration,
    InfluxError,
    InfluxServer,
    KnownBucket,
    KnownToken,
)
from ingest.influx.sink import LinesRefusedError, SinkBusyError, SinkClosedError

_DAY_S = 24 * 60 * 60
_NO_ACCESS = (401, 403, 404)


class TokenRole(StrEnum):
    """What a token is for; the value is its key in the secrets file."""

    WRITER = "token"
    READER = "read_token"


def description(role: TokenRole, names: BucketNames) -> str:
    """Return how a token is listed. Runs that share a server have buckets, and so tokens, apart."""
    return f"huanwei {role.name.lower()} of {names.raw}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpPlan:
    """What is missing. Empty: the server is as it should be."""

    make: Mapping[str, int]
    keep_for: Sequence[tuple[KnownBucket, int]]
    tokens: Mapping[TokenRole, Sequence[KnownToken]]
    """Tokens to make, each with the old ones that it replaces."""
    names: BucketNames

    @property
    def steps(self) -> list[str]:
        """The plan in words, a line a step."""
        steps = [
            f"make bucket {name}, kept for {seconds // _DAY_S} days"
            for name, seconds in self.make.items()
        ]
        steps += [
            f"change bucket {bucket.name}: kept for {_days(bucket.kept_s)} now, then"
            f" {_days(seconds)}"
            for bucket, seconds in self.keep_for
        ]
        for role, old in self.tokens.items():
            doing = "read" if role is TokenRole.READER else "write"
            name = description(role, self.names)
            step = f"make token '{name}' that may only {doing} these buckets"
            steps.append(step + (" (ends the old one, which we do not hold)" if old else ""))
        return steps


def works(address: InfluxAddress, role: TokenRole, names: BucketNames) -> bool:
    """Return whether the token in ``address`` can do its work in all three buckets.

    Raises :class:`InfluxError` when the server does not answer.
    """
    if not address.token:
        return False
    server = InfluxServer(address)
    try:
        for name in names.kept_s():
            if role is TokenRole.READER:
                list(server.rows(f'from(bucket: "{name}") |> range(start: -1m) |> limit(n: 1)'))
            else:
                server.write(name, b"")
    except (SinkClosedError, LinesRefusedError):
        return False
    except SinkBusyError as error:
        raise InfluxError(str(error)) from error
    except InfluxError as error:
        if error.status in _NO_ACCESS:
            return False
        raise
    finally:
        server.close()
    return True


def plan_set_up(
    server: InfluxAdministration, names: BucketNames, *, held: frozenset[TokenRole]
) -> SetUpPlan:
    """Return what is missing on the server; ``held`` are the tokens that we have and that work."""
    server.org_id()
    wanted = names.kept_s()
    known = {bucket.name: bucket for bucket in server.buckets(list(wanted))}
    return SetUpPlan(
        make={name: seconds for name, seconds in wanted.items() if name not in known},
        keep_for=[
            (bucket, wanted[name])
            for name, bucket in known.items()
            if bucket.kept_s != wanted[name]
        ],
        tokens={
            role: server.tokens(description(role, names)) for role in TokenRole if role not in held
        },
        names=names,
    )


def apply_set_up(server: InfluxAdministration, plan: SetUpPlan) -> dict[TokenRole, str]:
    """Do what the plan says; return the new tokens. Doing it twice does no harm."""
    for name, seconds in plan.make.items():
        server.make_bucket(name, kept_s=seconds)
    for bucket, seconds in plan.keep_for:
        server.keep_for(bucket, kept_s=seconds)
    bucket_ids = [bucket.bucket_id for bucket in server.buckets(list(plan.names.kept_s()))]
    made = {}
    for role, old in plan.tokens.items():
        reads, writes = (bucket_ids, []) if role is TokenRole.READER else ([], bucket_ids)
        name = description(role, plan.names)
        made[role] = server.make_token(name, reads=reads, writes=writes)
        for token in old:
            server.end_token(token)
    return made


def _days(seconds: int) -> str:
    return f"{seconds // _DAY_S} days" if seconds else "ever"
