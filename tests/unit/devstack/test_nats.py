import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from common.bus import EVENT_COPY_API, EVENTS_BYTES
from common.bus_rights import RIGHTS
from devstack.credentials import StackCredentials
from devstack.files import DataDirectory
from devstack.nats import NatsPorts, NatsServer, configuration

CREDENTIALS = StackCredentials(nats_service="s", nats_subscriber="r", nats_provisioner="p")


def read(tmp_path: Path) -> dict[str, Any]:
    ports = NatsPorts(client=1, monitor=2)
    text = configuration(ports=ports, store=tmp_path, credentials=CREDENTIALS)
    value: dict[str, Any] = json.loads(text)
    return value


def test_nats_only_listens_on_loopback(tmp_path: Path) -> None:
    value = read(tmp_path)
    assert (value["listen"], value["http"]) == ("127.0.0.1:1", "127.0.0.1:2")


def test_limits_and_store(tmp_path: Path) -> None:
    value = read(tmp_path)
    assert value["max_payload"] == 8 * 1024 * 1024
    assert value["jetstream"]["store_dir"] == str(tmp_path)
    # Twice, as subscribers have a copy.
    assert value["jetstream"]["max_file_store"] > 2 * EVENTS_BYTES


def test_subscribers_have_a_separate_account(tmp_path: Path) -> None:
    accounts = read(tmp_path)["accounts"]
    users = {name: [user["user"] for user in one["users"]] for name, one in accounts.items()}
    assert users == {
        "services": ["service", *RIGHTS],
        "subscribers": ["provisioner", "subscriber"],
    }
    assert accounts["services"]["exports"] == [{"stream": "securetranscribe.events.v1.>"}]


def test_services_may_only_erase_from_the_copy(tmp_path: Path) -> None:
    accounts = read(tmp_path)["accounts"]
    lent = [f"$JS.API.STREAM.{verb}.EVENTS" for verb in ("PURGE", "MSG.GET", "MSG.DELETE")]
    assert accounts["subscribers"]["exports"] == [
        {"service": subject, "accounts": ["services"]} for subject in lent
    ]
    assert [one["service"]["subject"] for one in accounts["services"]["imports"]] == lent
    allowed = {
        name: [one for one in rights.publish if one.startswith(EVENT_COPY_API)]
        for name, rights in RIGHTS.items()
    }
    assert [name for name, subjects in allowed.items() if subjects] == ["transcriber"]
    imported = [one["to"] for one in accounts["services"]["imports"]]
    assert allowed["transcriber"] == imported


def test_a_subscriber_can_only_publish_requests_about_consumers(tmp_path: Path) -> None:
    subscriber = read(tmp_path)["accounts"]["subscribers"]["users"][1]
    allowed = subscriber["permissions"]["publish"]["allow"]
    assert all(subject.startswith("$JS.") for subject in allowed)
    assert not any("STREAM.CREATE" in one or one == "DELETE.EVENTS" for one in allowed)
    assert subscriber["permissions"]["subscribe"]["allow"] == [
        "securetranscribe.events.v1.>",
        "_INBOX.>",
    ]


def test_the_file_is_private_and_the_command_line_has_no_secret(tmp_path: Path) -> None:
    files = DataDirectory(root=tmp_path)
    files.create()
    server = NatsServer(
        files=files, ports=NatsPorts(client=1, monitor=2), credentials=StackCredentials()
    )
    asyncio.run(server.prepare())
    spec = server.spec()
    configured = tmp_path / "run" / "nats.json"
    assert spec.command[1:] == ("--config", str(configured))
    assert stat.S_IMODE(configured.stat().st_mode) == 0o600


def test_urls(tmp_path: Path) -> None:
    server = NatsServer(
        files=DataDirectory(root=tmp_path),
        ports=NatsPorts(client=1, monitor=2),
        credentials=CREDENTIALS,
    )
    assert server.service_url == "nats://service:s@127.0.0.1:1"
    for user in RIGHTS:
        assert server.url(user).startswith(f"nats://{user}:")
    with pytest.raises(KeyError):
        server.url("anybody")
    assert server.subscriber_url == "nats://subscriber:r@127.0.0.1:1"
