"""Session endpoints."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BeforeValidator, ConfigDict, Field

from common import times
from common.audit import call as audited
from common.errors import ApplicationError, AuthenticationError, ConflictError
from gateway.api.conversion import readable_duration, readable_hours
from gateway.api.parameters import Caller, JsonBody, Language, Text
from gateway.backends import Backends
from gateway.sessions.registry import (
    MAX_ADDRESS,
    MAX_IDENTIFIER,
    MAX_USER_AGENT,
    SIGN_IN,
    SessionRegistry,
)
from gateway.sessions.session import Preferences, Session
from gateway.texts import check_json
from gateway.web import credentials
from gateway.web.callers import client_address
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import ApiModel, Moment, Success
from gateway.web.rate_limits import RESUME_PATH
from securetranscribe.v1 import session_pb2

_TAG = "Sessions"
_KEPT_UNTIL = (
    "When everything that the session owns is erased, unless it is used or resumed before. Null if "
    "it is kept until somebody deletes it."
)


def _whole(value: Any) -> Any:
    # In JSON, 2.0 is as valid an integer as 2.
    return int(value) if isinstance(value, float) and value.is_integer() else value


class PreferencesBody(JsonBody):
    """Defaults for uploads. Other keys are stored and returned unchanged."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    default_language: Language | None = None
    auto_start_processing: bool | None = None

    def preferences(self) -> Preferences:
        """Return the domain value."""
        other = dict(self.model_extra or {})
        check_json(other, "preferences")
        return Preferences(
            default_language=self.default_language or None,
            auto_start_processing=self.auto_start_processing,
            other=other,
        )


class CreateBody(JsonBody):
    """Description of a new session. Absent fields are taken from the request."""

    user_identifier: Annotated[Text, Field(max_length=MAX_IDENTIFIER)] | None = None
    user_agent: Annotated[Text, Field(max_length=MAX_USER_AGENT)] | None = None
    ip_address: Annotated[Text, Field(max_length=MAX_ADDRESS)] | None = None


class UpdateBody(JsonBody):
    """Changes to the session. Absent fields stay unchanged, and null removes the label."""

    user_identifier: Annotated[Text, Field(max_length=MAX_IDENTIFIER)] | None = None
    preferences: PreferencesBody | None = None


class ExtendBody(JsonBody):
    """Extension of the session, in hours from now."""

    hours: Annotated[int, BeforeValidator(_whole)] = Field(ge=1, le=24)


class SessionData(ApiModel):
    """A session."""

    id: int
    session_id: str
    user_identifier: str | None
    created_at: Moment
    last_accessed: Moment = Field(description="Time of the last use, including this request.")
    expires_at: Moment
    is_active: bool
    is_authenticated: bool = Field(
        description="True if an identity provider has authenticated the user."
    )
    is_valid: bool
    preferences: dict[str, Any]
    kept_until: Moment | None = Field(description=_KEPT_UNTIL)


class CurrentSessionData(SessionData):
    """A session with its job statistics."""

    queue_position: int
    is_processing: bool
    total_files_processed: int
    session_age: float = Field(description="Seconds.")
    formatted_session_age: str
    processing_efficiency: float = Field(
        description="Seconds of audio per second of processing, 0 if nothing was processed."
    )
    average_confidence: float


class CreatedSessionData(ApiModel):
    """A new session and its token, which is returned only here."""

    id: int
    session_id: str
    session_token: str
    created_at: Moment
    expires_at: Moment


class ResumedSessionData(CreatedSessionData):
    """A new session that took up an ended one, and its token, which is returned only here."""

    kept_until: Moment | None = Field(description=_KEPT_UNTIL)


class ExtendedSessionData(ApiModel):
    """New expiry of the session."""

    message: str
    expires_at: Moment
    time_until_expiry: float = Field(description="Seconds.")


class InvalidatedSessionData(ApiModel):
    """Confirmation that the session has ended."""

    message: str


