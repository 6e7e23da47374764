"""Writes (`--write`) or checks (`--check`) the AsyncAPI document of the WebSockets and of NATS.

.venv/bin/python -m scripts.asyncapi --write

It is made from the models of the messages and from the contracts of the events.
"""

import importlib.metadata
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from common import events
from gateway.live import models, recognition_models, recognition_schemas
from gateway.live.connection import BUSY, FINISHED, REFUSED, TAKEN_OVER
from gateway.live.send_queue import GOING_AWAY, SESSION_ENDED, TOO_SLOW, Closing
from scripts.proto_schemas import ROOT, ProtoSchemas
from securetranscribe.v1 import event_pb2

DOCUMENT = ROOT / "docs" / "asyncapi.json"
_CONTRACT = "securetranscribe/v1/event.proto"
_SCHEMA = "#/components/schemas/{}"
_EVENT = f".{event_pb2.Event.DESCRIPTOR.full_name}"
_PARAMETERS = {
    "workspace": "Workspace concerned. `all` if all are concerned.",
    "transcription": "Transcription ID.",
    "job": "Job ID.",
    "session": "Session ID.",
    "speaker": "Speaker profile ID.",
}
#: Attributes of CloudEvents, in the headers of NATS.
_HEADERS = {
    "ce-specversion": {"type": "string", "const": "1.0"},
    "ce-id": {"type": "string", "description": "The same event has the same id."},
    "ce-source": {"type": "string", "examples": ["/securetranscribe/transcriber"]},
    "ce-subject": {"type": "string", "examples": ["job/job_0adfed064ad14b8bad3c0ae4e35324b0"]},
    "ce-time": {"type": "string", "format": "date-time"},
    "ce-dataschema": {"type": "string", "const": "securetranscribe.v1.Event"},
    "content-type": {"type": "string", "const": events.CONTENT_TYPE},
    "Nats-Msg-Id": {"type": "string", "description": "The same as `ce-id`."},
    "traceparent": {"type": "string", "description": "Trace of the change."},
}
_TRANSCRIPTION = {"type": "integer", "description": "Transcription ID."}
#: Messages of clients, by type.
_REQUESTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "ping": ("Asks for a `pong`.", {}),
    "watch": (
        "Asks for the events of a transcription that others share.",
        {"transcription_id": _TRANSCRIPTION},
    ),
    "unwatch": ("Ends a `watch`.", {"transcription_id": _TRANSCRIPTION}),
}
_DESCRIPTION = """
Messages of SecureTranscribe: events of a session on a WebSocket of the gateway, live sessions on \
two others, and CloudEvents in NATS, for programs next to the services.

Payloads in NATS are protobuf: `securetranscribe.v1.Event` of the contracts in `protos`. The \
schemas here are those of its JSON form, with the names of the contracts.
""".strip()


def document() -> dict[str, Any]:
    """Return the document."""
    schemas, kinds = _schemas()
    channels = {
        "websocket": _websocket(),
        "live": _live_channel(),
        "followers": _follower_channel(),
        **{kind: _event_channel(kind) for kind in kinds},
    }
    messages = {
        **_socket_messages(),
        **_recognition_messages(),
        **{kind: _event(kind, text) for kind, text in kinds.items()},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "SecureTranscribe events",
            "version": importlib.metadata.version("securetranscribe-gateway"),
            "description": _DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": channels,
        "operations": {
            "sendLiveMessages": _operation("send", "websocket", _socket_keys(_live_types())),
            "receiveRequests": _operation("receive", "websocket", _socket_keys(_REQUESTS)),
            "sendLiveText": _operation("send", "live", _keys(recognition_schemas.SERVER)),
            "receiveSound": _operation(
                "receive", "live", [*_keys(recognition_schemas.CLIENT), _BINARY]
            ),
            "sendFollowedText": _operation(
                "send", "followers", _keys(recognition_schemas.FOLLOWER)
            ),
            "receivePings": _operation("receive", "followers", ["live_client_ping"]),
            **{f"send_{kind}": _operation("send", kind, [kind]) for kind in kinds},
        },
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A session token or an access token, in the handshake.",
    },
    "cookie": {"type": "httpApiKey", "in": "cookie", "name": "session_token"},
    "query": {
        "type": "httpApiKey",
        "in": "query",
        "name": "token",
        "description": "For browsers, which cannot set headers of a WebSocket.",
    },
    "subscriber": {
        "type": "userPassword",
        "description": "`python -m devstack env subscriber` prints both on one machine.",
    },
}
_SERVERS = {
    "gateway": {
        "host": "localhost:8000",
        "protocol": "ws",
        "description": "The gateway. `wss` where it serves HTTPS.",
        "security": [
            {"$ref": f"#/components/securitySchemes/{name}"}
            for name in ("bearer", "cookie", "query")
        ],
    },
    "nats": {
        "host": "localhost:4222",
        "protocol": "nats",
        "description": "NATS, with the account of subscribers. The stream `EVENTS` keeps events "
        "for a week, except those that say otherwise.",
        "security": [{"$ref": "#/components/securitySchemes/subscriber"}],
    },
}


