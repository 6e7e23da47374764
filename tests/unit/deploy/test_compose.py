import ipaddress
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic_settings import BaseSettings

from common.bus_rights import RIGHTS
from common.encryption.key_holders import parse_key
from common.provisioning.settings import ProvisioningSettings
from common.signing import receiver_key
from devstack import nats
from devstack.credentials import StackCredentials
from devstack.nats import NatsPorts
from diarizer.settings import DiarizerSettings
from exporter.settings import ExporterSettings
from gateway.settings import GatewaySettings
from scripts.check_envoy import load_renderer
from speakers.settings import SpeakersSettings
from tests.unit.deploy.compose_files import BASE, PRODUCTION, ROOT, environment, production, read
from transcriber.embedder.settings import EmbedderSettings
from transcriber.settings import ApiSettings
from transcriber.worker.settings import SpeechWorkerSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "setup": ProvisioningSettings,
    "gateway": GatewaySettings,
    "transcriber-api": ApiSettings,
    "speakers": SpeakersSettings,
    "exporter": ExporterSettings,
    "transcriber-worker": SpeechWorkerSettings,
    "transcriber-worker-gpu": SpeechWorkerSettings,
    "transcriber-embedder": EmbedderSettings,
    "diarizer": DiarizerSettings,
    "diarizer-gpu": DiarizerSettings,
}
#: Services that clients call, and which count their calls.
OPEN = ("gateway", "transcriber-api", "speakers", "exporter")
OWN = {*SETTINGS, "models", "envoy", "envoy-tls", "production-check"}
#: It uses no server.
ALONE = "transcriber-embedder"
IMAGE = {"GRPC_PORT": "50051", "GRPC_HOST": "0.0.0.0"}
ONE_SHOT = {"setup", "models", "production-check"}
WORKERS = {
    "transcriber-worker": "transcriber-worker",
    "transcriber-worker-gpu": "transcriber-worker",
    "transcriber-embedder": "transcriber-embedder",
    "diarizer": "diarizer",
    "diarizer-gpu": "diarizer",
}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(BASE)["services"]
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_variables_are_settings_that_exist(services: dict[str, dict[str, Any]], name: str) -> None:
    known = {field.upper() for field in SETTINGS[name].model_fields}
    assert services[name]["environment"].keys() <= known


@pytest.mark.parametrize("name", SETTINGS)
def test_service_starts_with_its_settings(
    services: dict[str, dict[str, Any]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in list(os.environ):
        if variable.lower() in SETTINGS[name].model_fields:
            monkeypatch.delenv(variable)
    for variable, value in {**IMAGE, **environment(services[name])}.items():
        monkeypatch.setenv(variable, value)
    settings = SETTINGS[name]()
    assert getattr(settings, "use_gpu", False) is name.endswith("-gpu")


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        (
            "gateway",
            {"AUTH_MODE", "SIGN_IN_IDLE", "SIGN_IN_LIFETIME", "LOCKOUT_ATTEMPTS", "LOCKOUT_SECONDS"}
            | {"PUBLIC_URL", "OIDC_PROVIDERS", "AUDIT_RETENTION_DAYS"},
        ),
        ("transcriber-api", {"ENCRYPTION", "START_EARLY", "LINKS_MAY_LAST", "LINK_VISIT"}),
        ("speakers", {"AUTH_MODE", "SHARE_VOICE_CLIPS", "PROTECT_PROFILES"}),
    ],
)
def test_variables_of_the_operator_reach_their_service(name: str, variables: set[str]) -> None:
    given = {variable: f"the {variable}" for variable in variables}
    reached = production(given)["services"][name]["environment"]
    assert {variable: reached.get(variable) for variable in variables} == given


