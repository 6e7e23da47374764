import os
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from common.signing import receiver_key
from devstack.config import StackConfig
from devstack.errors import PortTakenError
from devstack.files import DataDirectory
from devstack.health import GrpcProbe, HttpProbe
from devstack.https import Https
from devstack.ports import PortBook
from devstack.services import (
    SERVICES,
    Planner,
    ProcessPlan,
    Rewire,
    Service,
    as_planned,
    compute_defaults,
)
from tests.ports import free_port

MakePlan = Callable[..., ProcessPlan]


@pytest.fixture
def plan(tmp_path: Path) -> MakePlan:
    def plan(
        config: StackConfig | None = None,
        environment: Mapping[str, str] | None = None,
        overrides: Mapping[str, Mapping[str, str]] | None = None,
        services: Sequence[Service] = SERVICES,
        asked: Mapping[str, int] | None = None,
        https: Https | None = None,
        rewire: Rewire = as_planned,
    ) -> ProcessPlan:
        planner = Planner(
            ports=PortBook(tmp_path / "ports.json", asked),
            server_variables=lambda owner: {"NATS_URL": f"nats for {owner}"},
            secret_key="the stack's own",
            config=config or StackConfig(),
            environment=environment or {},
            overrides=overrides or {},
            https=https,
            rewire=rewire,
        )
        return planner.plan(services)

    return plan


def variables(plan: ProcessPlan, name: str) -> Mapping[str, str]:
    return next(one for one in plan.processes if one.name == name).spec.environment


def test_every_service_has_a_process(plan: MakePlan) -> None:
    names = [one.name for one in plan().processes]
    assert names == [
        "gateway",
        "transcriber-api",
        "transcriber-worker-1",
        "transcriber-embedder",
        "diarizer-1",
        "speakers",
        "exporter",
    ]


def test_commands() -> None:
    commands = {service.name: service.command[1:] for service in SERVICES}
    assert commands["gateway"] == ("-m", "gateway")
    assert commands["transcriber-api"] == ("-m", "transcriber", "api")
    assert commands["transcriber-worker"] == ("-m", "transcriber", "worker")


def test_only_the_service_that_encrypts_gets_the_key(plan: MakePlan) -> None:
    made = plan(environment={"ENCRYPTION_KEY": "the operator's"})
    holders = {
        one.name
        for one in made.processes
        if any(name.startswith("ENCRYPTION_KEY") for name in one.spec.environment)
    }
    assert holders == {"transcriber-api"}
    assert "ENCRYPTION_KEY_FILE" not in variables(made, "transcriber-api")


def test_connections_are_rewired_by_process(plan: MakePlan) -> None:
    def rewire(process: str, variables: Mapping[str, str]) -> Mapping[str, str]:
        return {**variables, "NATS_URL": f"{variables.get('NATS_URL')}, from {process}"}

    made = plan(rewire=rewire)
    assert variables(made, "exporter")["NATS_URL"] == "nats for exporter, from exporter"
    assert variables(made, "speakers")["NATS_URL"] == "nats for speakers, from speakers"


def test_workers_are_numbered(plan: MakePlan) -> None:
    config = StackConfig(workers={"transcriber-worker": 2, "diarizer": 0})
    names = [one.name for one in plan(config).processes]
    assert "transcriber-worker-2" in names
    assert not any(name.startswith("diarizer") for name in names)


def test_every_process_has_its_own_port(plan: MakePlan) -> None:
    ports = [variables(made, one.name)["GRPC_PORT"] for made in [plan()] for one in made.processes]
    assert len(set(ports)) == len(ports)


def test_every_service_has_the_addresses_of_all(plan: MakePlan) -> None:
    made = plan(StackConfig(workers={"transcriber-worker": 2}))
    assert set(made.addresses) == {
        "GATEWAY_GRPC",
        "TRANSCRIBER_GRPC",
        "SPEECH_GRPC",
        "EMBEDDER_GRPC",
        "DIARIZER_GRPC",
        "SPEAKERS_GRPC",
        "EXPORTER_GRPC",
    }
    for one in made.processes:
        assert made.addresses.items() <= one.spec.environment.items()
    first = next(one for one in made.processes if one.name == "transcriber-worker-1")
    assert made.addresses["SPEECH_GRPC"] == first.address


def test_ports_are_reused_at_the_next_start(plan: MakePlan) -> None:
    assert plan().addresses == plan().addresses


def test_each_service_has_the_variables_of_its_servers(plan: MakePlan) -> None:
    made = plan()
    assert variables(made, "transcriber-worker-1")["NATS_URL"] == "nats for transcriber-worker"
    assert variables(made, "exporter")["NATS_URL"] == "nats for exporter"


