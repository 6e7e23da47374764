"""Tasks of an operator: restarts, down and up, backup, scaling."""

from pathlib import Path

import pytest

from securetranscribe import SecureTranscribeClient
from tests.containers.compose import Compose, program
from tests.containers.conftest import Containers
from tests.e2e.stack import Completed
from tests.e2e.test_rolling_restart import (
    ends,
    test_no_job_is_lost_when_every_service_is_restarted,
)

__all__ = ["ends", "test_no_job_is_lost_when_every_service_is_restarted"]


SERVICES = (
    "envoy", "gateway", "transcriber-api", "transcriber-worker", "diarizer", "speakers", "exporter",
)  # fmt: skip


def _listed(client: SecureTranscribeClient) -> set[int]:
    return {one["id"] for one in client.list_transcriptions()["transcriptions"]}


def test_containers_run_without_privileges(compose: Compose | None) -> None:
    if compose is None:
        pytest.skip("nothing is known of the containers of this stack")
    ours = [one for one in compose.containers() if "securetranscribe/" in one["Config"]["Image"]]
    assert len(ours) >= 8
    for container in ours:
        assert container["HostConfig"]["ReadonlyRootfs"], container["Name"]
        assert container["HostConfig"]["CapDrop"] == ["ALL"], container["Name"]
        assert container["Config"]["User"] == "10001:10001", container["Name"]
        assert container["Config"]["Labels"]["org.opencontainers.image.version"]


def test_data_survives_down_and_up(
    compose: Compose | None, stack: Containers, completed: Completed
) -> None:
    if compose is None:
        pytest.skip("this stack is not for stopping")
    compose.down(volumes=False)
    compose.up()
    with stack.client(completed.token) as client:
        state = client.get_status(completed.transcription_id)
    assert state["full_transcript"] == completed.state["full_transcript"]
    assert state["speakers"] == completed.state["speakers"]


def test_backup_can_be_restored(
    compose: Compose | None, stack: Containers, completed: Completed, tmp_path: Path
) -> None:
    if compose is None:
        pytest.skip("this stack is not for stopping")
    if program() != ("docker", "compose"):
        pytest.skip("the scripts want compose as a plugin of docker")
    identifier = completed.transcription_id
    compose.script("scripts/backup.sh", str(tmp_path))
    (backup,) = tmp_path.iterdir()
    with stack.client(completed.token) as client:
        client.delete_transcription(identifier)
        assert identifier not in _listed(client)
        compose.stop(*SERVICES)
        compose.script("scripts/restore.sh", str(backup))
        compose.up()
        assert identifier in _listed(client)
        state = client.get_status(identifier)
        assert state["full_transcript"] == completed.state["full_transcript"]


def test_workers_scale(compose: Compose | None) -> None:
    if compose is None:
        pytest.skip("this stack is not for changing")
    compose.up("--scale", "transcriber-worker=2")
    running = [
        one
        for one in compose.containers()
        if "_transcriber-worker" in one["Name"] or "-transcriber-worker-" in one["Name"]
    ]
    assert len(running) == 2
    compose.up("--scale", "transcriber-worker=1")
