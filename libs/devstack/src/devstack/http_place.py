"""Where the gateway listens for HTTP and HTTPS."""

from collections.abc import Mapping
from dataclasses import dataclass

from devstack.config import StackConfig
from devstack.health import HttpProbe
from devstack.https import AUTHORITY_PATH, Https
from devstack.ports import LOOPBACK, PortBook
from devstack.state import NetworkAccess

_ANY_INTERFACE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True, kw_only=True)
class HttpPlace:
    """Address of the gateway. With HTTPS, a second port redirects to it."""

    host: str
    port: int
    plain_port: int | None = None
    https: Https | None = None

    @classmethod
    def take(cls, ports: PortBook, config: StackConfig, https: Https | None) -> "HttpPlace":
        """Take the ports. Raise PortTakenError if a fixed one is in use."""
        plain = _port(ports, "gateway", config.port, variable="PORT", host=config.host)
        if https is None:
            return cls(host=config.host, port=plain)
        port = _port(
            ports, "gateway-https", config.https_port, variable="HTTPS_PORT", host=config.host
        )
        return cls(host=config.host, port=port, plain_port=plain, https=https)

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of the gateway, given those of the operator."""
        own = {"HOST": self.host, "PORT": str(self.port)}
        if self.https is None:
            return own
        return own | {
            "HTTP_REDIRECT_PORT": str(self.plain_port),
            **self.https.variables(environment),
        }

    def probe(self, environment: Mapping[str, str]) -> HttpProbe:
        """Return the health probe for a gateway with these variables."""
        return HttpProbe(
            host=reachable(environment["HOST"]),
            port=int(environment["PORT"]),
            path="/health",
            tls=bool(environment.get("SSL_CERT_PATH")),
        )

    def url(self, environment: Mapping[str, str]) -> str:
        """Return the URL on this machine, given the variables of the operator."""
        tls = self.https is not None or environment.get("SSL_CERT_PATH")
        return _url("https" if tls else "http", reachable(self.host), self.port)

    @property
    def network(self) -> NetworkAccess | None:
        """URLs for other devices, None without TLS."""
        if self.https is None:
            return None
        urls = tuple(_url("https", host, self.port) for host in self.https.hosts)
        if self.https.certificates is None or self.plain_port is None:
            return NetworkAccess(urls=urls)
        first = next(iter(self.https.hosts), reachable(self.host))
        return NetworkAccess(
            urls=urls,
            authority_url=_url("http", first, self.plain_port) + AUTHORITY_PATH,
            fingerprint=self.https.fingerprint(),
        )


def reachable(host: str) -> str:
    """Return the address of a listening server as seen from this machine."""
    return LOOPBACK if host in _ANY_INTERFACE else host


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _port(ports: PortBook, name: str, wanted: int | None, *, variable: str, host: str) -> int:
    if wanted is None:
        return ports.take(name)
    return ports.fixed(name, wanted, variable=variable, host=host)
