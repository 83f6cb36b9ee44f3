"""Links for a crew's phone: signed, for one case and one crew, and good for a limited time."""

from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from domain.checks import InvalidValueError, check_id
from domain.ports.clock import Clock

_FEWEST_SECRET_BYTES = 16
_FIELDS = 3


class ForgedLinkError(Exception):
    """The token was not made by us, or not for this."""


class ExpiredLinkError(Exception):
    """The token was ours and is too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewPass:
    """What a token allows: this crew may see and work on this case."""

    crew_id: str
    case_id: str


class CrewLinks:
    """Makes and reads the links. Expiry is by the business clock (default 72 h)."""

    def __init__(
        self,
        secret: bytes,
        base_url: str,
        clock: Clock,
        *,
        valid_for: timedelta = timedelta(hours=72),
    ) -> None:
        if len(secret) < _FEWEST_SECRET_BYTES:
            msg = f"the link secret must have at least {_FEWEST_SECRET_BYTES} bytes"
            raise ValueError(msg)
        self._serializer = URLSafeSerializer(secret, salt="huanwei.crew-link.v1")
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._valid_for = valid_for

    def link(self, *, crew_id: str, case_id: str) -> str:
        """Return the address of the crew's page for that case."""
        expires_at = int((self._clock.now() + self._valid_for).timestamp())
        token = self._serializer.dumps([crew_id, case_id, expires_at])
        return f"{self._base_url}/c/{token}"

    def read(self, token: str) -> CrewPass:
        """Return what ``token`` allows; raise ForgedLinkError or ExpiredLinkError."""
        try:
            content = self._serializer.loads(token)
        except BadSignature as error:
            raise ForgedLinkError from error
        crew_pass, expires_at = _read_content(content)
        if self._clock.now().timestamp() > expires_at:
            raise ExpiredLinkError
        return crew_pass


def _read_content(content: object) -> tuple[CrewPass, int]:
    if not isinstance(content, list) or len(content) != _FIELDS:
        raise ForgedLinkError
    crew_id, case_id, expires_at = content
    if not isinstance(expires_at, int) or not isinstance(crew_id, str):
        raise ForgedLinkError
    try:
        crew_pass = CrewPass(
            crew_id=check_id("crew_id", crew_id), case_id=check_id("case_id", str(case_id))
        )
    except InvalidValueError as error:
        raise ForgedLinkError from error
    return crew_pass, expires_at
