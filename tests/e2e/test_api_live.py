"""The documented events of the WebSocket, field by field."""

import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests import asyncapi_messages
from tests.e2e.contract import EVENTS, Api, client, upload
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e


def test_events_of_a_job_from_start_to_end(stack: Stack, clip: bytes) -> None:
    with client(stack) as http:
        api = Api(http=http)
        token = api.data("POST", "/sessions/create", 201)["session_token"]
        url = f"{stack.base_url.replace('http', 'ws', 1)}/ws?token={token}"
        with connect(url, proxy=None, open_timeout=60) as websocket:
            assert json.loads(websocket.recv(60))["type"] == "queue_update"
            started = upload(api, clip)
            messages: list[Any] = []
            while not messages or messages[-1]["type"] != "job_completed":
                message = json.loads(websocket.recv(JOB_SECONDS))
                assert message.keys() == {"type", "data"}
                assert EVENTS[message["type"]](message["data"])
                asyncapi_messages.check("websocket", message)
                messages.append(message)
    own = [message["data"] for message in messages if message["type"].startswith("job_")]
    assert {data["job_id"] for data in own} == {started["job_id"]}
    assert {data["transcription_id"] for data in own} == {started["transcription_id"]}
    percents = [data["progress_percentage"] for data in own[:-1]]
    assert percents
    assert percents == sorted(percents)
    assert own[-1]["results"]["duration"] == pytest.approx(6.0, abs=0.1)


def test_cookie_authenticates_a_connection(stack: Stack, api: Api) -> None:
    api.data("GET", "/sessions/current")
    cookie = {"Cookie": f"session_token={api.http.cookies['session_token']}"}
    url = f"{stack.base_url.replace('http', 'ws', 1)}/ws"
    with connect(url, additional_headers=cookie, proxy=None, open_timeout=60) as websocket:
        assert EVENTS["queue_update"](json.loads(websocket.recv(60))["data"])


def test_connection_without_a_session_is_rejected(stack: Stack) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{stack.base_url.replace('http', 'ws', 1)}/ws", proxy=None, open_timeout=60)
    assert caught.value.response.status_code == 401
