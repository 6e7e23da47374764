"""Write the Envoy configuration of one deployment: `python deploy/envoy/render.py DIRECTORY`.

The files are envoy.yaml, tls.yaml (with TLS), and descriptors.binpb with the contracts for JSON
transcoding. Options describe the deployment. The treatment of requests is in listeners.yaml next to
this file.
"""

import argparse
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor

HERE = Path(__file__).resolve().parent
CONTRACTS = (
    "session", "transcription", "transcript", "playback", "vocabulary", "reprocessing",
    "library", "search", "upload", "capture", "queue", "speech", "diarization", "speaker", "export",
    "audit", "sharing", "imports", "turns", "live",
)  # fmt: skip
# Messages in the details of errors. Without them Envoy answers errors with an empty body.
ERROR_DETAILS = ("google.rpc.error_details_pb2", "google.rpc.status_pb2")
GRPC_CLUSTERS = (
    "gateway", "transcriber-api", "transcriber-worker", "diarizer", "speakers", "exporter",
)  # fmt: skip
HTTP_CLUSTER = "gateway-http"
_TYPES = "type.googleapis.com/envoy"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Choices of a deployment."""

    directory: str
    """Directory of the files on Envoy's machine."""

    addresses: Mapping[str, str]
    """`host:port` by cluster."""

    listen: str = "0.0.0.0:8080"
    status: str = "0.0.0.0:9902"
    admin: str = "127.0.0.1:9901"
    certificate: str = ""
    key: str = ""
    """Files for TLS with clients. Without them Envoy serves plain HTTP."""

    upstream_ca: str = ""
    upstream_certificate: str = ""
    upstream_key: str = ""
    """Files for mutual TLS with the services."""

    cors_origins: Sequence[str] = field(default_factory=tuple)
    trusted_hops: int = 0
    """Number of proxies in front of Envoy whose X-Forwarded-For is trusted."""


def bootstrap(edge: Edge) -> dict[str, Any]:
    """Return the whole configuration except the certificate."""
    connections = "envoy.resource_monitors.global_downstream_max_connections"
    limit = {
        "@type": f"{_TYPES}.extensions.resource_monitors.downstream_connections.v3"
        ".DownstreamConnectionsConfig",
        "max_active_downstream_connections": 20000,
    }
    return {
        "node": {"id": "edge", "cluster": "securetranscribe"},
        "admin": {"address": _socket(edge.admin)},
        "overload_manager": {"resource_monitors": [{"name": connections, "typed_config": limit}]},
        "static_resources": {"listeners": listeners(edge), "clusters": clusters(edge)},
    }


def listeners(edge: Edge) -> list[dict[str, Any]]:
    """Return the listeners, completed with the deployment's choices."""
    text = (HERE / "listeners.yaml").read_text(encoding="utf-8")
    door, status = yaml.safe_load(text)["listeners"]
    door["address"], status["address"] = _socket(edge.listen), _socket(edge.status)
    chain = door["filter_chains"][0]
    manager = chain["filters"][0]["typed_config"]
    manager["xff_num_trusted_hops"] = edge.trusted_hops
    host = manager["route_config"]["virtual_hosts"][0]
    host["typed_per_filter_config"]["envoy.filters.http.cors"]["allow_origin_string_match"] = [
        {"exact": origin} for origin in edge.cors_origins
    ]
    for filter_ in manager["http_filters"]:
        if "proto_descriptor" in filter_["typed_config"]:
            filter_["typed_config"]["proto_descriptor"] = f"{edge.directory}/descriptors.binpb"
    if edge.certificate:
        chain["transport_socket"] = _downstream_tls(edge)
    return [door, status]


def tls_secret(edge: Edge) -> dict[str, Any]:
    """Return the certificate for clients, in a separate file so that Envoy follows its renewal."""
    certificate = {
        "certificate_chain": {"filename": edge.certificate},
        "private_key": {"filename": edge.key},
        "watched_directory": {"path": str(Path(edge.certificate).parent)},
    }
    kind = f"{_TYPES}.extensions.transport_sockets.tls.v3.Secret"
    return {"resources": [{"@type": kind, "name": "edge", "tls_certificate": certificate}]}


def clusters(edge: Edge) -> list[dict[str, Any]]:
    """Return the addresses and health checks of the services."""
    grpc = [_grpc_cluster(name, edge) for name in GRPC_CLUSTERS]
    http = _cluster(HTTP_CLUSTER, edge.addresses[HTTP_CLUSTER])
    http["health_checks"] = [
        _check({"http_health_check": {"path": "/health/ready", "host": "localhost"}})
    ]
    telemetry = _cluster("telemetry", edge.addresses["telemetry"], http2=True)
    admin = _cluster("admin", edge.admin)
    return [*grpc, http, telemetry, admin]


def descriptors() -> bytes:
    """Return the contracts and their imports as a serialized FileDescriptorSet."""
    found = descriptor_pb2.FileDescriptorSet()
    seen: set[str] = set()
    for module in (*(f"securetranscribe.v1.{name}_pb2" for name in CONTRACTS), *ERROR_DETAILS):
        contract: FileDescriptor = importlib.import_module(module).DESCRIPTOR
        for file in _with_imports(contract, seen):
            file.CopyToProto(found.file.add())
    return found.SerializeToString(deterministic=True)


