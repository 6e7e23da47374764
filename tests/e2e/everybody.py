"""A workspace with a thing of each kind, and everybody who may reach it or not."""

import asyncio
import io
import itertools
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from common.identity import Role, Scope
from common.postgres import Database
from common.settings import PostgresSettings
from tests.e2e.stack import Stack, eventually
from tests.integration.gateway.accounts import setup_token

PASSWORD = "correct horse battery"
_count = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who sends requests."""

    name: str
    http: httpx2.Client
    user_id: str = ""
    workspace_id: str = ""
    role: Role | None = None
    """In the workspace that owns everything."""

    share: Role | None = None
    scope: Scope | None = None
    link: bool = False
    nobody: bool = False
    administrator: bool = False

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the data of a successful request."""
        answer = self.http.request(method, f"/api{path}", **options)
        assert answer.status_code < 300, (self.name, method, path, answer.text)
        return answer.json()["data"] if answer.content else None


@dataclass(frozen=True, kw_only=True)
class World:
    """The running product, the callers, and the things of the workspace that owns everything."""

    manager: Caller
    administrator: Caller
    callers: list[Caller]
    things: dict[str, Any]
    silence: bytes
    link_token: str
    open: Callable[..., httpx2.Client] = field(repr=False)


def everybody(stack: Stack, opened: Callable[..., httpx2.Client], clip: bytes) -> World:
    def person(known_as: str, path: str, **body: Any) -> Caller:
        answer = opened().post(f"/api{path}", json=body)
        assert answer.status_code < 300, answer.text
        data = answer.json()["data"]
        return Caller(
            name=known_as,
            http=opened(data["session_token"]),
            user_id=data["user"]["user_id"],
            workspace_id=data["workspace"]["workspace_id"],
            **known[known_as],
        )

    known: dict[str, dict[str, Any]] = {
        "administrator": {"administrator": True},
        "manager": {"role": Role.MANAGER},
        "editor": {"role": Role.EDITOR},
        "viewer": {"role": Role.VIEWER},
        "foreign": {},
        "shared viewer": {"share": Role.VIEWER},
        "shared commenter": {"share": Role.COMMENTER},
        "shared editor": {"share": Role.EDITOR},
    }
    token = asyncio.run(_setup_token(stack))
    administrator = person(
        "administrator", "/auth/setup", setup_token=token, name="Ada", password=PASSWORD
    )
    callers = [administrator]
    for name in [*known][1:]:
        made = administrator.ask("POST", "/users", json={"name": name})
        reset = made["link"]["reset_token"]
        callers.append(person(name, "/auth/reset", reset_token=reset, new_password=PASSWORD))
    guest = administrator.ask("POST", "/users", json={"name": "Guest"})["user"]
    manager = next(caller for caller in callers if caller.name == "manager")
    workspace = f"/workspaces/{manager.workspace_id}"
    for caller in callers:
        if caller.role in (Role.VIEWER, Role.EDITOR):
            members = f"{workspace}/members/{caller.user_id}"
            manager.ask("PUT", members, json={"role": caller.role.word})
            caller.ask("POST", f"{workspace}/switch")
    things = _things(manager, clip)
    one = f"/transcriptions/{things['transcription_id']}"
    for caller in callers:
        if caller.share is not None:
            body = {"user": caller.user_id, "role": caller.share.word}
            share = manager.ask("POST", f"{one}/shares", json=body)
            things["share_id"] = share["id"]
    link = manager.ask("POST", f"{one}/links", json={})
    visit = opened().post("/api/shared/open", json={"token": link["token"]}).json()["data"]
    callers.append(Caller(name="link", http=opened(visit["session_token"]), link=True))
    for scope in Scope:
        wanted: dict[str, Any] = {"name": scope.value, "scopes": [scope.value]}
        made = manager.ask("POST", "/tokens", json=wanted)
        callers.append(
            Caller(
                name=f"token {scope.value}",
                http=opened(made["secret"]),
                role=Role.MANAGER,
                scope=scope,
            )
        )
    callers.append(Caller(name="nobody", http=opened(), nobody=True))
    things |= {
        # Of nobody here.
        "session_id": "session_" + 32 * "0",
        "link_id": link["id"],
        "user_id": guest["user_id"],
        "workspace_id": manager.workspace_id,
        "provider": "nowhere",
        "revision": 1,
        "number": 0,
        "delivery_id": f"msg_{'0' * 32}",
        "replacement_id": f"replace_{'0' * 32}",
        "suggestion_id": "0" * 32,
        **dict.fromkeys(("conflict_id", "trash_id", "observation_id"), 2**62),
        "token_id": made["access_token"]["token_id"],
    }
    return World(
        manager=manager,
        administrator=administrator,
        callers=callers,
        things=things,
        silence=_silence(),
        link_token=link["token"],
        open=opened,
    )


