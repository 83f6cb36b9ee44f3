"""Certificates for tests: an authority of the test's own, by the openssl program."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_SHORT = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate and its key."""

    certificate: Path
    key: Path


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(("openssl", *arguments), cwd=folder, check=True, capture_output=True, timeout=30)


class Authority:
    """Signs certificates; ``certificate`` is what the other side has to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.certificate = folder / "ca.pem"
        subject = ("-subj", "/CN=Authority of a test")
        _openssl(
            folder,
            *("req", "-x509", *_SHORT, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"),
            *subject,
        )

    def issue(self, name: str, *, alternative: str = "IP:127.0.0.1") -> Issued:
        """Return a certificate with ``CN=name`` and a name that a client checks."""
        (self._folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n", "ascii")
        _openssl(
            self._folder,
            *("req", *_SHORT, "-keyout", f"{name}.key", "-out", f"{name}.csr"),
            *("-subj", f"/CN={name}"),
        )
        _openssl(
            self._folder,
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem"),
        )
        return Issued(certificate=self._folder / f"{name}.pem", key=self._folder / f"{name}.key")
