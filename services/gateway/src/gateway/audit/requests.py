"""Entries for requests of the JSON API to the gateway itself.

All others become calls of services. Those write the entries.
"""

import re
from collections.abc import Mapping
from types import SimpleNamespace

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.audit.actions import AUDITED
from common.audit.call import CallRecord
from common.audit.rule import Rule
from common.audit.trail import AuditTrail
from common.identity import Identity
from gateway.sessions.session import Session
from securetranscribe.v1 import audit_pb2

_PREFIX = re.compile(r"/api(?:/v1)?(?=/)")
_PARAMETER = re.compile(r"\{(\w+)\}")


def _rule(method: str) -> Rule:
    return AUDITED[f"/securetranscribe.v1.{method}"]


def _webhook(action: str) -> Rule:
    return Rule(action=action, kind="webhook", ids=("webhook_id",))


#: Rules by method and path below `/api`.
AUDITED_REQUESTS: Mapping[tuple[str, str], Rule] = {
    ("POST", "/sessions/create"): _rule("SessionService/CreateSession"),
    ("POST", "/sessions/resume"): _rule("SessionService/ResumeSession"),
    ("DELETE", "/sessions/current"): _rule("SessionService/InvalidateCurrentSession"),
    ("POST", "/auth/sign-in"): _rule("AccountService/SignIn"),
    ("POST", "/auth/sign-out"): _rule("AccountService/SignOut"),
    ("POST", "/auth/password"): _rule("AccountService/ChangePassword"),
    ("POST", "/auth/setup"): _rule("AccountService/CompleteSetup"),
    ("POST", "/auth/reset"): _rule("AccountService/ResetPassword"),
    ("PUT", "/auth/me"): _rule("AccountService/UpdateAccount"),
    ("DELETE", "/auth/sessions"): _rule("AccountService/EndOtherSignIns"),
    ("DELETE", "/auth/sessions/{session_id}"): _rule("AccountService/EndSignIn"),
    ("POST", "/users"): _rule("AccountService/CreateUser"),
    ("PUT", "/users/{user_id}"): _rule("AccountService/UpdateUser"),
    ("DELETE", "/users/{user_id}"): _rule("AccountService/DeleteUser"),
    ("POST", "/users/{user_id}/reset-link"): _rule("AccountService/CreateResetLink"),
    ("POST", "/workspaces"): _rule("WorkspaceService/CreateWorkspace"),
    ("PUT", "/workspaces/{workspace_id}"): _rule("WorkspaceService/UpdateWorkspace"),
    ("DELETE", "/workspaces/{workspace_id}"): _rule("WorkspaceService/DeleteWorkspace"),
    ("POST", "/workspaces/{workspace_id}/switch"): _rule("WorkspaceService/SwitchWorkspace"),
    ("PUT", "/workspaces/{workspace_id}/settings"): _rule(
        "WorkspaceService/UpdateWorkspaceSettings"
    ),
    ("PUT", "/workspaces/{workspace_id}/members/{user_id}"): _rule("WorkspaceService/SetMember"),
    ("DELETE", "/workspaces/{workspace_id}/members/{user_id}"): _rule(
        "WorkspaceService/RemoveMember"
    ),
    ("POST", "/tokens"): _rule("AccessTokenService/CreateAccessToken"),
    ("DELETE", "/tokens/{token_id}"): _rule("AccessTokenService/RevokeAccessToken"),
    ("GET", "/auth/oidc/{provider}/callback"): Rule(
        action="account.sign_in", kind="user", signs_in=True
    ),
    ("POST", "/auth/oidc/{provider}/logout"): Rule(
        action="account.sign_out_by_provider", kind="session"
    ),
    ("POST", "/auth/oidc/sign-out"): Rule(action="account.sign_out", kind="session"),
    ("POST", "/webhooks"): Rule(action="webhook.create", kind="webhook"),
    ("PUT", "/webhooks/{webhook_id}"): _webhook("webhook.update"),
    ("DELETE", "/webhooks/{webhook_id}"): _webhook("webhook.delete"),
    ("POST", "/webhooks/{webhook_id}/rotate"): _webhook("webhook.rotate"),
    ("POST", "/webhooks/{webhook_id}/test"): _webhook("webhook.test"),
    ("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"): _webhook(
        "webhook.redeliver"
    ),
    ("GET", "/audit"): _rule("AuditService/ListAuditEntries"),
    ("GET", "/audit/export"): _rule("AuditService/ExportAuditEntries"),
}
#: Requests of the gateway's own that are no entries: statuses and lists.
NOT_AUDITED_REQUESTS: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET", "/auth/oidc/{provider}/start"),
        ("GET", "/auth/providers"),
        ("GET", "/auth/me"),
        ("GET", "/auth/sessions"),
        ("GET", "/users"),
        ("GET", "/workspaces"),
        ("GET", "/workspaces/{workspace_id}/members"),
        ("GET", "/workspaces/{workspace_id}/settings"),
        ("GET", "/tokens"),
        ("GET", "/webhooks"),
        ("GET", "/webhooks/{webhook_id}"),
        ("GET", "/webhooks/{webhook_id}/deliveries"),
        ("GET", "/sessions/current"),
        ("PUT", "/sessions/current"),
        ("POST", "/sessions/extend"),
    }
)
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


class AuditedRequests:
    """Middleware for the entries of requests.

    Handlers name new things with `common.audit.call.concerns`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        trail: AuditTrail,
        rules: Mapping[tuple[str, str], Rule] = AUDITED_REQUESTS,
    ) -> None:
        self._app = app
        self._trail = trail
        self._rules = [(method, _pattern(path), rule) for (method, path), rule in rules.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        rule, parameters = found
        record = CallRecord(rule, door=audit_pb2.AUDIT_DOOR_REST)
        record.request = SimpleNamespace(**parameters)
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._end(record, scope, status)

    def _find(self, scope: Scope) -> tuple[Rule, dict[str, str]] | None:
        path: str = scope["path"]
        prefix = _PREFIX.match(path)
        if prefix is None:
            return None
        for method, pattern, rule in self._rules:
            if method == scope["method"]:
                match = pattern.fullmatch(path, prefix.end())
                if match is not None:
                    return rule, match.groupdict()
        return None

    def _end(self, record: CallRecord, scope: Scope, status: int) -> None:
        session: Session | None = scope.get("state", {}).get("session")
        if session is not None:
            record.called_by(_identity(session))
        code = code_of(status)
        if code == "OK":
            record.saw(None)
        self._trail.end(record, code)


def code_of(status: int) -> str:
    """Return the gRPC code of an HTTP status. 0 stands for none, because the client left."""
    if not status:
        return "CANCELLED"
    if status < 400:
        return "OK"
    return _CODES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", path))


def _identity(session: Session) -> Identity:
    return Identity(
        session_id=session.session_id,
        workspace_id=session.workspace_id,
        user_id=session.user_id,
        role=session.role,
        scopes=session.scopes,
        link_id=session.link_id,
        administrator=session.administrator,
    )
