"""How a connection to the broker is encrypted, and how each side proves who it is."""

import ssl
from dataclasses import dataclass
from pathlib import Path


class UnusableTlsFilesError(Exception):
    """A file of the TLS settings cannot be used; the text names it."""


class _ClosedWhenRefused(ssl.SSLSocket):
    """A socket that is closed when the handshake fails: paho drops it without closing."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  as inherited
        """Shake hands, or close."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Encrypt, and trust only brokers whose certificate ``authority`` has signed for their name.

    ``certificate`` and ``key`` (PEM, both or neither): ours, where the broker asks for one.
    """

    authority: Path
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return what paho needs: TLS 1.2 or newer, chain and host name checked.

        Raises :class:`UnusableTlsFilesError`.
        """
        try:
            context = ssl.create_default_context(cafile=str(self.authority))
        except OSError as error:
            msg = f"{self.authority}: not a readable PEM file of certificates: {error}"
            raise UnusableTlsFilesError(msg) from error
        context.sslsocket_class = _ClosedWhenRefused
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key)
            except OSError as error:
                msg = f"{self.certificate}, {self.key}: not a certificate and its key: {error}"
                raise UnusableTlsFilesError(msg) from error
        return context