def _websocket() -> dict[str, Any]:
    codes = _codes(SESSION_ENDED, TOO_SLOW, GOING_AWAY)
    return {
        "address": "/ws",
        "title": "Live events of a session",
        "description": f"Also at `/api/ws` and `/api/v1/ws`. Codes of closed connections: {codes}",
        "servers": [{"$ref": "#/servers/gateway"}],
        "messages": _references(_socket_keys([*_live_types(), *_REQUESTS])),
        "bindings": {"ws": {"method": "GET"}},
    }


def _codes(*closings: Closing) -> str:
    return ", ".join(f"{one.code}: {one.reason}" for one in closings)


def _live_channel() -> dict[str, Any]:
    codes = _codes(FINISHED, REFUSED, GOING_AWAY, BUSY, SESSION_ENDED, TAKEN_OVER)
    return {
        "address": "/ws/live",
        "title": "Live session of one who records",
        "description": "Also at `/api/ws/live` and `/api/v1/ws/live`. The first message is `begin` "
        f"or `resume`. Codes of closed connections: {codes}",
        "servers": [{"$ref": "#/servers/gateway"}],
        "messages": _references(
            [*_keys(recognition_schemas.SERVER), *_keys(recognition_schemas.CLIENT), _BINARY]
        ),
        "bindings": {"ws": {"method": "GET"}},
    }


def _follower_channel() -> dict[str, Any]:
    codes = _codes(FINISHED, REFUSED, GOING_AWAY, BUSY, SESSION_ENDED)
    parameters = recognition_models.FollowParameters.model_json_schema()
    return {
        "address": "/ws/live/follow",
        "title": "Live session of an audience",
        "description": "Also at `/api/ws/live/follow` and `/api/v1/ws/live/follow`. Codes of "
        f"closed connections: {codes}",
        "servers": [{"$ref": "#/servers/gateway"}],
        "messages": _references([*_keys(recognition_schemas.FOLLOWER), "live_client_ping"]),
        "bindings": {"ws": {"method": "GET", "query": parameters}},
    }


def _event_channel(kind: str) -> dict[str, Any]:
    """Return the channel of a kind of events. Its address is the pattern of their subjects."""
    entity, verb, everywhere = _addressed(kind)
    parameters = [] if everywhere else ["workspace"]
    parameters += [] if entity == "queue" else [entity]
    workspace = "all" if everywhere else "{workspace}"
    entity_id = "all" if entity == "queue" else f"{{{entity}}}"
    kept = events.is_kept(_made(kind))
    return {
        "address": f"securetranscribe.events.v1.{workspace}.{entity}.{entity_id}.{verb}",
        "description": "Kept for a week." if kept else "Not kept: only current subscribers get it.",
        "servers": [{"$ref": "#/servers/nats"}],
        "parameters": {name: {"description": _PARAMETERS[name]} for name in parameters},
        "messages": _references([kind]),
    }


def _event(kind: str, comment: str) -> dict[str, Any]:
    entity, verb, _ = _addressed(kind)
    return {
        "name": f"securetranscribe.v1.{entity}.{verb}",
        "summary": comment.partition(":")[0] + ".",
        "contentType": events.CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                "ce-type": {"type": "string", "const": f"securetranscribe.v1.{entity}.{verb}"},
                **_HEADERS,
            },
        },
        "payload": {
            "allOf": [
                {"$ref": _SCHEMA.format("Event")},
                {"type": "object", "required": ["event_id", "time", kind]},
            ]
        },
    }


def _made(kind: str) -> event_pb2.Event:
    """Return an event of a kind, without values."""
    event = event_pb2.Event(workspace_id="workspace", session_id="session")
    getattr(event, kind).SetInParent()
    return event


