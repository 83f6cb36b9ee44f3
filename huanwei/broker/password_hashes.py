"""Passwords as the brokers keep them: bcrypt for NATS, PBKDF2 for Mosquitto.

The passwords hashed here are random and long, so low costs are right: nobody tries 2^192 of them,
and 2,000 devices that come back at once would keep a broker busy for a minute with bcrypt's usual
cost. The salt comes from the password and the name: the same input gives the same text, and a
broker that reads its files again leaves unchanged users connected.
"""

import base64
import ctypes
import hashlib

from huanwei.errors import StandsInTheWayError

_BCRYPT_COST = 4
_BCRYPT_DIGITS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LIBRARIES = ("libcrypt.so.1", "libcrypt.so.2")
_MOSQUITTO_ROUNDS = 101


class NoBcryptError(StandsInTheWayError):
    """This system's C library for passwords has no bcrypt."""

    def __init__(self) -> None:
        super().__init__(
            "no bcrypt on this machine: it is in libcrypt (Debian package libcrypt1)."
            " Run the command on another machine, or in our container"
        )


def bcrypt_hash(name: str, password: str) -> str:
    """Return ``$2b$04$...`` as NATS takes it. Raises :class:`NoBcryptError`."""
    salt = "".join(_BCRYPT_DIGITS[byte & 63] for byte in _salt(name, password, 22))
    # The last digit of a bcrypt salt carries two bits only.
    salt = salt[:-1] + ".Oeu"[_BCRYPT_DIGITS.index(salt[-1]) & 3]
    setting = f"$2b${_BCRYPT_COST:02}${salt}"
    for library in _LIBRARIES:
        try:
            crypt = ctypes.CDLL(library).crypt
        except (OSError, AttributeError):
            continue
        crypt.restype = ctypes.c_char_p
        made = crypt(password.encode("utf-8"), setting.encode("ascii"))
        if made and made.startswith(setting.encode("ascii")):
            return str(made.decode("ascii"))
    raise NoBcryptError


def mosquitto_hash(name: str, password: str) -> str:
    """Return ``$7$...`` as ``mosquitto_passwd`` writes it: PBKDF2 with SHA-512."""
    salt = _salt(name, password, 12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode("utf-8"), salt, _MOSQUITTO_ROUNDS)
    parts = (base64.b64encode(part).decode("ascii") for part in (salt, digest))
    return f"$7${_MOSQUITTO_ROUNDS}$" + "$".join(parts)


def _salt(name: str, password: str, length: int) -> bytes:
    return hashlib.sha256(f"salt of {name}: {password}".encode()).digest()[:length]
