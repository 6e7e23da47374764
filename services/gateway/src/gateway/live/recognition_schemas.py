"""Schemas of the messages of live sessions, for documents and for types of clients."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from gateway.live import recognition_models as models
from gateway.live.models import PongMessage
from gateway.web.envelope import ApiModel

_REFERENCE = "#/components/schemas/{model}"
#: Begins the names of all schemas, since those of the rest of the API are as short.
_PREFIX = "Live"
#: Names of the unions: messages to those who record, to followers, and from those who record.
SERVER, FOLLOWER, CLIENT = "LiveServerMessage", "LiveFollowerMessage", "LiveClientMessage"


class BegunMessage(ApiModel):
    """First message of a session. Send the chunks from `next_chunk` on."""

    type: Literal["begun"] = "begun"
    data: models.BegunData


class FollowedMessage(ApiModel):
    """First message to a follower."""

    type: Literal["begun"] = "begun"
    data: models.FollowedData


class AcknowledgedMessage(ApiModel):
    """Sent when chunks are stored durably."""

    type: Literal["acknowledged"] = "acknowledged"
    data: models.AcknowledgedData


class DraftMessage(ApiModel):
    """Text that may change. It replaces the draft of the same segment."""

    type: Literal["draft"] = "draft"
    data: models.TextData


class FinalMessage(ApiModel):
    """Text that does not change. It replaces the draft of the same segment."""

    type: Literal["final"] = "final"
    data: models.TextData


class SpeakerMessage(ApiModel):
    """The speaker of a segment whose text is final."""

    type: Literal["speaker"] = "speaker"
    data: models.SpeakerData


class LagMessage(ApiModel):
    """Sent from time to time, with the distance between the sound and the results."""

    type: Literal["lag"] = "lag"
    data: models.LagData


class NoticeMessage(ApiModel):
    """Something that users should know."""

    type: Literal["notice"] = "notice"
    data: models.NoticeData


class EndedMessage(ApiModel):
    """Last message of a session."""

    type: Literal["ended"] = "ended"
    data: models.EndedData


class FollowedEndMessage(ApiModel):
    """Last message to a follower."""

    type: Literal["ended"] = "ended"
    data: models.FollowedEndData


class ErrorMessage(ApiModel):
    """Why the connection is closed."""

    type: Literal["error"] = "error"
    data: models.ErrorData


ServerMessage = Annotated[
    BegunMessage
    | AcknowledgedMessage
    | DraftMessage
    | FinalMessage
    | SpeakerMessage
    | LagMessage
    | NoticeMessage
    | EndedMessage
    | ErrorMessage
    | PongMessage,
    Field(discriminator="type", description="A message of the server at `/ws/live`."),
]
FollowerMessage = Annotated[
    FollowedMessage
    | DraftMessage
    | FinalMessage
    | SpeakerMessage
    | LagMessage
    | NoticeMessage
    | FollowedEndMessage
    | ErrorMessage
    | PongMessage,
    Field(discriminator="type", description="A message of the server at `/ws/live/follow`."),
]
ClientMessage = Annotated[
    models.BeginMessage
    | models.ResumeMessage
    | models.ChunkMessage
    | models.FinishMessage
    | models.PingMessage,
    Field(discriminator="type", description="A text message of a client at `/ws/live`."),
]


def schemas() -> dict[str, Any]:
    """Return the schemas of all messages by name, and their unions."""
    server: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
    follower: TypeAdapter[FollowerMessage] = TypeAdapter(FollowerMessage)
    client: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
    unions = {
        SERVER: server.json_schema(mode="serialization", ref_template=_REFERENCE),
        FOLLOWER: follower.json_schema(mode="serialization", ref_template=_REFERENCE),
        CLIENT: client.json_schema(mode="validation", ref_template=_REFERENCE),
    }
    definitions = {key: one for union in unions.values() for key, one in union.pop("$defs").items()}
    return _prefixed({**definitions, **unions})


def _prefixed(found: dict[str, Any]) -> dict[str, Any]:
    """Return schemas with the prefix in their names and references."""
    text = json.dumps(found)
    names = {name: name if name.startswith(_PREFIX) else f"{_PREFIX}{name}" for name in found}
    for old, new in names.items():
        text = text.replace(
            f'"{_REFERENCE.format(model=old)}"', f'"{_REFERENCE.format(model=new)}"'
        )
    renamed = json.loads(text)
    for old, new in names.items():
        if new != old:
            renamed[new] = {**renamed.pop(old), "title": new}
    return {name: renamed[name] for name in sorted(renamed)}
