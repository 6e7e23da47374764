"""The right that each operation of the JSON API needs, and a harmless request for it."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from common.rights import Right


class Reach(enum.Enum):
    """Where a caller needs the right of an operation."""

    TRANSCRIPTION = "transcription"
    """For one transcription, by membership, share or link."""

    OWN_TRANSCRIPTION = "own transcription"
    """In the workspace of one transcription. A share is not enough."""

    THING = "thing"
    """In the workspace of one thing that cannot be shared."""

    ACTIVE = "active"
    """In the caller's active workspace, whichever it is."""

    TEAM = "team"
    """In a workspace that the request names. Access tokens are bound to it."""

    USER = "user"
    """Nowhere. Sign-ins and access tokens of users will do."""

    PERSON = "person"
    """Nowhere. Only sign-ins will do."""

    TOKEN = "token"
    """Of the user of an access token, or of a manager of its workspace. Others do not find it."""

    ADMINISTRATOR = "administrator"
    """In the deployment."""

    SESSION = "session"
    """Nowhere. Any session will do, also that of a link. Access tokens need the right's scope."""

    PUBLIC = "public"
    """Nowhere, without a session too."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """An operation, what it needs, and a request for it.

    `passed` are the statuses of a caller who has the right, besides those of success. They come
    from what the service finds after it has checked the right. `made` names what is made for each
    caller with the right, because the request uses it up. With `own_token` it uses up the caller's
    session. `people_only` refuses access tokens. `also` is a second right, which is
    needed too. `administrators` may do it in any workspace.
    """

    reach: Reach
    right: Right | None
    method: str
    path: str
    variant: str = ""
    passed: frozenset[int] = frozenset()
    made: str = ""
    own_token: bool = False
    people_only: bool = False
    administrators: bool = False
    also: Right | None = None
    request: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> tuple[str, str]:
        """Return the key in the OpenAPI document."""
        return self.method, self.path


def _row(reach: Reach, right: Right | None, operation: str, *passed: int, **more: Any) -> Row:
    method, path = operation.split(" ")
    known = {
        name: more.pop(name)
        for name in ("made", "variant", "own_token", "people_only", "administrators", "also")
        if name in more
    }
    return Row(
        reach=reach,
        right=right,
        method=method,
        path=path if path.startswith("/health") else f"/api{path}",
        passed=frozenset(passed),
        request=more,
        **known,
    )


_READ, _EXPORT, _COMMENT = Right.READ, Right.EXPORT, Right.COMMENT
_CREATE, _CHANGE, _DELETE, _MANAGE = Right.CREATE, Right.CHANGE, Right.DELETE, Right.MANAGE
_SHARED, _OWN, _THING = Reach.TRANSCRIPTION, Reach.OWN_TRANSCRIPTION, Reach.THING
_ACTIVE, _TEAM, _USER, _PERSON = Reach.ACTIVE, Reach.TEAM, Reach.USER, Reach.PERSON
_PASSWORD = "another horse battery"
_ONE = "/transcription/{transcription_id}"
_STAR = {"type": "set_starred", "segment": "{segment}", "starred": True}
_NOTE = {"type": "add_note", "first": "{word}", "last": "{word}", "text": "Listen again"}
_TUS = {"Tus-Resumable": "1.0.0"}
_OCTETS = {**_TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}

_TRANSCRIPTIONS: Iterable[Row] = (
    _row(
        _ACTIVE,
        _CREATE,
        "POST /transcription/upload",
        files="{silence}",
        data={"auto_start": "false"},
    ),
    _row(_OWN, _CHANGE, "POST /transcription/start/{transcription_id}", 409),
    _row(_SHARED, _READ, "GET /transcription/status/{transcription_id}"),
    _row(
        _SHARED,
        _CHANGE,
        "POST /transcription/speakers/assign/{transcription_id}",
        400,
        json={"Nobody has this label": "Nobody"},
    ),
    _row(_ACTIVE, _READ, "GET /transcription/list"),
    _row(_OWN, _DELETE, f"DELETE {_ONE}", made="transcription_id"),
    _row(_OWN, _CHANGE, f"PUT {_ONE}", json={"favorite": True}),
    _row(_SHARED, _READ, f"GET {_ONE}/transcript"),
    _row(
        _SHARED,
        _COMMENT,
        f"POST {_ONE}/edits",
        variant="note",
        json={"operations": [_NOTE]},
        headers={"If-Match": "{etag}"},
    ),
    _row(
        _SHARED,
        _CHANGE,
        f"POST {_ONE}/edits",
        variant="star",
        json={"operations": [_STAR]},
        headers={"If-Match": "{etag}"},
    ),
    _row(_SHARED, _CHANGE, f"POST {_ONE}/undo", 409),
    _row(_SHARED, _CHANGE, f"POST {_ONE}/redo", 409),
    _row(_SHARED, _READ, f"GET {_ONE}/revisions"),
    _row(_SHARED, _CHANGE, f"POST {_ONE}/revisions/{{revision}}/restore"),
    _row(_SHARED, _READ, f"GET {_ONE}/revisions/compare", params={"from": 1, "to": 1}),
    _row(
        _ACTIVE,
        _CHANGE,
        "POST /transcripts/replace",
        json={"transcription_ids": [2**62], "query": "a", "preview": True},
    ),
    _row(_ACTIVE, _CHANGE, "POST /transcripts/replace/{replacement_id}/undo", 404),
    _row(_OWN, _CHANGE, f"POST {_ONE}/reprocess", 409, made="transcription_id", json={}),
    _row(_SHARED, _CHANGE, f"POST {_ONE}/import", 400, content="no known format"),
    _row(_ACTIVE, _CREATE, "POST /imports", files="{pair}"),
    _row(_SHARED, _READ, f"GET {_ONE}/conflicts"),
    _row(
        _SHARED,
        _CHANGE,
        f"POST {_ONE}/conflicts/{{conflict_id}}/resolve",
        404,
        json={"use": "mine"},
    ),
    _row(_OWN, _CHANGE, f"POST {_ONE}/vocabulary"),
    _row(_OWN, _CHANGE, f"POST {_ONE}/vocabulary/undo", 409),
    _row(_ACTIVE, _READ, "GET /search", params={"q": "the"}),
    _row(
        _SHARED,
        _READ,
        "GET /search",
        variant="one",
        params={"q": "the", "transcription_id": "{transcription_id}"},
    ),
    _row(_SHARED, _READ, f"GET {_ONE}/playback"),
    _row(_SHARED, _READ, f"GET {_ONE}/peaks"),
    _row(
        _SHARED,
        _EXPORT,
        "POST /transcription/export/{transcription_id}",
        json={"export_format": "txt"},
    ),
    _row(
        _SHARED,
        _EXPORT,
        "GET /transcription/export/{transcription_id}",
        params={"export_format": "txt"},
    ),
    _row(_SHARED, _EXPORT, f"GET {_ONE}/summary"),
    _row(_SHARED, _READ, "GET /transcription/speakers/{transcription_id}"),
    _row(_SHARED, _READ, "GET /transcription/speakers/{transcription_id}/{speaker_label}/clip"),
    _row(_OWN, _CHANGE, f"POST {_ONE}/title/suggest"),
    _row(_OWN, _DELETE, f"POST {_ONE}/trash", made="transcription_id"),
    _row(_OWN, _DELETE, f"POST {_ONE}/restore"),
    _row(_OWN, _CHANGE, "GET /transcriptions/{transcription_id}/shares"),
    _row(
        _OWN,
        _CHANGE,
        "POST /transcriptions/{transcription_id}/shares",
        json={"user": "Guest", "role": "viewer"},
    ),
    _row(
        _OWN,
        _CHANGE,
        "DELETE /transcriptions/{transcription_id}/shares/{share_id}",
        made="share_id",
    ),
    _row(_OWN, _CHANGE, "GET /transcriptions/{transcription_id}/links"),
    _row(_OWN, _CHANGE, "POST /transcriptions/{transcription_id}/links", json={}),
    _row(
        _OWN, _CHANGE, "DELETE /transcriptions/{transcription_id}/links/{link_id}", made="link_id"
    ),
    _row(_OWN, _CHANGE, "GET /transcriptions/{transcription_id}/links/{link_id}/uses"),
    _row(
        _ACTIVE,
        _CHANGE,
        "POST /transcriptions/bulk",
        variant="change",
        json={"transcription_ids": [2**62], "action": "favorite"},
    ),
    _row(
        _ACTIVE,
        _DELETE,
        "POST /transcriptions/bulk",
        variant="delete",
        json={"transcription_ids": [2**62], "action": "delete"},
    ),
    _row(_ACTIVE, _READ, "GET /trash"),
    _row(Reach.SESSION, _READ, "GET /shared"),
    _row(Reach.PUBLIC, None, "POST /shared/open", 404, json={"token": "x" * 43}),
)

_UPLOADS: Iterable[Row] = (
    _row(_ACTIVE, _CREATE, "POST /uploads", headers={**_TUS, "Upload-Length": "1000"}),
    _row(_ACTIVE, _READ, "GET /uploads"),
    _row(_ACTIVE, _READ, "GET /uploads/duplicates", params={"sha256": "0" * 64}),
    _row(_THING, _READ, "GET /uploads/{upload_id}", headers=_TUS),
    _row(
        _THING,
        _CREATE,
        "PATCH /uploads/{upload_id}",
        made="upload_id",
        headers=_OCTETS,
        content=b"abc",
    ),
    _row(_THING, _DELETE, "DELETE /uploads/{upload_id}", made="upload_id", headers=_TUS),
    _row(_ACTIVE, _READ, "GET /captures"),
    _row(_ACTIVE, _CREATE, "POST /captures", json={"media_type": "audio/webm"}),
    _row(_THING, _READ, "GET /captures/{capture_id}"),
    _row(_THING, _DELETE, "DELETE /captures/{capture_id}", made="capture_id"),
    _row(
        _THING,
        _CREATE,
        "PUT /captures/{capture_id}/chunks/{number}",
        content=b"abc",
        headers={"Content-Type": "application/octet-stream"},
    ),
    _row(_THING, _CREATE, "POST /captures/{capture_id}/finish", 400, 409, json={"chunk_count": 2}),
)

_LIBRARY: Iterable[Row] = (
    _row(_ACTIVE, _READ, "GET /vocabulary/terms"),
    _row(_ACTIVE, _CREATE, "POST /vocabulary/terms", json={"text": "{unique}"}),
    _row(_THING, _CHANGE, "PUT /vocabulary/terms/{term_id}", json={"text": "{unique}"}),
    _row(_THING, _DELETE, "DELETE /vocabulary/terms/{term_id}", made="term_id"),
    _row(_ACTIVE, _READ, "GET /vocabulary/corrections"),
    _row(
        _ACTIVE,
        _CREATE,
        "POST /vocabulary/corrections",
        json={"heard": "{unique}", "meant": "never said"},
    ),
    _row(
        _THING,
        _CHANGE,
        "PUT /vocabulary/corrections/{correction_id}",
        json={"heard": "{unique}", "meant": "never said"},
    ),
    _row(_THING, _DELETE, "DELETE /vocabulary/corrections/{correction_id}", made="correction_id"),
    _row(_ACTIVE, _CREATE, "POST /vocabulary/import", 400, json={"csv": "no,such,columns\n"}),
    _row(_ACTIVE, _READ, "GET /vocabulary/export"),
    _row(_ACTIVE, _READ, "GET /vocabulary/suggestions"),
    _row(_ACTIVE, _CHANGE, "POST /vocabulary/suggestions/{suggestion_id}/accept", 404),
    _row(_ACTIVE, _CHANGE, "POST /vocabulary/suggestions/{suggestion_id}/dismiss", 404),
    _row(_ACTIVE, _READ, "GET /tags"),
    _row(_ACTIVE, _CREATE, "POST /tags", json={"name": "{unique}"}),
    _row(_THING, _CHANGE, "PUT /tags/{tag_id}", json={"name": "{unique}"}),
    _row(_THING, _DELETE, "DELETE /tags/{tag_id}", made="tag_id"),
    _row(_ACTIVE, _READ, "GET /folders"),
    _row(_ACTIVE, _CREATE, "POST /folders", json={"name": "{unique}"}),
    _row(_THING, _CHANGE, "PUT /folders/{folder_id}", json={"name": "{unique}"}),
    _row(_THING, _DELETE, "DELETE /folders/{folder_id}", made="folder_id"),
    _row(Reach.SESSION, None, "GET /queue/status"),
    _row(_THING, _READ, "GET /queue/jobs/{job_id}"),
    _row(_THING, _CHANGE, "PUT /queue/jobs/{job_id}", 409, json={"priority": 2}),
    _row(_THING, _CHANGE, "DELETE /queue/jobs/{job_id}", 409),
    _row(_ACTIVE, _READ, "GET /queue/jobs"),
)

# Profiles of voices belong to the workspace. Entries of the trash in these requests do not exist.
_SPEAKERS: Iterable[Row] = (
    _row(_ACTIVE, _READ, "GET /speakers/trash"),
    _row(_ACTIVE, _DELETE, "POST /speakers/trash/{trash_id}/restore", 404),
    _row(_ACTIVE, _READ, "GET /speakers"),
    _row(_ACTIVE, _CREATE, "POST /speakers", json={"name": "{unique}"}),
    _row(_THING, _READ, "GET /speakers/{speaker_id}"),
    _row(_THING, _CHANGE, "PUT /speakers/{speaker_id}", json={"description": "Calm"}),
    _row(_THING, _DELETE, "DELETE /speakers/{speaker_id}", made="speaker_id"),
    _row(_THING, _READ, "GET /speakers/{speaker_id}/statistics"),
    _row(_ACTIVE, _READ, "POST /speakers/search", json={"query": "a"}),
    _row(
        _THING,
        _CHANGE,
        "POST /speakers/{speaker_id}/merge",
        400,
        404,
        json={"source_speaker_id": 2**62},
    ),
    _row(
        _THING,
        _CHANGE,
        "POST /speakers/{speaker_id}/split",
        400,
        404,
        json={"observation_ids": [2**62], "name": "{unique}"},
    ),
    _row(_THING, _READ, "GET /speakers/{speaker_id}/observations"),
    _row(_THING, _DELETE, "DELETE /speakers/{speaker_id}/observations/{observation_id}", 404),
    _row(_THING, _CREATE, "POST /speakers/{speaker_id}/enroll", 400, files="{silence}"),
    _row(_THING, _READ, "GET /speakers/{speaker_id}/clip", 404),
)

_SESSIONS: Iterable[Row] = (
    _row(Reach.SESSION, None, "GET /sessions/current"),
    _row(Reach.SESSION, None, "PUT /sessions/current", json={"user_identifier": "x"}),
    _row(Reach.SESSION, None, "DELETE /sessions/current", own_token=True),
    _row(_USER, None, "POST /sessions/create", json={}),
    # Sessions of people are not resumed.
    _row(Reach.PUBLIC, None, "POST /sessions/resume", 401),
    _row(Reach.SESSION, None, "POST /sessions/extend", json={"hours": 1}),
    _row(_ACTIVE, _EXPORT, "GET /sessions/current/archive", also=_READ),
)

_ACCOUNTS: Iterable[Row] = (
    _row(Reach.PUBLIC, None, "GET /auth/providers"),
    _row(
        Reach.PUBLIC,
        None,
        "POST /auth/sign-in",
        401,
        json={"name": "{unique}", "password": _PASSWORD},
    ),
    _row(_PERSON, None, "POST /auth/sign-out", own_token=True),
    _row(_USER, None, "GET /auth/me"),
    _row(_PERSON, None, "PUT /auth/me", json={"display_name": "{unique}"}),
    _row(_PERSON, None, "GET /auth/sessions"),
    # The other callers are other users, whose sign-ins stay.
    _row(_PERSON, None, "DELETE /auth/sessions"),
    _row(_PERSON, None, "DELETE /auth/sessions/{session_id}", 404),
    _row(
        _PERSON,
        None,
        "POST /auth/password",
        400,
        json={"current_password": _PASSWORD, "new_password": _PASSWORD},
    ),
    _row(
        Reach.PUBLIC,
        None,
        "POST /auth/setup",
        401,
        409,
        json={"setup_token": "x" * 43, "name": "Eve", "password": _PASSWORD},
    ),
    _row(
        Reach.PUBLIC,
        None,
        "POST /auth/reset",
        401,
        json={"reset_token": "x" * 43, "new_password": _PASSWORD},
    ),
    _row(Reach.PUBLIC, None, "GET /auth/oidc/{provider}/start", 404),
    _row(Reach.PUBLIC, None, "GET /auth/oidc/{provider}/callback", 404),
    _row(Reach.PUBLIC, None, "POST /auth/oidc/{provider}/logout", 404, data={"logout_token": "x"}),
    _row(Reach.SESSION, None, "POST /auth/oidc/sign-out", own_token=True),
    _row(Reach.ADMINISTRATOR, _MANAGE, "GET /users"),
    _row(Reach.ADMINISTRATOR, _MANAGE, "POST /users", json={"name": "{unique}"}),
    _row(Reach.ADMINISTRATOR, _MANAGE, "PUT /users/{user_id}", json={"display_name": "Guest"}),
    _row(Reach.ADMINISTRATOR, _MANAGE, "DELETE /users/{user_id}", made="user_id"),
    _row(Reach.ADMINISTRATOR, _MANAGE, "POST /users/{user_id}/reset-link"),
    _row(_USER, None, "GET /workspaces"),
    _row(_PERSON, None, "POST /workspaces", json={"name": "{unique}"}),
    _row(_TEAM, _MANAGE, "PUT /workspaces/{workspace_id}", json={"name": "Team"}),
    _row(
        _TEAM, _MANAGE, "DELETE /workspaces/{workspace_id}", made="workspace_id", people_only=True
    ),
    # An access token is bound to its workspace, in which it already is.
    _row(_TEAM, None, "POST /workspaces/{workspace_id}/switch", 409),
    _row(_TEAM, _READ, "GET /workspaces/{workspace_id}/members"),
    _row(
        _TEAM, _MANAGE, "PUT /workspaces/{workspace_id}/members/{user_id}", json={"role": "viewer"}
    ),
    _row(_TEAM, _MANAGE, "DELETE /workspaces/{workspace_id}/members/{user_id}", made="member"),
    _row(_TEAM, _READ, "GET /workspaces/{workspace_id}/settings", administrators=True),
    _row(_TEAM, _MANAGE, "PUT /workspaces/{workspace_id}/settings", json={"trash_days": 3}),
    _row(
        Reach.ADMINISTRATOR,
        _MANAGE,
        "PUT /workspaces/{workspace_id}/settings",
        variant="quotas",
        json={"queue_weight": 2},
    ),
    _row(_USER, None, "GET /tokens"),
    _row(_PERSON, None, "POST /tokens", json={"name": "robot", "scopes": ["read"]}),
    _row(Reach.TOKEN, _MANAGE, "DELETE /tokens/{token_id}", made="token_id"),
    _row(_ACTIVE, _MANAGE, "GET /webhooks"),
    _row(
        _ACTIVE,
        _MANAGE,
        "POST /webhooks",
        json={"url": "http://127.0.0.1:9/", "events": ["job.completed"]},
    ),
    _row(_THING, _MANAGE, "GET /webhooks/{webhook_id}"),
    _row(_THING, _MANAGE, "PUT /webhooks/{webhook_id}", json={"description": "Ours"}),
    _row(_THING, _MANAGE, "DELETE /webhooks/{webhook_id}", made="webhook_id"),
    _row(_THING, _MANAGE, "POST /webhooks/{webhook_id}/rotate"),
    _row(_THING, _MANAGE, "POST /webhooks/{webhook_id}/test"),
    _row(_THING, _MANAGE, "GET /webhooks/{webhook_id}/deliveries"),
    _row(_THING, _MANAGE, "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", 404),
    _row(_ACTIVE, _MANAGE, "GET /audit"),
    _row(_ACTIVE, _MANAGE, "GET /audit/export"),
)

_OPERATION: Iterable[Row] = (
    _row(Reach.ADMINISTRATOR, None, "GET /admin/system"),
    _row(Reach.ADMINISTRATOR, None, "GET /admin/storage"),
    _row(Reach.ADMINISTRATOR, None, "GET /admin/set-aside"),
    _row(Reach.ADMINISTRATOR, None, "GET /admin/workspaces"),
    _row(
        Reach.ADMINISTRATOR,
        None,
        "POST /admin/set-aside/retry",
        404,
        json={"service": "gateway", "step": "sweep"},
    ),
    _row(Reach.PUBLIC, None, "GET /health"),
    _row(Reach.PUBLIC, None, "GET /health/db"),
    _row(Reach.PUBLIC, None, "GET /health/ready"),
)

ROWS = (
    *_TRANSCRIPTIONS, *_UPLOADS, *_LIBRARY, *_SPEAKERS, *_SESSIONS, *_ACCOUNTS, *_OPERATION,
)  # fmt: skip
