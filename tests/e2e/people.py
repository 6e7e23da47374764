"""People with a session, for tests of the whole product where people sign in."""

from typing import Any

import grpc
import httpx2
from websockets.sync.client import ClientConnection, connect

from tests.e2e.stack import Stack

PASSWORD = "correct horse battery"


class Person:
    """Somebody with the token of a session."""

    def __init__(self, stack: Stack, token: str, user_id: str = "") -> None:
        self._stack = stack
        self.token = token
        self.user_id = user_id

    def _request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        url = f"{self._stack.base_url}/api{path}"
        return httpx2.request(
            method, url, headers=headers, timeout=120, verify=self._stack.encrypted, **options
        )

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the data of a successful request."""
        answer = self._request(method, path, **options)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json()["data"]

    def status(self, method: str, path: str, **options: Any) -> int:
        """Return the status of a request."""
        return self._request(method, path, **options).status_code

    def call(self, process: str, stub: Any, method: str, request: Any) -> Any:
        """Call a method by gRPC. Return the code of its error, or the response or responses."""
        with grpc.insecure_channel(self._stack.services.address(process)) as channel:
            call = getattr(stub(channel), method)
            metadata = (("authorization", f"Bearer {self.token}"),)
            try:
                answer = call(request, metadata=metadata, timeout=120)
                return list(answer) if hasattr(answer, "__iter__") else answer
            except grpc.RpcError as error:
                return error.code()

    def socket(self) -> ClientConnection:
        """Open a WebSocket."""
        url = self._stack.base_url.replace("http", "ws", 1) + "/ws"
        headers = {"Authorization": f"Bearer {self.token}"}
        return connect(url, additional_headers=headers, proxy=None, open_timeout=60)


def signed_in(stack: Stack, path: str, **body: Any) -> Person:
    """Return the person of a request that signs somebody in."""
    with httpx2.Client(
        base_url=f"{stack.base_url}/api", timeout=60, verify=stack.encrypted
    ) as http:
        answer = http.post(path, json=body)
        assert answer.status_code < 300, answer.text
        data = answer.json()["data"]
        return Person(stack, data["session_token"], data["user"]["user_id"])


def user(stack: Stack, administrator: Person, name: str) -> Person:
    """Create a user, who sets a password with the link and is signed in then."""
    made = administrator.ask("POST", "/users", json={"name": name})
    link = made["link"]["reset_token"]
    return signed_in(stack, "/auth/reset", reset_token=link, new_password=PASSWORD)