def test_variables_made_for_containers_do_not_leak_in(plan: MakePlan) -> None:
    elsewhere = {
        "DATABASE_URL": "postgresql://postgres:5432/x",
        "S3_SECRET_KEY": "minio",
        "NATS_URL": "nats://nats:4222",
        "GATEWAY_GRPC": "gateway:50051",
        "GRPC_PORT": "50051",
    }
    made = plan(environment=elsewhere)
    for one in made.processes:
        assert not set(elsewhere.values()) & set(one.spec.environment.values())


def test_variables_of_the_operator_reach_every_service(plan: MakePlan) -> None:
    made = plan(environment={"LOG_LEVEL": "DEBUG", "SECRET_KEY": "mine"})
    for one in made.processes:
        assert one.spec.environment["LOG_LEVEL"] == "DEBUG"
        if not (one.service.scaled or one.service.alone):
            assert one.spec.environment["SECRET_KEY"] == "mine"


def test_workers_get_no_key_but_their_own(plan: MakePlan) -> None:
    made = plan(environment={"SECRET_KEY": "mine"})
    workers = [one for one in made.processes if one.service.scaled or one.service.alone]
    assert len(workers) == 3
    for one in workers:
        assert "mine" not in one.spec.environment.values()
        assert one.spec.environment["SERVICE_KEY"] == receiver_key("mine", one.service.name)


def test_embedder_has_no_server(plan: MakePlan) -> None:
    made = plan()
    assert (
        not {"DATABASE_URL", "NATS_URL", "SECRET_KEY"}
        & variables(made, "transcriber-embedder").keys()
    )


@pytest.mark.parametrize("word", ["false", "0", "No"])
def test_embedder_is_left_out_if_it_is_turned_off(plan: MakePlan, word: str) -> None:
    names = [one.name for one in plan(environment={"SEMANTIC_SEARCH": word}).processes]
    assert "transcriber-embedder" not in names
    assert "transcriber-api" in names


def test_without_a_secret_key_the_generated_one_is_used(plan: MakePlan) -> None:
    assert variables(plan(), "gateway")["SECRET_KEY"] == "the stack's own"


def test_narrower_overrides_take_precedence(plan: MakePlan) -> None:
    made = plan(
        StackConfig(workers={"transcriber-worker": 2}),
        environment={"A": "operator", "B": "operator", "C": "operator", "D": "operator"},
        overrides={
            "transcriber-worker-2": {"C": "process"},
            "transcriber-worker": {"B": "service", "C": "service"},
            "*": {"A": "all", "B": "all", "C": "all"},
        },
    )
    second, first = (variables(made, f"transcriber-worker-{number}") for number in (2, 1))
    assert [second[name] for name in "ABCD"] == ["all", "service", "process", "operator"]
    assert [first[name] for name in "ABCD"] == ["all", "service", "service", "operator"]
    assert variables(made, "gateway")["B"] == "all"


