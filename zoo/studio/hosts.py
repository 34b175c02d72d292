"""Which Host headers are answered: a page of another site must not reach this server by a name of its own."""

import ipaddress
import socket
from dataclasses import dataclass

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound)


@dataclass(frozen=True)
class Hosts:
    """The names by which a server that listens on `host` may be called."""

    host: str

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    def allows(self, header: str) -> bool:
        """Whether a Host header is that of this server, at any port (which a tunnel may change).

        >>> Hosts("127.0.0.1").allows("localhost:8600"), Hosts("127.0.0.1").allows("evil.example:8600")
        (True, False)
        """
        name = _plain_name(_name_of(header))
        if name in (_plain_name(self.host.lower()), *LOOPBACK_NAMES):
            return True
        if self.is_loopback:
            return False
        if name == socket.gethostname().lower():
            return True
        return self.host in EVERYWHERE and _is_address(name)  # a number cannot be made to mean another machine


def _name_of(header: str) -> str:
    """The host of "host:port", in small letters; "" where it is neither a name nor an address."""
    text = header.strip().lower()
    name, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text
    return name if port.isdigit() else ""


def _plain_name(name: str) -> str:
    """Without the brackets of an IPv6 address, which is written in its shortest way.

    >>> _plain_name("[fd00:0::5]"), _plain_name("localhost")
    ('fd00::5', 'localhost')
    """
    plain = name.removeprefix("[").removesuffix("]")
    return str(ipaddress.ip_address(plain)) if _is_address(plain) else plain


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
