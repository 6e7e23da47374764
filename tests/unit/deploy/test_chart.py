import json
import re
from functools import cache
from typing import Any

import helm_python as helm
import pytest
import yaml
from pydantic_settings import BaseSettings

from common.bus_rights import RIGHTS
from common.encryption.key_holders import parse_key
from common.signing import receiver_key
from diarizer.settings import DiarizerSettings
from exporter.settings import ExporterSettings
from gateway.settings import GatewaySettings
from scripts import check_chart, check_envoy
from scripts.check_chart import CHART, Object, Values, render
from speakers.settings import SpeakersSettings
from transcriber.embedder.settings import EmbedderSettings
from transcriber.settings import ApiSettings
from transcriber.worker.settings import SpeechWorkerSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "transcriber-api": ApiSettings,
    "transcriber-worker": SpeechWorkerSettings,
    "transcriber-embedder": EmbedderSettings,
    "diarizer": DiarizerSettings,
    "speakers": SpeakersSettings,
    "exporter": ExporterSettings,
}
SERVICES = {*SETTINGS, "envoy"}
WORKERS = {"transcriber-worker": "transcribe", "diarizer": "diarize"}
# Permitted calls between services, as in the architecture.
ARROWS = {
    "gateway": {"transcriber-api", "speakers", "exporter"},
    "transcriber-api": {
        "gateway",
        "speakers",
        "transcriber-worker",
        "transcriber-embedder",
        "diarizer",
    },
    "transcriber-worker": {"gateway"},
    "transcriber-embedder": set(),
    "diarizer": {"gateway"},
    "speakers": {"gateway", "diarizer"},
    "exporter": {"gateway", "transcriber-api"},
    "envoy": SETTINGS.keys() - {"transcriber-embedder"},
}
SERVERS = {
    "gateway": {"postgres", "nats"},
    "transcriber-api": {"postgres", "nats", "minio"},
    "transcriber-worker": {"nats", "minio"},
    "transcriber-embedder": set(),
    "diarizer": {"nats", "minio"},
    "speakers": {"postgres", "nats"},
    "exporter": {"nats"},
    "envoy": set(),
}
COMPONENT = "app.kubernetes.io/component"
EXTERNAL: Values = {
    "secrets": {"existingSecret": "given"},
    "postgres": {"builtin": False, "provision": False, "cidrs": ["10.1.0.0/24"]},
    "nats": {"builtin": False, "cidrs": ["10.2.0.0/24"]},
    "s3": {"builtin": False, "endpoint": "https://s3.example", "cidrs": ["10.3.0.0/24"]},
}


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by component."""
    return {
        found["metadata"]["labels"][COMPONENT]: found for found in objects if found["kind"] == kind
    }


def pods(objects: list[Object]) -> dict[str, dict[str, Any]]:
    """Return the specification of every pod, by kind and name."""
    found = {}
    for each in objects:
        name = f"{each['kind']}/{each['metadata']['name']}"
        if each["kind"] == "Pod":
            found[name] = each["spec"]
        elif "template" in each.get("spec", {}):
            found[name] = each["spec"]["template"]["spec"]
    return found


def container(objects: list[Object], service: str) -> dict[str, Any]:
    deployment = of_kind(objects, "Deployment")[service]
    first: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return first


def variables(found: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in found.get("env", [])}


@pytest.fixture(scope="module")
def defaults() -> list[Object]:
    return render({})


@pytest.fixture(scope="module")
def external() -> list[Object]:
    return render(EXTERNAL)


EXAMPLES = check_chart.examples()


@cache
def rendered(example: str) -> list[Object]:
    """Return the objects of an example. Do not modify them."""
    return render(EXAMPLES[example])


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_is_valid(example: str) -> None:
    """`make lint` also checks the oldest supported Kubernetes."""
    assert check_chart.lint(EXAMPLES[example]) == []
    newest = check_chart.KUBERNETES[-1]
    said = [said for found in rendered(example) for said in check_chart.problems(found, newest)]
    assert said == []


def test_validation_rejects_a_misspelled_field(defaults: list[Object]) -> None:
    broken = json.loads(json.dumps(of_kind(defaults, "Deployment")["gateway"]))
    broken["spec"]["template"]["spec"]["containers"][0]["imagePullPolicyy"] = "Always"
    assert list(check_chart.problems(broken, "1.37"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_pods_run_without_privileges(example: str) -> None:
    for name, pod in pods(rendered(example)).items():
        assert pod["automountServiceAccountToken"] is False, name
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for each in [*pod["containers"], *pod.get("initContainers", [])]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert each["resources"]["limits"]["memory"], name
            assert each["resources"]["requests"]["cpu"], name


def test_only_workers_take_the_cores_that_are_free(defaults: list[Object]) -> None:
    unlimited = {
        name
        for name, pod in pods(defaults).items()
        for each in [*pod["containers"], *pod.get("initContainers", [])]
        if "cpu" not in each["resources"]["limits"]
    }
    assert unlimited == {"Deployment/demo-diarizer", "Deployment/demo-transcriber-worker"}


def test_only_the_store_and_its_setup_have_the_root_key(
    defaults: list[Object], external: list[Object]
) -> None:
    made = of_kind(defaults, "Secret")["secrets"]["stringData"]
    assert made["s3-root-access-key"] != made["s3-access-key"]
    holders = {name for name, pod in pods(defaults).items() if "s3-root" in json.dumps(pod)}
    assert {name.partition("/")[0] for name in holders} == {"StatefulSet", "Job"}
    assert len(holders) == 2
    # Your own store gets no user from the chart.
    assert "s3-root" not in json.dumps(external)


def test_nobody_is_trusted_to_report_addresses_by_default(defaults: list[Object]) -> None:
    own = render({"networkPolicy": {"podCidrs": ["10.244.0.0/16", "fd00::/56"]}})
    for service in ("gateway", "transcriber-api", "speakers", "exporter"):
        assert "TRUSTED_PROXIES" not in variables(container(defaults, service))
        asked = variables(container(own, service))["TRUSTED_PROXIES"]
        assert asked == "10.244.0.0/16,fd00::/56"
    for entry in ({"tls": {"existingSecret": "door"}}, {"ingress": {"enabled": True}}):
        with pytest.raises(helm.HelmError, match=r"networkPolicy\.podCidrs"):
            render(entry)


def test_network_of_envoy_alone_is_trusted_if_it_is_known() -> None:
    for policy in ({"enabled": False}, {"enabled": True, "podCidrs": ["10.244.0.0/16"]}):
        values = {
            "door": {"podCidrs": ["10.9.0.0/28"]},
            "ingress": {"enabled": True},
            "networkPolicy": policy,
        }
        given = variables(container(render(values), "gateway"))
        assert given["TRUSTED_PROXIES"] == "10.9.0.0/28"


def test_all_pods_are_trusted_only_while_policies_keep_them_from_the_gateway(
    defaults: list[Object],
) -> None:
    with pytest.raises(helm.HelmError, match=r"door\.podCidrs"):
        render({"networkPolicy": {"enabled": False, "podCidrs": ["10.244.0.0/16"]}})
    rules = of_kind(defaults, "NetworkPolicy")["gateway"]["spec"]["ingress"]
    served = [rule for rule in rules if {"port": "http"} in rule["ports"]]
    assert [rule["from"] for rule in served] == [
        [
            {
                "podSelector": {
                    "matchLabels": of_kind(defaults, "Service")["envoy"]["spec"]["selector"]
                }
            }
        ]
    ]
    assert all("from" in rule or rule["ports"] == [{"port": "metrics"}] for rule in rules)


def test_templates_are_short() -> None:
    for path in CHART.rglob("templates/**/*"):
        if path.is_file():
            assert len(path.read_text().splitlines()) < 50, path.name


@pytest.mark.parametrize("service", SETTINGS)
def test_variables_are_settings_that_exist(defaults: list[Object], service: str) -> None:
    known = {name.upper() for name in SETTINGS[service].model_fields}
    given = {name.removesuffix("_FILE") for name in variables(container(defaults, service))}
    assert given <= known


@pytest.mark.parametrize("service", SETTINGS)
def test_required_settings_are_set(defaults: list[Object], service: str) -> None:
    given = {name.removesuffix("_FILE") for name in variables(container(defaults, service))}
    required = {
        name.upper()
        for name, field in SETTINGS[service].model_fields.items()
        if field.is_required()
    }
    assert required <= given | {"GRPC_PORT"}  # the image sets it


@pytest.mark.parametrize("service", SETTINGS)
def test_secrets_are_files_and_only_needed_ones_are_mounted(
    defaults: list[Object], service: str
) -> None:
    deployment = of_kind(defaults, "Deployment")[service]
    mounted = {
        item["key"]
        for volume in deployment["spec"]["template"]["spec"]["volumes"]
        if volume["name"] == "secrets"
        for item in volume["secret"]["items"]
    }
    asked = {
        value.rpartition("/")[2]
        for name, value in variables(container(defaults, service)).items()
        if name.endswith("_FILE")
    }
    assert asked == mounted
    role = {"gateway": "gateway", "transcriber-api": "transcriber", "speakers": "speakers"}
    databases = {key for key in mounted if key.endswith("-database-url")}
    assert databases == ({f"{role[service]}-database-url"} if service in role else set())
    assert ("s3-secret-key" in mounted) == (service == "transcriber-api")
    made = of_kind(defaults, "Secret")["secrets"]["stringData"]
    if "nats" not in SERVERS[service]:
        assert mounted == {f"{service}-service-key"}
        return
    (nats_url,) = {key for key in mounted if key.endswith("nats-url")}
    user = service.removesuffix("-api")
    assert user in RIGHTS
    assert made[nats_url].startswith(f"nats://{user}:{made[f'nats-{user}-password']}@")
    assert all("valueFrom" not in item for item in container(defaults, service)["env"])


def test_token_of_administrators_is_a_file_of_the_api_alone() -> None:
    objects = render({"secrets": {"adminToken": True}})
    path = "/run/secrets/securetranscribe/admin-token"
    holders = {
        service: variables(container(objects, service))["ADMIN_TOKEN_FILE"]
        for service in SETTINGS
        if "ADMIN_TOKEN_FILE" in variables(container(objects, service))
    }
    assert holders == {"transcriber-api": path}
    assert len(of_kind(objects, "Secret")["secrets"]["stringData"]["admin-token"]) >= 32
    mounted = json.dumps(of_kind(objects, "Deployment")["transcriber-api"]["spec"]["template"])
    assert '"key": "admin-token"' in mounted


def test_key_of_encryption_is_a_file_of_the_api_alone(defaults: list[Object]) -> None:
    path = "/run/secrets/securetranscribe/encryption-key"
    holders = {
        service: variables(container(defaults, service))["ENCRYPTION_KEY_FILE"]
        for service in SETTINGS
        if "ENCRYPTION_KEY_FILE" in variables(container(defaults, service))
    }
    assert holders == {"transcriber-api": path}
    parse_key(of_kind(defaults, "Secret")["secrets"]["stringData"]["encryption-key"])
    without = render({"secrets": {"encryptionKey": False}})
    assert "ENCRYPTION_KEY_FILE" not in variables(container(without, "transcriber-api"))


def test_providers_to_sign_in_with_are_a_file_of_the_gateway_alone() -> None:
    objects = render({"secrets": {"oidcProviders": True, "existingSecret": "mine"}})
    holders = {
        service: variables(container(objects, service))["OIDC_PROVIDERS_FILE"]
        for service in SETTINGS
        if "OIDC_PROVIDERS_FILE" in variables(container(objects, service))
    }
    assert holders == {"gateway": "/run/secrets/securetranscribe/oidc-providers"}
    with pytest.raises(helm.HelmError, match=r"secrets\.existingSecret"):
        render({"secrets": {"oidcProviders": True}})


@pytest.mark.parametrize("worker", WORKERS)
def test_workers_have_no_key_but_their_own(defaults: list[Object], worker: str) -> None:
    made = of_kind(defaults, "Secret")["secrets"]["stringData"]
    own = f"{worker}-service-key"
    assert made[own] == receiver_key(made["secret-key"], worker)
    pod = json.dumps(of_kind(defaults, "Deployment")[worker]["spec"]["template"]["spec"])
    assert '"secret-key"' not in pod
    assert "s3-" not in pod
    assert "S3_" not in pod
    assert set(re.findall(r'"key": "([\w-]+-service-key)"', pod)) == {own}
    path = f"/run/secrets/securetranscribe/{own}"
    assert variables(container(defaults, worker))["SERVICE_KEY_FILE"] == path


def test_chart_creates_every_secret_that_its_pods_read(defaults: list[Object]) -> None:
    made = set(of_kind(defaults, "Secret")["secrets"]["stringData"])
    text = json.dumps(list(pods(defaults).values()))
    named = set(re.findall(r'"/run/secrets/securetranscribe/([\w-]+)"', text))
    named |= set(re.findall(r'"key": "([\w-]+)"', text))
    assert named <= made


def _peers(rules: list[dict[str, Any]], direction: str) -> set[str]:
    return {
        peer["podSelector"]["matchLabels"][COMPONENT]
        for rule in rules
        for peer in rule.get(direction, [])
        if COMPONENT in peer.get("podSelector", {}).get("matchLabels", {})
    }


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_network_policies_allow_only_the_arrows_of_the_architecture(
    defaults: list[Object], service: str
) -> None:
    policy = of_kind(defaults, "NetworkPolicy")[service]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert _peers(policy["egress"], "to") == ARROWS[service] | SERVERS[service]
    callers = {caller for caller, called in ARROWS.items() if service in called}
    own_test = set() if service == "envoy" else {"test"}
    assert _peers(policy["ingress"], "from") == callers | own_test
    open_to_all = [rule["ports"] for rule in policy["ingress"] if not rule.get("from")]
    door = [[{"port": "http"}], [{"port": "status"}]]
    assert open_to_all == (door if service == "envoy" else [[{"port": "metrics"}]])


@pytest.mark.parametrize("server", ["postgres", "nats", "minio"])
def test_servers_are_reached_only_by_their_clients_and_make_no_calls(
    defaults: list[Object], server: str
) -> None:
    policy = of_kind(defaults, "NetworkPolicy")[server]["spec"]
    users = {service for service, servers in SERVERS.items() if server in servers}
    assert _peers(policy["ingress"], "from") == users | {"setup"}
    assert policy["egress"] == []


def test_external_servers_are_reached_only_at_their_addresses(external: list[Object]) -> None:
    policy = of_kind(external, "NetworkPolicy")["transcriber-api"]["spec"]
    blocks = {
        peer["ipBlock"]["cidr"]: rule["ports"][0]["port"]
        for rule in policy["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    }
    assert blocks == {"10.1.0.0/24": 5432, "10.2.0.0/24": 4222, "10.3.0.0/24": 443}
    assert of_kind(external, "StatefulSet") == {}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_each_service_can_be_disabled(service: str) -> None:
    objects = render({"services": {service: {"enabled": False}}})
    for kind in ("Deployment", "Service", "ServiceAccount", "NetworkPolicy"):
        assert service not in of_kind(objects, kind)
    assert SERVICES - {service} == of_kind(objects, "Deployment").keys()


def test_pods_of_a_service_are_spread_and_resolvable(defaults: list[Object]) -> None:
    for name, deployment in of_kind(defaults, "Deployment").items():
        spec = deployment["spec"]
        selector = spec["selector"]["matchLabels"]
        assert selector.items() <= spec["template"]["metadata"]["labels"].items()
        assert of_kind(defaults, "Service")[name]["spec"]["selector"] == selector
        spread = spec["template"]["spec"]["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        }
        assert all(each["labelSelector"]["matchLabels"] == selector for each in spread)
        budget = of_kind(defaults, "PodDisruptionBudget").get(name)
        assert (budget is not None) == (name in WORKERS)


@pytest.mark.parametrize("worker", WORKERS)
def test_gpu_worker_runs_on_gpu_nodes_and_never_falls_back(worker: str) -> None:
    objects = render({"services": {worker: {"gpu": 2, "nodeSelector": {"gpu": "yes"}}}})
    pod = of_kind(objects, "Deployment")[worker]["spec"]["template"]["spec"]
    found = pod["containers"][0]
    assert found["resources"]["limits"]["nvidia.com/gpu"] == 2
    assert found["image"].endswith("-cuda")
    assert variables(found)["USE_GPU"] == "true"
    assert pod["nodeSelector"] == {"gpu": "yes"}
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod[
        "tolerations"
    ]
    strategy = of_kind(objects, "Deployment")[worker]["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxUnavailable": 1, "maxSurge": 0}


@pytest.mark.parametrize(("cpu", "threads"), [("3", "3"), (4, "4"), ("500m", "1")])
def test_worker_uses_as_many_threads_as_requested_cores(cpu: object, threads: str) -> None:
    resources = {"requests": {"cpu": cpu}}
    objects = render({"services": {"diarizer": {"resources": resources}}})
    assert variables(container(objects, "diarizer"))["MODEL_THREADS"] == threads


@pytest.mark.parametrize("worker", WORKERS)
def test_gpu_worker_gets_its_number_of_recordings(worker: str) -> None:
    values = {"gpu": 1, "settings": {"WORKER_BATCH": 8}}
    found = container(render({"services": {worker: values}}), worker)
    assert variables(found)["WORKER_BATCH"] == "8"


def test_cpu_worker_requests_no_gpu(defaults: list[Object]) -> None:
    for worker in WORKERS:
        found = container(defaults, worker)
        assert "nvidia.com/gpu" not in json.dumps(found["resources"])
        assert variables(found)["USE_GPU"] == "false"


@pytest.mark.parametrize("worker", WORKERS)
def test_workers_scale_with_tasks_in_postgres(worker: str) -> None:
    scaling = {"kind": "keda", "min": 0, "max": 7, "target": 2}
    objects = render({"services": {worker: {"gpu": 1, "autoscaling": scaling}}})
    scaled = of_kind(objects, "ScaledObject")[worker]["spec"]
    assert scaled["minReplicaCount"] == 0
    assert scaled["maxReplicaCount"] == 7
    trigger = scaled["triggers"][0]
    assert trigger["metadata"]["targetQueryValue"] == "2"
    assert trigger["metadata"]["activationTargetQueryValue"] == "0"
    assert f"stage = '{WORKERS[worker]}'" in trigger["metadata"]["query"]
    authentication = of_kind(objects, "TriggerAuthentication")["queue"]
    assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    assert "replicas" not in of_kind(objects, "Deployment")[worker]["spec"]
    assert scaled["scaleTargetRef"]["name"] == f"demo-{worker}"


def test_other_services_use_the_autoscaler_of_kubernetes() -> None:
    objects = render(
        {
            "services": {
                "gateway": {"autoscaling": {"kind": "cpu", "min": 2, "max": 5}},
                "diarizer": {"autoscaling": {"kind": "metric", "min": 1, "max": 3, "target": 1}},
            }
        }
    )
    scalers = of_kind(objects, "HorizontalPodAutoscaler")
    assert scalers.keys() == {"gateway", "diarizer"}
    assert scalers["gateway"]["spec"]["minReplicas"] == 2
    metric = scalers["diarizer"]["spec"]["metrics"][0]["external"]["metric"]
    assert metric == {
        "name": "securetranscribe_tasks_outstanding",
        "selector": {"matchLabels": {"stage": "diarize"}},
    }
    assert "gateway" in of_kind(objects, "PodDisruptionBudget")


def test_schemas_are_updated_before_the_services_of_an_upgrade(external: list[Object]) -> None:
    job = of_kind(external, "Job")["setup"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    pod = job["spec"]["template"]["spec"]
    commands = {each["name"]: each["command"] for each in pod["containers"]}
    assert commands == {
        "gateway": ["python", "-m", "gateway", "migrate"],
        "transcriber-api": ["python", "-m", "transcriber", "migrate"],
        "speakers": ["python", "-m", "speakers", "migrate"],
    }
    given = variables(pod["initContainers"][0])
    assert "PROVISION_DATABASE_URL_FILE" not in given


def test_setup_is_not_a_hook_with_builtin_servers(defaults: list[Object]) -> None:
    job = of_kind(defaults, "Job")["setup"]
    assert "annotations" not in job["metadata"]
    assert job["metadata"]["name"] == "demo-setup-1"


def test_entry_point_has_the_common_configuration(defaults: list[Object]) -> None:
    config = of_kind(defaults, "ConfigMap")["envoy"]["data"]["envoy.yaml"]
    rendered = yaml.safe_load(config)
    edge = check_envoy.load_renderer()
    hosts = {name: f"demo-{name}.prod.svc:50051" for name in edge.GRPC_CLUSTERS}
    others = {"gateway-http": "demo-gateway.prod.svc:8000", "telemetry": "telemetry:4317"}
    wanted = edge.bootstrap(edge.Edge(directory="/etc/envoy", addresses=hosts | others))
    by_name = {each["name"]: each for each in rendered["static_resources"]["clusters"]}
    assert by_name == {each["name"]: each for each in wanted["static_resources"]["clusters"]}
    assert rendered["static_resources"]["listeners"] == wanted["static_resources"]["listeners"]
    assert rendered["admin"] == wanted["admin"]
    assert rendered["overload_manager"] == wanted["overload_manager"]


def test_entry_point_with_tls_on_both_sides_has_the_common_configuration() -> None:
    objects = render(
        {
            "tls": {"existingSecret": "door"},
            "networkPolicy": {"podCidrs": ["10.244.0.0/16"]},
            "internalTLS": {"existingSecret": "inside"},
            "door": {"corsOrigins": ["https://a.example"], "trustedHops": 1},
        }
    )
    data = of_kind(objects, "ConfigMap")["envoy"]["data"]
    rendered = yaml.safe_load(data["envoy.yaml"])["static_resources"]
    edge = check_envoy.load_renderer()
    hosts = {name: f"demo-{name}.prod.svc:50051" for name in edge.GRPC_CLUSTERS}
    others = {"gateway-http": "demo-gateway.prod.svc:8000", "telemetry": "telemetry:4317"}
    wanted = edge.Edge(
        directory="/etc/envoy/config",
        addresses=hosts | others,
        certificate="/run/secrets/tls/tls.crt",
        key="/run/secrets/tls/tls.key",
        upstream_ca="/run/secrets/internal-tls/ca.crt",
        upstream_certificate="/run/secrets/internal-tls/tls.crt",
        upstream_key="/run/secrets/internal-tls/tls.key",
        cors_origins=("https://a.example",),
        trusted_hops=1,
    )
    assert rendered["clusters"] == edge.clusters(wanted)
    listeners = json.dumps(edge.listeners(wanted)).replace(
        "/etc/envoy/config/descriptors", "/etc/envoy/descriptors"
    )
    assert rendered["listeners"] == json.loads(listeners)
    assert yaml.safe_load(data["tls.yaml"]) == edge.tls_secret(wanted)
    given = variables(container(objects, "speakers"))
    assert given["GRPC_TLS_CA"] == "/run/secrets/internal-tls/ca.crt"
    probe = container(objects, "speakers")["readinessProbe"]
    assert probe["exec"]["command"] == ["python", "-m", "common.healthcheck"]


def test_ingress_accepts_large_recordings() -> None:
    objects = render(
        {
            "ingress": {"enabled": True, "host": "t.example", "maxBodySize": "3g"},
            "networkPolicy": {"podCidrs": ["10.244.0.0/16"]},
        }
    )
    ingress = of_kind(objects, "Ingress")["envoy"]
    annotations = ingress["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == "3g"
    assert annotations["nginx.ingress.kubernetes.io/proxy-request-buffering"] == "off"
    hosts = variables(container(objects, "gateway"))["ALLOWED_HOSTS"].split(",")
    assert "t.example" in hosts


def test_models_can_be_on_a_read_only_volume() -> None:
    objects = render({"models": {"source": "claim"}})
    for worker in WORKERS:
        pod = of_kind(objects, "Deployment")[worker]["spec"]["template"]["spec"]
        claim = next(each for each in pod["volumes"] if each["name"] == "models")
        assert claim["persistentVolumeClaim"]["readOnly"] is True
        assert variables(pod["containers"][0])["MODEL_DIR"] == "/opt/models"
    assert of_kind(objects, "Job")["models"]
    given = render({"models": {"source": "claim", "existingClaim": "mine"}})
    assert "models" not in of_kind(given, "Job")


def test_monitoring_finds_every_service() -> None:
    objects = render({"monitoring": {"serviceMonitor": True, "alerts": True, "dashboard": True}})
    monitors = of_kind(objects, "ServiceMonitor")
    assert monitors.keys() == SERVICES
    for name, monitor in monitors.items():
        port = monitor["spec"]["endpoints"][0]["port"]
        ports = {each["name"] for each in of_kind(objects, "Service")[name]["spec"]["ports"]}
        assert port in ports
    dashboard = of_kind(objects, "ConfigMap")["dashboard"]
    assert json.loads(dashboard["data"]["securetranscribe.json"])["uid"] == "securetranscribe"
    assert of_kind(objects, "PrometheusRule")["alerts"]["spec"]["groups"][0]["rules"]


def test_helm_test_checks_every_enabled_service() -> None:
    sleeping = {"kind": "keda", "min": 0, "max": 2}
    objects = render({"services": {"diarizer": {"autoscaling": sleeping}}})
    asked = of_kind(objects, "Pod")["test"]["spec"]["containers"][0]["command"][3:]
    assert asked == [
        f"demo-{name}.prod.svc:50051" for name in sorted(SETTINGS.keys() - {"diarizer"})
    ]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"gatway": {}}, "gatway"),
        ({"services": {"gateway": {"gpu": 1}}}, "gpu"),
        ({"services": {"gateway": {"autoscaling": {"kind": "keda"}}}}, "autoscaling"),
        ({"settings": {"SECRET_KEY": "x"}}, "SECRET_KEY"),
        ({"settings": {"log level": "x"}}, "log level"),
        ({"s3": {"builtin": False}}, "s3"),
        ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
        ({"services": {"diarizer": {"graceSeconds": 5}}}, "graceSeconds"),
        ({"postgres": {"cidrs": ["everywhere"]}}, "cidrs"),
    ],
)
def test_invalid_values_are_rejected_by_name(values: Values, word: str) -> None:
    with pytest.raises(helm.HelmError, match=word):
        render(values)


def test_external_servers_without_secrets_are_rejected_with_the_remedy() -> None:
    with pytest.raises(helm.HelmError, match=r"secrets\.existingSecret"):
        render({key: value for key, value in EXTERNAL.items() if key != "secrets"})


def test_notes_explain_access() -> None:
    files = check_chart.render_files({}, name="demo", namespace="prod")
    notes = next(text for name, text in files.items() if name.endswith("NOTES.txt"))
    assert "port-forward service/demo-envoy" in notes
    assert "for trials" in notes
