from pathlib import Path

import pytest

from devstack.config import StackConfig, read_config, read_environment
from devstack.errors import ConfigurationError
from devstack.machine import cores, memory_bytes, usual_workers


def test_defaults() -> None:
    config = read_config({})
    assert config.data_directory == Path(".data")
    assert (config.host, config.port) == ("127.0.0.1", 8000)
    usual = usual_workers(cores(), memory_bytes(), gpu=False)
    assert config.workers == {
        "transcriber-worker": usual.recognition,
        "diarizer": usual.diarization,
    }
    assert config.ports == {}
    assert config.metrics_port == 0
    assert config.durable


def test_the_default_configuration_takes_a_free_port() -> None:
    assert StackConfig().port is None


def test_everything_can_be_chosen() -> None:
    config = read_config(
        {
            "DEVSTACK_DATA_DIR": "/srv/data",
            "DEVSTACK_POSTGRES_PORT": "15432",
            "DEVSTACK_S3_PORT": "18333",
            "HOST": "0.0.0.0",
            "PORT": "9000",
            "TRANSCRIBER_WORKERS": "3",
            "DIARIZER_WORKERS": "0",
            "METRICS_PORT": "9100",
            "DEVSTACK_SERVICE_SECONDS": "5",
            "DEVSTACK_STOP_SECONDS": "6",
        }
    )
    assert config.data_directory == Path("/srv/data")
    assert config.ports == {"DEVSTACK_POSTGRES_PORT": 15432, "DEVSTACK_S3_PORT": 18333}
    assert (config.host, config.port) == ("0.0.0.0", 9000)
    assert config.workers == {"transcriber-worker": 3, "diarizer": 0}
    assert config.metrics_port == 9100
    assert (config.service_seconds, config.stop_seconds) == (5, 6)


def test_a_gpu_is_shared_by_one_worker_of_each_kind() -> None:
    assert read_config({"USE_GPU": "true"}).workers == {"transcriber-worker": 1, "diarizer": 1}


def test_empty_variables_count_as_not_set() -> None:
    assert read_config({"PORT": "", "DEVSTACK_NATS_PORT": "", "HOST": ""}) == read_config({})


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("PORT", "http", "PORT=http is not a whole number"),
        ("PORT", "70000", "PORT=70000 is not between 1 and 65535"),
        ("DEVSTACK_NATS_PORT", "0", "DEVSTACK_NATS_PORT=0 is not between"),
        ("HTTPS_PORT", "0", "HTTPS_PORT=0 is not between"),
        ("TLS", "maybe", "TLS=maybe is neither true nor false"),
        ("TRANSCRIBER_WORKERS", "-1", "TRANSCRIBER_WORKERS=-1 is not between"),
    ],
)
def test_an_invalid_value_is_rejected_with_its_variable(
    name: str, value: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        read_config({name: value})


def test_the_environment_takes_precedence_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=9000\nHOST=0.0.0.0\nBARE\n# PORT=1\n")
    monkeypatch.setenv("PORT", "9001")
    monkeypatch.delenv("HOST", raising=False)
    environment = read_environment(dotenv)
    assert environment["PORT"] == "9001"
    assert environment["HOST"] == "0.0.0.0"
    assert "BARE" not in environment


def test_no_file_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9001")
    assert read_environment(tmp_path / ".env")["PORT"] == "9001"


@pytest.mark.parametrize("word", ["1", "true", "Yes", "on"])
def test_tls_serves_every_address_unless_one_is_chosen(word: str) -> None:
    config = read_config({"TLS": word})
    assert (config.tls, config.host, config.https_port) == (True, "0.0.0.0", 8443)
    chosen = read_config({"TLS": word, "HOST": "127.0.0.1", "HTTPS_PORT": "443"})
    assert (chosen.host, chosen.https_port) == ("127.0.0.1", 443)


@pytest.mark.parametrize("word", ["", "0", "false", "No", "off"])
def test_no_tls(word: str) -> None:
    assert read_config({"TLS": word}) == read_config({})