@pytest.mark.parametrize("name", sorted(OWN))
def test_own_containers_can_only_write_their_data(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert "user" not in service
    assert "privileged" not in service


def test_only_the_tls_entry_point_is_public(
    services: dict[str, dict[str, Any]],
) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port.startswith("0.0.0.0:" if name == "envoy-tls" else "127.0.0.1:"), name


def test_services_with_recordings_cannot_reach_the_internet(
    services: dict[str, dict[str, Any]],
) -> None:
    networks = read(BASE)["networks"]
    for name in SETTINGS.keys() | {"postgres", "minio"}:
        assert all(networks[network]["internal"] for network in services[name]["networks"]), name


def test_only_the_network_of_envoy_is_trusted(services: dict[str, dict[str, Any]]) -> None:
    subnet = read(BASE)["networks"]["door"]["ipam"]["config"][0]["subnet"]
    for name in OPEN:
        assert environment(services[name])["TRUSTED_PROXIES"] == subnet
    assert ipaddress.ip_network(subnet).num_addresses <= 16
    there = {name for name, service in services.items() if "door" in service["networks"]}
    assert there == {*OPEN, "envoy", "envoy-tls"}


def test_envoy_calls_services_from_the_network_that_they_trust(
    services: dict[str, dict[str, Any]],
) -> None:
    addresses = load_renderer().compose_addresses()
    for cluster in (*OPEN, "gateway-http"):
        aliases = services[cluster.removesuffix("-http")]["networks"]["door"]["aliases"]
        assert addresses[cluster].partition(":")[0] in aliases


def test_every_container_has_limits(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[1-9][0-9]*[mg]", service["mem_limit"]), name
        assert int(service["pids_limit"]) == 512, name
        assert 0 < float(service["cpus"]) <= 2, name


def test_worker_may_use_as_many_cores_as_its_models_have_threads() -> None:
    services = read(BASE, {"MODEL_THREADS": "7"})["services"]
    for name in WORKERS.keys() - {ALONE}:
        assert environment(services[name])["MODEL_THREADS"] == "7"
        assert services[name]["cpus"] == "7"


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != ALONE])
def test_services_connect_to_nats_as_their_users(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    url = urlsplit(environment(services[name])["NATS_URL"])
    assert (url.username, url.password) == (nats_user(name), "development")
    assert (url.scheme, url.hostname, url.port) == ("nats", "nats", 4222)


@pytest.mark.parametrize("name", WORKERS)
def test_workers_have_no_key_but_their_own(services: dict[str, dict[str, Any]], name: str) -> None:
    public = environment(services["gateway"])["SECRET_KEY"]
    assert environment(services[name])["SERVICE_KEY"] == receiver_key(public, WORKERS[name])
    for service in (services[name], production()["services"][name]):
        assert not {"SECRET_KEY", "SECRET_KEY_FILE"} & service["environment"].keys()
        assert not any(variable.startswith("S3_") for variable in service["environment"])
        granted = set(service.get("secrets", []))
        assert not {"secret_key", "s3_access_key", "s3_secret_key"} & granted
    others = {f"{other.replace('-', '_')}_service_key" for other in set(WORKERS.values())}
    granted = set(production()["services"][name]["secrets"]) & others
    assert granted == {f"{WORKERS[name].replace('-', '_')}_service_key"}


def test_only_the_transcriber_api_has_the_key_of_encryption(
    services: dict[str, dict[str, Any]],
) -> None:
    for described in (services, production()["services"]):
        holders = {
            name
            for name, service in described.items()
            if any(one.startswith("ENCRYPTION_KEY") for one in service.get("environment", {}))
            or "encryption_key" in service.get("secrets", [])
        }
        assert holders == {"transcriber-api"}
    parse_key(environment(services["transcriber-api"])["ENCRYPTION_KEY"])
    produced = production()["services"]["transcriber-api"]["environment"]
    assert produced["ENCRYPTION_KEY"] == ""
    assert produced["ENCRYPTION_KEY_FILE"] == "/run/secrets/encryption_key"


def test_only_the_store_and_its_setup_have_the_root_key(
    services: dict[str, dict[str, Any]],
) -> None:
    """The api has a user for two buckets, which the setup makes."""
    root = {services["minio"]["environment"][f"MINIO_ROOT_{part}"] for part in ("USER", "PASSWORD")}
    setup = environment(services["setup"])
    assert {setup["S3_ROOT_ACCESS_KEY"], setup["S3_ROOT_SECRET_KEY"]} == root
    for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY"):
        assert environment(services["transcriber-api"])[name] == setup[name]
        assert setup[name] not in root
    for merged in (services, production()["services"]):
        holders = {
            name
            for name, service in merged.items()
            if root & {*environment(service).values()}
            or any("s3_root" in secret for secret in service.get("secrets", []))
        }
        assert holders == {"minio", "setup"}


def test_long_running_services_wait_for_one_shots(
    services: dict[str, dict[str, Any]],
) -> None:
    """Otherwise `up --wait` treats their exit as a failure."""
    for name in ("setup", "production-check"):
        assert services[name]["restart"] == "no"
        waiting = [
            other
            for other, service in services.items()
            if other not in ONE_SHOT
            and dict(service.get("depends_on") or {}).get(name)
            == {"condition": "service_completed_successfully"}
            and set(service.get("profiles", [])) <= set(services[name].get("profiles", []))
        ]
        assert waiting, name


def test_long_running_services_restart(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name, service in services.items() if service["restart"] == "no"} == ONE_SHOT


def test_only_the_gpu_profile_requests_gpus(
    services: dict[str, dict[str, Any]],
) -> None:
    asking = {name for name, service in services.items() if "deploy" in service}
    assert asking == {"transcriber-worker-gpu", "diarizer-gpu"}
    for name in asking:
        assert services[name]["profiles"] == ["gpu"]
        plain = name.removesuffix("-gpu")
        assert services[name]["networks"] == {"inside": {"aliases": [plain]}}
        assert services[name]["build"]["dockerfile"] == services[plain]["build"]["dockerfile"]


def test_stages_share_a_card_unless_each_is_given_its_own() -> None:
    def cards(given: dict[str, str]) -> dict[str, list[str]]:
        services = read(BASE, given)["services"]
        found = {}
        for name in ("transcriber-worker-gpu", "diarizer-gpu"):
            (device,) = services[name]["deploy"]["resources"]["reservations"]["devices"]
            assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
            found[name] = device["device_ids"]
        return found

    assert cards({}) == {"transcriber-worker-gpu": ["0"], "diarizer-gpu": ["0"]}
    own = cards({"TRANSCRIBER_GPU": "2", "DIARIZER_GPU": "GPU-5f3a"})
    assert own == {"transcriber-worker-gpu": ["2"], "diarizer-gpu": ["GPU-5f3a"]}


@pytest.mark.parametrize("name", sorted(WORKERS.keys() - {ALONE}))
def test_worker_takes_several_recordings_at_a_time(name: str) -> None:
    services = read(BASE, {"WORKER_BATCH": "6", "WHISPER_COMPUTE_TYPE": "int8_float16"})["services"]
    variables = environment(services[name])
    assert variables["WORKER_BATCH"] == "6"
    if name.startswith("transcriber"):
        assert variables["WHISPER_COMPUTE_TYPE"] == "int8_float16"


def test_data_is_in_named_volumes(services: dict[str, dict[str, Any]]) -> None:
    kept = {
        volume.split(":")[0]
        for service in services.values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    }
    assert kept == read(BASE)["volumes"].keys()


def test_mounted_files_exist(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        for volume in service.get("volumes", []):
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).exists(), volume
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_production_removes_all_public_secrets() -> None:
    merged = production()
    for name, service in merged["services"].items():
        assert "development" not in json.dumps(service.get("environment", {})), name


def test_production_files_are_granted_to_their_readers() -> None:
    merged = production()
    for name, service in merged["services"].items():
        granted = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
        asked = {value for key, value in environment(service).items() if key.endswith("_FILE")}
        assert asked <= granted, name
        assert {path.rpartition("/")[2] for path in granted} <= merged["secrets"].keys()
        if name in SETTINGS:
            assert asked == granted, name


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the files used by the script."""
    target = tmp_path / "checkout"
    (target / "deploy/compose").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/compose/production.sh", target / "deploy/compose")
    return target


def _prepare(checkout: Path) -> dict[str, str]:
    script = checkout / "deploy/compose/production.sh"
    clean = {"PATH": os.environ["PATH"]}
    subprocess.run([script, "notes.example"], check=True, capture_output=True, env=clean)
    secrets = checkout / "deploy/compose/secrets"
    assert secrets.stat().st_mode & 0o777 == 0o700
    return {path.name: path.read_text() for path in secrets.iterdir()}


def test_script_creates_every_secret_of_production(checkout: Path) -> None:
    made = _prepare(checkout)
    assert production()["secrets"].keys() <= made.keys()
    random = [made[name] for name in made if name.endswith(("_password", "_key"))]
    assert len(set(random)) == len(random)
    assert all(len(made[name]) >= 32 for name in ("secret_key", "s3_secret_key"))
    assert made["gateway_password"] in made["gateway_database_url"]
    assert "BEGIN CERTIFICATE" in made["tls_certificate"]


def test_script_derives_the_keys_of_workers(checkout: Path) -> None:
    made = _prepare(checkout)
    for worker in set(WORKERS.values()):
        name = f"{worker.replace('-', '_')}_service_key"
        assert made[name] == receiver_key(made["secret_key"], worker)
    replaced = checkout / "deploy/compose/secrets/secret_key"
    replaced.chmod(0o600)
    replaced.write_text("another-secret-key-with-32-characters\n")
    key = receiver_key("another-secret-key-with-32-characters", "diarizer")
    assert _prepare(checkout)["diarizer_service_key"] == key


def test_script_changes_nothing_when_repeated(checkout: Path) -> None:
    first = _prepare(checkout)
    settings = (checkout / ".env").read_text()
    assert _prepare(checkout) == first
    assert (checkout / ".env").read_text() == settings
    assert "COMPOSE_PROFILES=production" in settings
    assert f"COMPOSE_FILE={BASE.name}:{PRODUCTION.relative_to(ROOT)}" in settings


@pytest.mark.parametrize("name", SETTINGS)
def test_services_read_the_secrets_of_the_script(
    checkout: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _prepare(checkout)
    here = str(checkout / "deploy/compose/secrets")
    for variable, value in {**IMAGE, **environment(production()["services"][name])}.items():
        monkeypatch.setenv(variable, value.replace("/run/secrets", here))
    for variable in SETTINGS[name].model_fields:
        if f"{variable.upper()}_FILE" in os.environ:
            monkeypatch.delenv(variable.upper(), raising=False)
    settings = SETTINGS[name]()
    if name == ALONE:
        return
    nats_url = settings.nats_url.get_secret_value()  # type: ignore[attr-defined]
    user = nats_user(name)
    password = Path(here, f"nats_{user.replace('-', '_')}_password").read_text()
    assert nats_url == f"nats://{user}:{password}@nats:4222"


def nats_user(service: str) -> str:
    """Return the user of NATS of a service of compose."""
    if service == "setup":
        return "service"
    user = service.removesuffix("-gpu").removesuffix("-api")
    assert user in RIGHTS
    return user


def test_nats_grants_the_same_rights_as_on_one_machine() -> None:
    text = (ROOT / "deploy/nats/nats.conf").read_text()
    ours = json.loads(re.sub(r": \$(\w+)", r': "\1"', text))
    credentials = StackCredentials(
        nats_service="NATS_SERVICE_PASSWORD",
        nats_gateway="NATS_GATEWAY_PASSWORD",
        nats_transcriber="NATS_TRANSCRIBER_PASSWORD",
        nats_speakers="NATS_SPEAKERS_PASSWORD",
        nats_transcriber_worker="NATS_TRANSCRIBER_WORKER_PASSWORD",
        nats_diarizer="NATS_DIARIZER_PASSWORD",
        nats_exporter="NATS_EXPORTER_PASSWORD",
        nats_provisioner="NATS_PROVISIONER_PASSWORD",
        nats_subscriber="NATS_SUBSCRIBER_PASSWORD",
    )
    theirs = json.loads(
        nats.configuration(
            ports=NatsPorts(client=1, monitor=2), store=Path("/data"), credentials=credentials
        )
    )
    for value in ("accounts", "jetstream", "max_payload", "server_name"):
        assert ours[value] == theirs[value]