class SessionApi:
    """Creation and management of the caller's session."""

    def __init__(self, registry: SessionRegistry, backends: Backends) -> None:
        self._registry = registry
        self._backends = backends

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/sessions/current",
                handler=self.get_current_session,
                summary="Get current session",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/sessions/create",
                handler=self.create_session,
                summary="Create session",
                tag=_TAG,
                status=201,
            ),
            Endpoint(
                method="POST",
                path=RESUME_PATH,
                handler=self.resume_session,
                summary="Resume an ended session",
                tag=_TAG,
                status=201,
                errors=(409,),
            ),
            Endpoint(
                method="PUT",
                path="/sessions/current",
                handler=self.update_session,
                summary="Update session",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/sessions/extend",
                handler=self.extend_session,
                summary="Extend session",
                tag=_TAG,
            ),
            Endpoint(
                method="DELETE",
                path="/sessions/current",
                handler=self.invalidate_session,
                summary="Invalidate session",
                tag=_TAG,
            ),
        ]

    async def get_current_session(self, caller: Caller) -> Success[CurrentSessionData]:
        """Return the caller's session with its job statistics."""
        session = await self._registry.get(caller.session_id)
        statistics = await self._backends.session_statistics(session)
        data = current_session_data(
            session, statistics, self._registry.now(), self._registry.kept_until(session)
        )
        return Success[CurrentSessionData].of(data, "Session retrieved")

    async def create_session(
        self, request: Request, response: Response, body: CreateBody | None = None
    ) -> Success[CreatedSessionData]:
        """Create a session and set its cookie. Credentials are not needed, and are ignored.

        Where people sign in, it needs a sign-in or an access token, and creates a session of that
        user.
        """
        address = client_address(request.scope)
        body = body or CreateBody()
        agent = request.headers.get("user-agent", "")[:MAX_USER_AGENT]
        session, token = await self._registry.create(
            user_identifier=body.user_identifier or "",
            user_agent=body.user_agent or agent,
            ip_address=body.ip_address or address,
            peer=address,
            parent=request.scope["state"].get("session"),
        )
        audited.concerns(session.workspace_id, session.session_id)
        credentials.set_cookie(response, token, secure=request.url.scheme == "https")
        data = CreatedSessionData(**_created(session, token))
        return Success[CreatedSessionData].of(data, "Session created successfully")

    async def resume_session(
        self, request: Request, response: Response
    ) -> Success[ResumedSessionData]:
        """Return a new session that owns everything that an ended one owned, and set its cookie.

        The request shows the ended session's token as Bearer token or cookie. Repeated with it
        before the first use of the new token, it returns the same session and token.
        """
        session, token = await self._resume(
            credentials.resumable_tokens(request.headers),
            user_agent=request.headers.get("user-agent", "")[:MAX_USER_AGENT],
            address=client_address(request.scope),
        )
        audited.concerns(session.workspace_id, session.session_id)
        secure = request.url.scheme == "https"
        credentials.set_cookie(response, token, secure=secure)
        credentials.clear_previous(response, secure=secure)
        data = ResumedSessionData(
            **_created(session, token), kept_until=self._registry.kept_until(session)
        )
        return Success[ResumedSessionData].of(data, "Session resumed")

    async def _resume(
        self, tokens: Sequence[str], *, user_agent: str, address: str
    ) -> tuple[Session, str]:
        """Resume the first session that can be resumed. Raise the last refusal without any."""
        refusal: ApplicationError = AuthenticationError(
            SIGN_IN if self._registry.accounts else "Send the token of an ended session."
        )
        for token in tokens:
            try:
                return await self._registry.resume(token, user_agent=user_agent, ip_address=address)
            except (AuthenticationError, ConflictError) as error:
                refusal = error
        raise refusal

    async def update_session(self, caller: Caller, body: UpdateBody) -> Success[SessionData]:
        """Update the label, the preferences, or both. Preferences are replaced as a whole."""
        label = body.user_identifier
        if label is None and "user_identifier" in body.model_fields_set:
            label = ""
        preferences = None if body.preferences is None else body.preferences.preferences()
        session = await self._registry.update(
            caller.session_id, user_identifier=label, preferences=preferences
        )
        data = session_data(session, self._registry.now(), self._registry.kept_until(session))
        return Success[SessionData].of(data, "Session updated successfully")

    async def extend_session(
        self, caller: Caller, body: ExtendBody
    ) -> Success[ExtendedSessionData]:
        """Extend the session to at least this many hours from now. Never shortens it."""
        session = await self._registry.extend(caller.session_id, dt.timedelta(hours=body.hours))
        left = (session.expires_at - self._registry.now()).total_seconds()
        said = f"Session extended by {readable_hours(body.hours)}"
        data = ExtendedSessionData(
            message=said,
            expires_at=session.expires_at,
            time_until_expiry=max(0.0, float(round(left))),
        )
        return Success[ExtendedSessionData].of(data, said)

    async def invalidate_session(
        self, caller: Caller, request: Request, response: Response
    ) -> Success[InvalidatedSessionData]:
        """End the session. Every service rejects its token from then on."""
        await self._registry.invalidate(caller.session_id)
        secure = request.url.scheme == "https"
        credentials.clear_cookie(response, secure=secure)
        # The next person at this computer must not take up an earlier session.
        credentials.clear_previous(response, secure=secure)
        said = "Session invalidated successfully"
        return Success[InvalidatedSessionData].of(InvalidatedSessionData(message=said), said)


def session_data(session: Session, now: dt.datetime, kept_until: dt.datetime | None) -> SessionData:
    """Convert a session to its response model, without statistics."""
    return SessionData(**_common(session, now, kept_until))


def current_session_data(
    session: Session,
    statistics: session_pb2.SessionStatistics,
    now: dt.datetime,
    kept_until: dt.datetime | None,
) -> CurrentSessionData:
    """Convert a session and its job statistics to their response model."""
    age = session.age_seconds(now)
    return CurrentSessionData(
        **_common(session, now, kept_until),
        queue_position=statistics.queue_position,
        is_processing=statistics.processing,
        total_files_processed=statistics.completed_jobs,
        session_age=age,
        formatted_session_age=readable_duration(age),
        processing_efficiency=efficiency(statistics),
        average_confidence=statistics.average_confidence,
    )


def efficiency(statistics: session_pb2.SessionStatistics) -> float:
    """Return seconds of audio per second of processing over completed jobs, 0 without any."""
    processing = times.seconds(statistics.processing_duration)
    if processing <= 0:
        return 0.0
    return round(times.seconds(statistics.audio_duration) / processing, 4)


def _created(session: Session, token: str) -> dict[str, Any]:
    return {
        "id": session.id,
        "session_id": session.session_id,
        "session_token": token,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
    }


def _common(session: Session, now: dt.datetime, kept_until: dt.datetime | None) -> dict[str, Any]:
    active = session.active_at(now)
    return {
        "id": session.id,
        "session_id": session.session_id,
        "user_identifier": session.user_identifier or None,
        "created_at": session.created_at,
        "last_accessed": session.last_accessed_at,
        "expires_at": session.expires_at,
        "is_active": active,
        "is_authenticated": session.authenticated,
        "is_valid": active,
        "preferences": session.preferences.flat(),
        "kept_until": kept_until,
    }