def write(edge: Edge, directory: Path) -> None:
    """Write all files of one configuration."""
    directory.mkdir(parents=True, exist_ok=True)
    documents = {"envoy": bootstrap(edge)}
    if edge.certificate:
        documents["tls"] = tls_secret(edge)
    for name, document in documents.items():
        text = yaml.safe_dump(document, sort_keys=False, width=120)
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
    (directory / "descriptors.binpb").write_bytes(descriptors())


def _grpc_cluster(name: str, edge: Edge) -> dict[str, Any]:
    cluster = _cluster(name, edge.addresses[name], http2=True)
    cluster["health_checks"] = [_check({"grpc_health_check": {}})]
    if edge.upstream_ca:
        cluster["transport_socket"] = _upstream_tls(edge, edge.addresses[name])
    return cluster


def _cluster(name: str, address: str, *, http2: bool = False) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _socket(address)}}
    limits = {"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096}
    cluster: dict[str, Any] = {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "2s",
        "ignore_health_on_host_removal": True,
        # Answer 503 rather than send a request to a process that is not ready.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {"thresholds": [limits]},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if http2:
        keepalive = {"connection_keepalive": {"interval": "30s", "timeout": "5s"}}
        cluster["typed_extension_protocol_options"] = {
            _HTTP_OPTIONS: {
                "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
                "explicit_http_config": {"http2_protocol_options": keepalive},
            }
        }
    return cluster


def _check(kind: dict[str, Any]) -> dict[str, Any]:
    return {
        "timeout": "2s",
        "interval": "5s",
        "no_traffic_interval": "5s",
        "unhealthy_interval": "1s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        **kind,
    }


def _downstream_tls(edge: Edge) -> dict[str, Any]:
    source = {
        "resource_api_version": "V3",
        "path_config_source": {"path": f"{edge.directory}/tls.yaml"},
    }
    context = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificate_sds_secret_configs": [{"name": "edge", "sds_config": source}],
    }  # fmt: skip
    return _transport("DownstreamTlsContext", {"common_tls_context": context})


def _upstream_tls(edge: Edge, address: str) -> dict[str, Any]:
    host = address.rpartition(":")[0]
    names = [{"san_type": "DNS", "matcher": {"exact": host}}]
    context: dict[str, Any] = {
        "alpn_protocols": ["h2"],
        "validation_context": {
            "trusted_ca": {"filename": edge.upstream_ca},
            "match_typed_subject_alt_names": names,
        },
    }
    if edge.upstream_certificate:
        own = {"filename": edge.upstream_certificate}
        key = {"filename": edge.upstream_key}
        context["tls_certificates"] = [{"certificate_chain": own, "private_key": key}]
    return _transport("UpstreamTlsContext", {"sni": host, "common_tls_context": context})


def _transport(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    named = {"@type": f"{_TYPES}.extensions.transport_sockets.tls.v3.{kind}", **config}
    return {"name": "envoy.transport_sockets.tls", "typed_config": named}


def _socket(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


def _with_imports(file: FileDescriptor, seen: set[str]) -> Iterator[FileDescriptor]:
    if file.name not in seen:
        seen.add(file.name)
        for imported in file.dependencies:
            yield from _with_imports(imported, seen)
        yield file


def compose_addresses() -> dict[str, str]:
    """Return the addresses of the services in docker-compose.yml, by cluster."""
    grpc = {name: f"{name}:50051" for name in GRPC_CLUSTERS}
    # Names on the network whose addresses these services trust to be Envoy's.
    doors = ("gateway", "transcriber-api", "speakers", "exporter")
    trusting = {name: f"{name}-door:50051" for name in doors} | {HTTP_CLUSTER: "gateway-door:8000"}
    return grpc | trusting | {"telemetry": "telemetry:4317"}


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument(
        "--directory", help="directory of the files on Envoy's machine (default: OUTPUT)"
    )
    parser.add_argument("--listen", default=Edge.listen, metavar="HOST:PORT")
    parser.add_argument("--status", default=Edge.status, metavar="HOST:PORT")
    parser.add_argument("--admin", default=Edge.admin, metavar="HOST:PORT")
    parser.add_argument("--certificate", default="", help="certificate file for TLS with clients")
    parser.add_argument("--key", default="", help="file of its private key")
    parser.add_argument("--upstream-ca", default="", help="CA file for TLS with the services")
    parser.add_argument("--upstream-certificate", default="")
    parser.add_argument("--upstream-key", default="")
    parser.add_argument("--cors-origin", action="append", default=[], dest="cors_origins")
    parser.add_argument("--trusted-hops", type=int, default=0)
    parser.add_argument(
        "--address", action="append", default=[], metavar="CLUSTER=HOST:PORT",
        help=f"address of a service. Clusters: {', '.join(compose_addresses())}",
    )  # fmt: skip
    options = vars(parser.parse_args())
    output: Path = options.pop("output")
    given = dict(item.split("=", 1) for item in options.pop("address"))
    unknown = given.keys() - compose_addresses().keys()
    if unknown:
        parser.error(f"--address: no cluster is named {', '.join(sorted(unknown))}")
    options["directory"] = options["directory"] or str(output.resolve())
    write(Edge(addresses=compose_addresses() | given, **options), output)


if __name__ == "__main__":
    main()
