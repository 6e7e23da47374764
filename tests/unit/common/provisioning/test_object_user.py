"""Requests for a user of MinIO. The tests with containers use the real server."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from minio.crypto import decrypt
from urllib3.response import HTTPResponse

from common.errors import ApplicationError, UnavailableError
from common.provisioning import object_user

ROOT = "the root user's secret"
BUCKETS = ("recordings", "outcomes")


@dataclass(kw_only=True)
class Recorded:
    """Requests to a server that gives the same answer to all."""

    address: str
    status: int = 200
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def store() -> Iterator[Recorded]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = urlsplit(self.path)
            query = {name: value[0] for name, value in parse_qs(url.query).items()}
            recorded.requests.append((url.path.rpartition("/")[2], query, body))
            self.send_response(recorded.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded = Recorded(address=f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield recorded
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def provision(store: Recorded) -> Callable[[], None]:
    def run() -> None:
        admin = object_user.administrator(
            store.address,
            access_key="root",
            secret_key=ROOT,
            region="us-east-1",
            pool=urllib3.PoolManager(retries=False),
        )
        object_user.provision(
            admin, access_key="api", secret_key="the api's secret", buckets=BUCKETS
        )

    return run


def test_user_gets_its_secret_and_the_policy(
    store: Recorded, provision: Callable[[], None]
) -> None:
    for _ in range(2):
        provision()
    first, again = store.requests[:3], store.requests[3:]
    assert [(name, query) for name, query, _ in first] == [
        ("add-canned-policy", {"name": object_user.POLICY}),
        ("add-user", {"accessKey": "api"}),
        (
            "set-user-or-group-policy",
            {"userOrGroup": "api", "isGroup": "false", "policyName": object_user.POLICY},
        ),
    ]
    assert [request[:2] for request in again] == [request[:2] for request in first]
    assert json.loads(first[0][2]) == object_user.policy(BUCKETS)
    # Only the holder of the root key can read the new secret.
    assert b"the api's secret" not in first[1][2]
    sent = HTTPResponse(io.BytesIO(first[1][2]), preload_content=False)
    user = json.loads(decrypt(sent, ROOT))
    assert user == {"status": "enabled", "secretKey": "the api's secret"}


def test_policy_permits_objects_of_the_buckets_only() -> None:
    statements: Any = object_user.policy(BUCKETS)["Statement"]
    buckets, objects = statements
    assert buckets["Resource"] == ["arn:aws:s3:::recordings", "arn:aws:s3:::outcomes"]
    assert objects["Resource"] == ["arn:aws:s3:::recordings/*", "arn:aws:s3:::outcomes/*"]
    actions = {*buckets["Action"], *objects["Action"]}
    assert not any("*" in action for action in actions)
    assert not actions & {"s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketPolicy"}


@pytest.mark.parametrize("status", [403, 404, 501, 503])
def test_refusal_is_explained_without_secrets(
    store: Recorded, provision: Callable[[], None], status: int
) -> None:
    store.status = status
    expected = UnavailableError if status == 503 else ApplicationError
    with pytest.raises(expected) as caught:
        provision()
    assert "secret" not in str(caught.value)
    assert len(store.requests) == 1


def test_store_that_does_not_answer_is_asked_again(
    provision: Callable[[], None], store: Recorded
) -> None:
    store.address = "http://127.0.0.1:1"
    with pytest.raises(UnavailableError, match="does not answer"):
        provision()
