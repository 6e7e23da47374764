"""Assembly of the HTTP application: routes and middleware."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp

from common.audit.trail import AuditTrail
from common.errors import ApplicationError
from common.rate_limits import RateLimits
from gateway.api.status_reads import StatusReader
from gateway.audit.requests import AuditedRequests
from gateway.idempotency import key as idempotency_key
from gateway.idempotency.middleware import Idempotency
from gateway.idempotency.store import IdempotentRequests
from gateway.openai.routes import OpenAiRoutes
from gateway.sessions.keeper import SessionKeeper
from gateway.sessions.recent import RecentSessions
from gateway.sessions.registry import SessionRegistry
from gateway.settings import GatewaySettings
from gateway.web import problems, tus
from gateway.web.body_limit import BodyLimit
from gateway.web.callers import SESSION_REPLACED, Callers
from gateway.web.credentials import QueryTokens
from gateway.web.direct_reads import DirectReads
from gateway.web.documentation import Documentation
from gateway.web.endpoint import Endpoint, LiteralPaths, answer_head
from gateway.web.health import Health
from gateway.web.hosts import AllowedHosts, HostNames
from gateway.web.local_authority import LocalAuthority
from gateway.web.openapi import DESCRIPTION, OpenApiDocument
from gateway.web.origins import Origins
from gateway.web.repeated_reads import RepeatedReads
from gateway.web.request_context import RequestContext
from gateway.web.security_headers import HttpsOnly, SecurityHeaders
from gateway.web.web_app import WebApp

SOCKET_PATHS = ("/ws", "/api/ws", "/api/v1/ws")
RECOGNITION_PATHS = tuple(f"{path}/live" for path in SOCKET_PATHS)
FOLLOW_PATHS = tuple(f"{path}/follow" for path in RECOGNITION_PATHS)
_UNTRACED = ("/health", "/metrics", "/static", "/app")
_ACCEPTED = [
    "Authorization",
    "Content-Type",
    idempotency_key.HEADER,
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Range",
    "X-Request-ID",
]
_ACCEPTED += tus.ACCEPTED
_EXPOSED = [
    *tus.EXPOSED,
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
    "Retry-After",
    "Content-Disposition",
    "Accept-Ranges",
    "Content-Range",
    "ETag",
    idempotency_key.REPLAYED,
    "X-Transcription-Id",
    "X-Job-Id",
    SESSION_REPLACED,
]


def build(
    *,
    settings: GatewaySettings,
    version: str,
    endpoints: Sequence[Endpoint],
    live_socket: ASGIApp,
    recognition_socket: ASGIApp,
    follow_socket: ASGIApp,
    live_messages: Mapping[str, Any],
    openai: OpenAiRoutes,
    health: Health,
    registry: SessionRegistry,
    keeper: SessionKeeper,
    limits: RateLimits,
    origins: Origins,
    statuses: StatusReader,
    audit: AuditTrail,
    idempotent: IdempotentRequests,
) -> ASGIApp:
    """Build the ASGI application.

    `live_messages` are schemas of the messages of sockets and webhooks, by name.
    """
    recent = RecentSessions(registry)
    app = FastAPI(
        title="SecureTranscribe",
        version=version,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
            "exclude": _untraced,
        },
        middleware=[
            *_layers(
                settings,
                Middleware(
                    Callers,
                    registry=registry,
                    recent=recent,
                    keeper=keeper,
                    limits=limits,
                    origins=origins,
                ),
                Middleware(AuditedRequests, trail=audit),
                origins,
            ),
            Middleware(
                Idempotency,
                endpoints=endpoints,
                requests=idempotent,
                digests=idempotency_key.Digests(settings.secret_key.get_secret_value()),
            ),
            Middleware(LiteralPaths, endpoints=endpoints),
            Middleware(DirectReads, read_status=statuses.read),
        ],
        exception_handlers={
            ApplicationError: problems.on_application_error,
            RequestValidationError: problems.on_invalid_request,
            HTTPException: problems.on_http_error,
        },
    )
    for endpoint in endpoints:
        endpoint.add_to(app)
    openai.add_to(app)
    health.add_to(app, metrics=settings.enable_metrics)
    if WebApp.is_built():
        WebApp().add_to(app)
    Documentation().add_to(app)
    if settings.local_authority_path is not None:
        LocalAuthority(settings.local_authority_path).add_to(app)
    app.router.routes.extend(WebSocketRoute(path, live_socket) for path in SOCKET_PATHS)
    app.router.routes.extend(WebSocketRoute(path, recognition_socket) for path in RECOGNITION_PATHS)
    app.router.routes.extend(WebSocketRoute(path, follow_socket) for path in FOLLOW_PATHS)
    OpenApiDocument(app, messages=live_messages).add_to(app)
    answer_head(app)
    if settings.otel_exporter_otlp_endpoint:
        # Traced requests take the ordinary way, with all spans.
        return QueryTokens(app)
    return RepeatedReads(
        QueryTokens(app),
        recent=recent,
        keeper=keeper,
        limits=limits,
        statuses=statuses,
        names=HostNames(settings.allowed_hosts),
        https_only=settings.force_https,
        strict_transport=_strict_transport(settings),
    )


def build_plain(app: ASGIApp, settings: GatewaySettings, *, https_port: int) -> ASGIApp:
    """Build the application for plain HTTP next to HTTPS."""
    layers = AllowedHosts(HttpsOnly(app, port=https_port), HostNames(settings.allowed_hosts))
    return SecurityHeaders(layers, https_only=False)


def _layers(
    settings: GatewaySettings, callers: Middleware, audited: Middleware, origins: Origins
) -> list[Middleware]:
    """Return the middleware, outermost first."""
    layers = [
        Middleware(RequestContext),
        Middleware(
            SecurityHeaders,
            https_only=_strict_transport(settings),
        ),
        Middleware(AllowedHosts, names=HostNames(settings.allowed_hosts)),
    ]
    if settings.force_https:
        layers.append(Middleware(HttpsOnly))
    if settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.cors_origins),
                # With `*`, any page may read public data, but none may send a user's credentials.
                allow_credentials=not origins.any,
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=_ACCEPTED,
                expose_headers=_EXPOSED,
            )
        )
    layers += [
        Middleware(tus.TusProtocol, max_bytes=settings.max_file_size),
        audited,
        callers,
        Middleware(BodyLimit),
        Middleware(problems.UnexpectedErrors),
    ]
    return layers


def _strict_transport(settings: GatewaySettings) -> bool:
    # With a local authority, the name is often `localhost`. Browsers would then demand HTTPS of
    # everything that runs on this machine.
    return settings.force_https and settings.local_authority_path is None


def _untraced(scope: MutableMapping[str, Any]) -> bool:
    # A WebSocket may stay open for hours, which would make a useless span.
    path: str = scope["path"]
    return scope["type"] == "websocket" or path.startswith(_UNTRACED)