def _things(manager: Caller, clip: bytes) -> dict[str, Any]:
    """Make a completed transcription, and one thing of each other kind."""
    form = {"auto_start": "true", "language": "en"}
    uploaded = manager.ask(
        "POST", "/transcription/upload", files={"file": ("clip.wav", clip)}, data=form
    )
    number = uploaded["transcription_id"]
    eventually(
        lambda: manager.ask("GET", f"/transcription/status/{number}")["status"] == "completed"
    )
    page = manager.ask("GET", f"/transcription/{number}/transcript", params={"words": True})
    made = {
        "transcription_id": number,
        "job_id": uploaded["job_id"],
        "segment": page["segments"][0]["id"],
        "word": page["segments"][0]["words"][0]["id"],
        "speaker_label": page["segments"][0]["speaker_label"],
    }
    for name in _MAKERS:
        made[name] = _MAKERS[name](manager)
    return made


def _posted(path: str, key: str, **body: str) -> Callable[[Caller], Any]:
    """Return a function that makes a thing with a name of its own."""

    def make(manager: Caller) -> Any:
        filled = {name: value.format(unique=unique()) for name, value in body.items()}
        return manager.ask("POST", path, json=filled)[key]

    return make


def _webhook(manager: Caller) -> Any:
    body = {"url": "http://127.0.0.1:9/", "events": ["job.completed"]}
    return manager.ask("POST", "/webhooks", json=body)["webhook"]["webhook_id"]


def _upload(manager: Caller) -> Any:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000"}
    answer = manager.http.post("/api/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].rpartition("/")[2]


def unique() -> str:
    return f"thing {next(_count)}"


_MAKERS: Mapping[str, Callable[[Caller], Any]] = {
    "term_id": _posted("/vocabulary/terms", "term_id", text="{unique}"),
    "correction_id": _posted(
        "/vocabulary/corrections", "correction_id", heard="{unique}", meant="never said"
    ),
    "tag_id": _posted("/tags", "tag_id", name="{unique}"),
    "folder_id": _posted("/folders", "folder_id", name="{unique}"),
    "speaker_id": _posted("/speakers", "id", name="{unique}"),
    "capture_id": _posted("/captures", "capture_id", media_type="audio/webm"),
    "upload_id": _upload,
    "webhook_id": _webhook,
}


def made(world: World, name: str) -> dict[str, Any]:
    """Make another thing, which a request uses up. Return its id by name."""
    manager = world.manager
    number = world.things["transcription_id"]
    if name == "transcription_id":
        data = {"auto_start": "false"}
        file = {"file": ("silence.wav", world.silence)}
        uploaded = manager.ask("POST", "/transcription/upload", files=file, data=data)
        return {name: uploaded[name]}
    if name == "share_id":
        body = {"user": world.things["user_id"], "role": "viewer"}
        return {name: manager.ask("POST", f"/transcriptions/{number}/shares", json=body)["id"]}
    if name == "link_id":
        return {name: manager.ask("POST", f"/transcriptions/{number}/links", json={})["id"]}
    if name == "token_id":
        body = {"name": "robot", "scopes": ["read"]}
        return {name: manager.ask("POST", "/tokens", json=body)["access_token"][name]}
    if name == "workspace_id":
        return {name: manager.ask("POST", "/workspaces", json={"name": unique()})[name]}
    if name == "user_id":
        made = world.administrator.ask("POST", "/users", json={"name": unique()})
        return {name: made["user"][name]}
    if name == "member":
        members = f"/workspaces/{manager.workspace_id}/members"
        manager.ask("PUT", f"{members}/{world.things['user_id']}", json={"role": "viewer"})
        return {}
    return {name: _MAKERS[name](manager)}


async def _setup_token(stack: Stack) -> str:
    url = stack.servers.environment("gateway")["DATABASE_URL"]
    database = Database(PostgresSettings(database_url=url))
    await database.open()
    try:
        return await setup_token(database)
    finally:
        await database.close()


def _silence() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(32000))
    return file.getvalue()
