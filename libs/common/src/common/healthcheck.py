"""Check the health of a server: `python -m common.healthcheck`, as containers do regularly.

It imports little and reads the environment itself, because each check is a new process.
"""

import argparse
import http.client
import os
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

LOOPBACK = "127.0.0.1"
_SERVING = health_pb2.HealthCheckResponse.SERVING


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> int:
    """Return 0 when every address is healthy. Else print one line per failure and return 1."""
    parser = argparse.ArgumentParser(prog="python -m common.healthcheck", description=__doc__)
    parser.add_argument(
        "addresses", nargs="*", metavar="HOST:PORT", help="gRPC servers (default: this service's)"
    )
    parser.add_argument(
        "--http", metavar="PATH", help="also GET this path of this service's HTTP server"
    )
    parser.add_argument(
        "--timeout", type=float, default=4, help="seconds allowed per check (default 4)"
    )
    asked = parser.parse_args(arguments)
    own = f"{LOOPBACK}:{environment.get('GRPC_PORT', '')}"
    problems = {
        address: grpc_problem(address, environment, asked.timeout)
        for address in asked.addresses or [own]
    }
    if asked.http:
        problems[asked.http] = http_problem(
            int(environment.get("PORT", "0")), asked.http, asked.timeout
        )
    for what, problem in problems.items():
        if problem:
            print(f"{what}: {problem}", file=sys.stderr)
    return 1 if any(problems.values()) else 0


def grpc_problem(address: str, environment: Mapping[str, str], timeout: float) -> str | None:
    """Return why a gRPC server (`host:port`) is not healthy, None when it is SERVING."""
    try:
        with _channel(address, environment, timeout) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=timeout
            )
    except grpc.RpcError as error:
        return str(error.code().name)
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    if answer.status == _SERVING:
        return None
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def http_problem(port: int, path: str, timeout: float) -> str | None:
    """Return why the HTTP server on this machine is not healthy, None when it answers 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return None if status == http.HTTPStatus.OK else f"answered {status}"


def _channel(address: str, environment: Mapping[str, str], timeout: float) -> grpc.Channel:
    options: list[tuple[str, str | int]] = [("grpc.enable_http_proxy", 0)]
    certificate = environment.get("GRPC_TLS_CERT") or None
    key = environment.get("GRPC_TLS_KEY") or None
    # Without an authority, trust the server's own certificate.
    authority = environment.get("GRPC_TLS_CA") or certificate
    if authority is None:
        return grpc.insecure_channel(address, options=options)
    if address.startswith(f"{LOOPBACK}:"):
        # Certificates name the service, not the loopback address.
        name = _name_in_certificate(address, authority, certificate, key, timeout)
        options.append(("grpc.ssl_target_name_override", name))
    files = (authority, key, certificate)
    credentials = grpc.ssl_channel_credentials(
        *(Path(file).read_bytes() if file else None for file in files)
    )
    return grpc.secure_channel(address, credentials, options=options)


def _name_in_certificate(
    address: str, authority: str, certificate: str | None, key: str | None, timeout: float
) -> str:
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    if certificate and key:
        context.load_cert_chain(certificate, key)
    host, _, port = address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout) as plain,
        context.wrap_socket(plain) as secured,
    ):
        shown = secured.getpeercert() or {}
    for entry in shown.get("subjectAltName", ()):
        if entry[0] == "DNS":
            return str(entry[1])
    raise ValueError("the certificate names no host")


if __name__ == "__main__":
    sys.exit(main())
