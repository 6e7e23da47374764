"""Messages of WebSockets, checked against docs/asyncapi.json."""

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema

_DOCUMENT = Path(__file__).parents[1] / "docs/asyncapi.json"


@functools.cache
def _validators(channel: str, action: str) -> dict[str, jsonschema.Draft202012Validator]:
    """Return the validators of a channel by the type of the message."""
    document = json.loads(_DOCUMENT.read_text(encoding="utf-8"))
    found = {}
    for operation in document["operations"].values():
        if operation["action"] != action:
            continue
        if operation["channel"]["$ref"] != f"#/channels/{channel}":
            continue
        for reference in operation["messages"]:
            key = reference["$ref"].rpartition("/")[2]
            message = document["components"]["messages"][key]
            schema = {**message["payload"], "components": document["components"]}
            found[message["name"]] = jsonschema.Draft202012Validator(schema)
    return found


def types(channel: str, action: str) -> set[str]:
    """Return the types of messages of a channel. `action` is `send` or `receive`, of the server."""
    return set(_validators(channel, action))


def check(channel: str, message: dict[str, Any], *, action: str = "send") -> None:
    """Raise an error unless a message is as the document has it."""
    validators = _validators(channel, action)
    assert message["type"] in validators, f"{message['type']} is not a message of {channel}"
    validators[message["type"]].validate(message)