def _addressed(kind: str) -> tuple[str, str, bool]:
    """Return the entity and the verb of a kind, and whether it concerns all workspaces."""
    event = _made(kind)
    headers = events.envelope(event, source="transcriber").headers
    _, _, entity, verb = headers["ce-type"].split(".")
    return entity, verb, entity == "queue"


def _live_types() -> list[str]:
    return list(models.schemas()["LiveMessage"]["discriminator"]["mapping"])


def _socket_keys(names: Iterable[str]) -> list[str]:
    """Return the keys of messages of the WebSocket. Events in NATS have the same names."""
    return [f"websocket_{name}" for name in names]


def _socket_messages() -> dict[str, Any]:
    union = models.schemas()["LiveMessage"]
    sent = {
        name: {"name": name, "payload": {"$ref": reference}}
        for name, reference in union["discriminator"]["mapping"].items()
    }
    received = {
        name: {
            "name": name,
            "summary": summary,
            "payload": {
                "type": "object",
                "required": ["type", *fields],
                "properties": {"type": {"type": "string", "const": name}, **fields},
            },
        }
        for name, (summary, fields) in _REQUESTS.items()
    }
    messages = {**sent, **received}
    return dict(zip(_socket_keys(messages), messages.values(), strict=True))


#: Message of a client with sound.
_BINARY = "live_client_sound"
_UNIONS = {
    recognition_schemas.SERVER: "live",
    recognition_schemas.FOLLOWER: "follower",
    recognition_schemas.CLIENT: "live_client",
}


def _keys(union: str) -> list[str]:
    """Return the keys of the messages of a union."""
    mapping = recognition_schemas.schemas()[union]["discriminator"]["mapping"]
    return [f"{_UNIONS[union]}_{name}" for name in mapping]


def _recognition_messages() -> dict[str, Any]:
    schemas = recognition_schemas.schemas()
    found = {
        f"{prefix}_{name}": {"name": name, "payload": {"$ref": reference}}
        for union, prefix in _UNIONS.items()
        for name, reference in schemas[union]["discriminator"]["mapping"].items()
    }
    found[_BINARY] = {
        "name": "sound",
        "summary": "A binary message: the number of the chunk in 8 bytes (big-endian), one byte "
        "that is 1 if the chunk begins a media stream, else 0, and the sound.",
        "contentType": "application/octet-stream",
        "payload": {"type": "string", "format": "binary"},
    }
    return found


def _schemas() -> tuple[dict[str, Any], dict[str, str]]:
    """Return all schemas, and the kinds of events with the comments of the contract."""
    contract = ProtoSchemas(_CONTRACT)
    contract.reference(_EVENT)
    data = event_pb2.Event.DESCRIPTOR.oneofs_by_name["data"].fields
    comments = contract.field_comments(_EVENT)
    kinds = {field.name: comments[field.name] for field in data}
    unions = {"LiveMessage", *_UNIONS}
    sockets = {**models.schemas(), **recognition_schemas.schemas()}
    live = {name: _plain(schema) for name, schema in sockets.items() if name not in unions}
    if clashes := live.keys() & contract.schemas.keys():
        # The contract and the socket may use one name for two forms of the same thing.
        contract.schemas = _renamed(contract.schemas, clashes)
    return {**live, **contract.schemas}, kinds


def _renamed(schemas: Any, names: Any) -> Any:
    """Return schemas after adding `Event` to some names, also in references."""
    text = json.dumps(schemas)
    for name in names:
        text = text.replace(f'"{_SCHEMA.format(name)}"', f'"{_SCHEMA.format(f"{name}Event")}"')
    renamed = json.loads(text)
    return {f"{name}Event" if name in names else name: renamed[name] for name in renamed}


def _plain(schema: Any) -> Any:
    """Return a schema without the discriminators of OpenAPI."""
    if isinstance(schema, dict):
        return {
            name: _plain(part) for name, part in schema.items() if name not in ("discriminator",)
        }
    return [_plain(part) for part in schema] if isinstance(schema, list) else schema


def _references(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _operation(action: str, channel: str, messages: Any) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


def text() -> str:
    """Return the document as it is stored."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Run the command line."""
    if arguments == ["--check"]:
        if DOCUMENT.read_text(encoding="utf-8") != text():
            sys.exit("docs/asyncapi.json is outdated: python -m scripts.asyncapi --write")
    elif arguments == ["--write"]:
        DOCUMENT.write_text(text(), encoding="utf-8")
    else:
        print(text(), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