def test_only_workers_have_variables_for_computing(plan: MakePlan) -> None:
    made = plan()
    worker = variables(made, "diarizer-1")
    assert worker["OMP_WAIT_POLICY"] == "PASSIVE"
    assert worker["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "16"
    assert worker["LRU_CACHE_CAPACITY"] == "64"
    assert "OMP_NUM_THREADS" not in variables(made, "gateway")


def test_the_thread_count_of_the_operator_takes_precedence(plan: MakePlan) -> None:
    made = plan(environment={"OMP_NUM_THREADS": "7"})
    assert variables(made, "diarizer-1")["OMP_NUM_THREADS"] == "7"


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    threads = [compute_defaults(count)["OMP_NUM_THREADS"] for count in (0, 1, 2, 3, 20)]
    assert threads == ["8", "8", "4", "2", "1"]


def test_the_gateway_is_probed_by_http_and_others_by_grpc(plan: MakePlan) -> None:
    made = plan()
    probes = {one.name: one.probe for one in made.processes}
    assert isinstance(probes["gateway"], HttpProbe)
    assert probes["gateway"].path == "/health"
    assert probes["speakers"] == GrpcProbe(address=made.addresses["SPEAKERS_GRPC"])


def test_the_address_of_the_gateway(plan: MakePlan) -> None:
    port = free_port()
    config = StackConfig(host="0.0.0.0", port=port)
    made = plan(config)
    gateway = variables(made, "gateway")
    assert (gateway["HOST"], gateway["PORT"]) == ("0.0.0.0", str(port))
    assert made.gateway_url == f"http://127.0.0.1:{port}"
    assert "PORT" not in variables(made, "speakers")


def test_a_gateway_with_https(plan: MakePlan, tmp_path: Path) -> None:
    port, https_port = free_port(), free_port()
    config = StackConfig(tls=True, host="127.0.0.2", port=port, https_port=https_port)
    https = Https.of(config, DataDirectory(root=tmp_path), {})
    assert https is not None
    https.ensure()
    made = plan(config, https=https)
    gateway = variables(made, "gateway")
    assert (gateway["PORT"], gateway["HTTP_REDIRECT_PORT"]) == (str(https_port), str(port))
    assert gateway["SSL_CERT_PATH"] == str(tmp_path / "tls/server.crt")
    assert "SSL_KEY_PATH" not in variables(made, "speakers")
    assert made.gateway_url == f"https://127.0.0.2:{https_port}"
    assert made.processes[0].probe == HttpProbe(
        host="127.0.0.2", port=https_port, path="/health", tls=True
    )
    assert made.network is not None
    assert made.network.urls == (f"https://127.0.0.2:{https_port}",)
    assert made.network.authority_url == f"http://127.0.0.2:{port}/local-authority.crt"
    assert made.network.fingerprint == https.fingerprint()


def test_a_certificate_of_the_operator(plan: MakePlan, tmp_path: Path) -> None:
    own = {"SSL_CERT_PATH": "own.pem", "SSL_KEY_PATH": "own.key"}
    port, https_port = free_port(), free_port()
    made = plan(StackConfig(port=port), environment=own)
    assert made.gateway_url == f"https://127.0.0.1:{port}"
    assert made.network is None
    assert made.processes[0].probe == HttpProbe(
        host="127.0.0.1", port=port, path="/health", tls=True
    )
    config = StackConfig(tls=True, port=port, https_port=https_port)
    https = Https.of(config, DataDirectory(root=tmp_path), own)
    both = plan(config, environment=own, https=https)
    gateway = variables(both, "gateway")
    assert (gateway["PORT"], gateway["HTTP_REDIRECT_PORT"]) == (str(https_port), str(port))
    assert gateway["SSL_CERT_PATH"] == "own.pem"
    assert "LOCAL_AUTHORITY_PATH" not in gateway
    assert both.network is not None
    assert both.network.authority_url is None


def test_https_takes_free_ports(plan: MakePlan, tmp_path: Path) -> None:
    config = StackConfig(tls=True)
    https = Https.of(config, DataDirectory(root=tmp_path), {})
    assert https is not None
    https.ensure()
    gateway = variables(plan(config, https=https), "gateway")
    assert gateway["PORT"] != gateway["HTTP_REDIRECT_PORT"]


def test_an_https_port_in_use_is_reported(plan: MakePlan, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config = StackConfig(tls=True, https_port=port)
        https = Https.of(config, DataDirectory(root=tmp_path), {})
        with pytest.raises(PortTakenError, match=f"port {port} .* set HTTPS_PORT to another"):
            plan(config, https=https)


def test_a_plan_without_services(plan: MakePlan) -> None:
    made = plan(services=())
    assert made.processes == ()
    assert made.gateway_url is None


def test_a_gateway_port_in_use_is_reported(plan: MakePlan, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} .* set PORT to another"):
            plan(StackConfig(port=port))


def test_grpc_ports_can_be_fixed(plan: MakePlan) -> None:
    port = free_port()
    made = plan(asked={"DEVSTACK_SPEAKERS_GRPC_PORT": port})
    assert made.addresses["SPEAKERS_GRPC"] == f"127.0.0.1:{port}"


def test_servers_on_every_interface_are_reached_on_loopback(plan: MakePlan) -> None:
    made = plan(environment={"GRPC_HOST": "0.0.0.0"})
    assert variables(made, "speakers")["GRPC_HOST"] == "0.0.0.0"
    assert made.addresses["SPEAKERS_GRPC"].startswith("127.0.0.1:")


def test_metrics_are_off_or_on_consecutive_ports(plan: MakePlan) -> None:
    off = plan(environment={"METRICS_PORT": "9100"})
    assert "METRICS_PORT" not in variables(off, "gateway")
    made = plan(StackConfig(metrics_port=9100))
    ports = [one.spec.environment["METRICS_PORT"] for one in made.processes]
    assert ports == ["9100", "9101", "9102", "9103", "9104", "9105", "9106"]


def test_tls_files_reach_the_probe(plan: MakePlan) -> None:
    tls = {"GRPC_TLS_CERT": "cert.pem", "GRPC_TLS_KEY": "key.pem", "GRPC_TLS_CA": "ca.pem"}
    made = plan(environment=tls)
    probe = next(one.probe for one in made.processes if one.name == "speakers")
    assert isinstance(probe, GrpcProbe)
    assert (probe.authority, probe.certificate, probe.key) == ("ca.pem", "cert.pem", "key.pem")


def test_secrets_are_not_shown(plan: MakePlan) -> None:
    made = plan(environment={"HF_TOKEN": "hunter2"}, overrides={"*": {"X": "hunter3"}})
    assert "hunter" not in repr(made)
    assert "the stack's own" not in repr(made)
