"""Composition root: the only place where servers and clients are created."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from functools import partial

from nats.aio.client import Client
from starlette.types import ASGIApp

from common import bus, logging, maintenance_servicer, postgres, versions
from common.audit.trail import AuditTrail
from common.auth import Access, CallAuthenticator
from common.background.registry import Background, Loop, Work
from common.byte_rates import ByteRates
from common.call_limits import SESSION_LIMITS
from common.call_rates import CallRates
from common.errors import UnavailableError
from common.events import EventPublisher
from common.grpc_server import AddToServer, GrpcServer, method_names
from common.least_rate import LeastRate
from common.postgres import Database
from common.rate_limits import RateLimits
from common.runtime import Supervisor, eventually
from common.settings import AuthMode
from common.signing import CallSigner, CallVerifier
from common.upload_places import PlaceLimits, UploadPlaces
from gateway import loop_watch
from gateway.accounts import account_servicer
from gateway.accounts import composition as accounts
from gateway.accounts import services as account_services
from gateway.accounts.workspace_list import WorkspaceList
from gateway.accounts.workspace_settings import WorkspaceSettings
from gateway.api.access_tokens import AccessTokenApi
from gateway.api.account_models import ProviderData
from gateway.api.accounts import AccountApi
from gateway.api.admin_calls import AdminCalls
from gateway.api.admin_workspaces import AdminWorkspaceApi
from gateway.api.archive import ArchiveApi
from gateway.api.audit import AuditApi
from gateway.api.captures import CaptureApi
from gateway.api.comparisons import ComparisonApi
from gateway.api.exports import ExportApi
from gateway.api.imports import ImportApi
from gateway.api.library import LibraryApi
from gateway.api.library_places import FolderApi, TagApi
from gateway.api.oidc import OidcApi
from gateway.api.own_account import OwnAccountApi
from gateway.api.playback import PlaybackApi
from gateway.api.queue import QueueApi
from gateway.api.replacements import ReplacementApi
from gateway.api.reprocessing import ReprocessingApi
from gateway.api.resumable_uploads import ResumableUploadApi
from gateway.api.search import SearchApi
from gateway.api.sessions import SessionApi
from gateway.api.sharing import SharingApi
from gateway.api.speaker_ledger import SpeakerLedgerApi
from gateway.api.speaker_trash import SpeakerTrashApi
from gateway.api.speaker_voices import SpeakerVoicesApi
from gateway.api.speakers import SpeakerApi
from gateway.api.status_reads import StatusReader
from gateway.api.summaries import SummaryApi
from gateway.api.system import SystemApi
from gateway.api.transcriptions import TranscriptionApi
from gateway.api.transcripts import TranscriptApi
from gateway.api.uploads import UploadApi
from gateway.api.users import UserApi
from gateway.api.vocabulary import VocabularyApi
from gateway.api.vocabulary_edits import VocabularyEditsApi
from gateway.api.webhooks import WebhookApi
from gateway.api.workspace_settings import WorkspaceSettingsApi
from gateway.api.workspaces import WorkspaceApi
from gateway.audit.keeper import AuditRetention, AuditStep
from gateway.audit.reader import AuditReader
from gateway.audit.servicer import AuditServicer
from gateway.audit.store import AuditLog
from gateway.backends import Backends
from gateway.idempotency.store import LEASES, IdempotentRequests
from gateway.live import models as live_models
from gateway.live import recognition_schemas
from gateway.live.connection import LiveDependencies
from gateway.live.feed import Feed, Revocations
from gateway.live.following import FollowSocket
from gateway.live.handshake import Handshakes
from gateway.live.hub import Hub
from gateway.live.recognition import RecognitionSocket
from gateway.live.shared import SharedWatches
from gateway.live.socket import LiveSocket
from gateway.live.workspaces import OtherWorkspaces
from gateway.oidc import service as oidc
from gateway.openai.audio import AudioApi
from gateway.openai.calls import AudioCalls
from gateway.openai.models import ModelApi
from gateway.openai.routes import OpenAiRoutes
from gateway.openai.visitors import SessionKeys, Visitors
from gateway.servicer import SessionServicer
from gateway.sessions.erasure import WorkspaceErasure, WorkspaceSurvey
from gateway.sessions.keeper import SessionKeeper
from gateway.sessions.registry import RegistryAuthenticator, SessionRegistry
from gateway.sessions.session import Expiry
from gateway.sessions.store import SessionStore
from gateway.sessions.sweeper import SessionSweep
from gateway.sessions.tokens import RequestKeys
from gateway.settings import GatewaySettings
from gateway.sharing import servicer as link_servicer
from gateway.sharing.grantees import Grantees
from gateway.sharing.opening import LinkOpener, forget_user
from gateway.sharing.servicer import LinkServicer
from gateway.uploads.append import Appends
from gateway.uploads.chunk import ChunkBodies
from gateway.uploads.clip_upload import ClipUploads
from gateway.uploads.import_forms import MOST_BYTES, PairUploads, TranscriptFiles
from gateway.uploads.import_repetition import ImportRepetitions
from gateway.uploads.repetition import UploadRepetitions
from gateway.uploads.upload import RecordingUploads
from gateway.web import application
from gateway.web.certificate_watch import CertificateWatch
from gateway.web.health import Health
from gateway.web.origins import Origins
from gateway.web.server import HttpServer
from gateway.webhooks import composition as webhooks
from gateway.webhooks import models as webhook_models
from securetranscribe.v1 import audit_pb2_grpc, session_pb2_grpc, sharing_pb2_grpc

_SERVICE = "securetranscribe.v1.SessionService"
_AUDIT_SERVICE = "securetranscribe.v1.AuditService"
_KEEP_ALIVE_SECONDS = 300.0
_SURVEY_SECONDS = 3600.0
_CERTIFICATE_SECONDS = 60.0
_RETENTION_SECONDS = 3600.0
_log = logging.get(__name__)


async def serve(settings: GatewaySettings, supervisor: Supervisor) -> None:
    """Run the gateway until the supervisor stops."""
    database = Database(settings)
    await database.open()
    await postgres.migrate(database, "gateway")
    client = await bus.connect(settings.nats_url.get_secret_value(), name="gateway")
    stream = client.jetstream()
    await eventually(lambda: bus.ensure_events(stream))
    gateway = Gateway(settings, database, client)
    try:
        await gateway.run(supervisor)
    finally:
        await gateway.close()
        await bus.close(client)
        await database.close()


class Gateway:
    """The assembled process. Construct it once Postgres and NATS are reachable."""

    def __init__(self, settings: GatewaySettings, database: Database, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._database = database
        signer = CallSigner(settings.secret_key.get_secret_value(), "gateway")
        self._hub = Hub(clients_per_session=settings.websockets_per_session)
        self._limits = RateLimits.configured(settings)
        user = bus.user_of(settings.nats_url.get_secret_value())
        self._audit = AuditTrail(client, user or "gateway")
        self._expiry = _expiry(settings)
        self._registry = self._make_registry()
        self._webhooks = webhooks.compose(
            settings,
            database,
            client.jetstream(),
            now=self._registry.now,
            version=_version(),
        )
        self._accounts = accounts.compose(settings, database, self._registry)
        self._oidc = oidc.compose(settings, database, self._registry)
        self._backends = Backends(
            settings,
            transcriber=settings.transcriber_grpc,
            speakers=settings.speakers_grpc,
            exporter=settings.exporter_grpc,
            signer=signer,
        )
        self._shared = SharedWatches(self._hub, self._backends, self._registry, database)
        self._feed = Feed(client, self._hub, self._shared)
        self._opener = LinkOpener(self._backends, self._registry)
        self._workspace_settings = WorkspaceSettings(self._accounts.teams, self._backends)
        self._accounts.people.when_deleted(partial(forget_user, self._backends))
        self._keeper = SessionKeeper(
            SessionStore(database),
            expiry=self._expiry,
            clock=self._registry.now,
            has_jobs=self._backends.has_jobs,
        )
        self._health = Health(
            version=_version(),
            checks={"database": database.check, "events": self._check_events},
            now=self._registry.now,
        )
        self._grpc = GrpcServer(
            settings,
            services=self._services(),
            authenticator=self._authenticator(),
            limits=SESSION_LIMITS,
            rates=CallRates(self._limits),
            audit=self._audit,
        )
        self._places = UploadPlaces(PlaceLimits.of(settings))
        self._audio = self._make_audio()
        self._app = self.application()
        self._http = HttpServer(self._app, settings)

    async def run(self, supervisor: Supervisor) -> None:
        """Serve until the supervisor stops, then shut down in order."""
        servers = self._bind()
        self._audit.start()
        await self._feed.subscribe()
        await self._grpc.start()
        supervisor.start("event loop watch", loop_watch.watch())
        self.background().start(supervisor)
        serving = [supervisor.start("http", server.serve()) for server in servers]
        await self._grpc.ready()
        await supervisor.wait()
        self._health.stop()
        await self._grpc.not_ready()
        await self._feed.unsubscribe()
        self._hub.close()
        for server in servers:
            server.stop()
        await asyncio.wait(serving)
        # Requests that the servers have cancelled still erase what their guests sent.
        await self._audio.close(self._settings.shutdown_grace_seconds)
        await self._webhooks.close(self._settings.shutdown_grace_seconds)
        await self._grpc.stop(self._settings.shutdown_grace_seconds)
        await self._audit.close()

    def _bind(self) -> list[HttpServer]:
        """Bind the ports, and return their servers."""
        self._http.bind()
        if not self._settings.http_redirect_port:
            return [self._http]
        redirects = application.build_plain(self._app, self._settings, https_port=self.http_port)
        plain = HttpServer(redirects, self._settings, plain=True)
        plain.bind()
        return [self._http, plain]

    def background(self) -> Background:
        """Create the registry of background steps."""
        every = self._settings.session_sweep_seconds
        store = SessionStore(self._database)
        database, clock = self._database, self._registry.now
        entries, keys = AuditLog(database), IdempotentRequests(database)
        # The audit log is last, since the entries of the other erasures name what was erased.
        erasures = {
            **self._backends.erasures(),
            "idempotency-keys": keys.forget,
            "webhooks": self._webhooks.service.erase,
            "audit": entries.forget,
        }
        survey = WorkspaceSurvey(database, self._backends.workspaces, clock)
        return Background(
            self._database,
            (
                Work(step=SessionSweep(database, self._expiry, clock), every=every),
                Work(step=WorkspaceErasure(database, erasures, self._expiry, clock), every=every),
                Work(step=AuditStep(database, self._client.jetstream()), every=0.0),
                self._webhooks.work(),
            ),
            (
                Loop(name="live-feed", take=self._feed.step, every=0.0),
                Loop(name="session-keeper", take=self._keeper.step, every=self._keeper.every),
                Loop(name="workspace-survey", take=survey.step, every=_SURVEY_SECONDS),
                Loop(
                    name="session-requests",
                    take=lambda: store.sweep_requests(self._registry.now()),
                    every=every,
                ),
                Loop(name="idempotency-keys", take=keys.sweep, every=every),
                Loop(
                    name="provider-sign-ins",
                    take=lambda: self._oidc.store.sweep(self._registry.now()),
                    every=every,
                ),
                Loop(
                    name="sign-in-failures",
                    take=lambda: self._accounts.lockout.sweep(self._registry.now()),
                    every=every,
                ),
                Loop(
                    name="audit-retention",
                    take=AuditRetention(
                        entries, days=self._settings.audit_retention_days, now=clock
                    ).step,
                    every=_RETENTION_SECONDS,
                ),
                *self._webhooks.loops(database),
                *self._certificate_loops(),
            ),
            times=(
                LEASES,
                *self._webhooks.times(clock),
                self._accounts.lockout.time(clock),
            ),
        )

    def _certificate_loops(self) -> list[Loop]:
        certificate, key = self._settings.ssl_cert_path, self._settings.ssl_key_path
        if certificate is None or key is None:
            return []
        watch = CertificateWatch(certificate, key, self._http.use_certificate)
        return [Loop(name="certificate", take=watch.step, every=_CERTIFICATE_SECONDS)]

    @property
    def http_port(self) -> int:
        """The HTTP port, 0 before it is bound."""
        return self._http.port

    @property
    def grpc_port(self) -> int:
        """The gRPC port, 0 before it is bound."""
        return self._grpc.port

    async def close(self) -> None:
        """Close the connections to other services."""
        await self._backends.close()
        await self._limits.close()
        self._accounts.passwords.close()
        await self._oidc.close()

    def _make_registry(self) -> SessionRegistry:
        settings = self._settings
        publisher = EventPublisher(self._client, self._client.jetstream(), source="gateway")
        revocations = Revocations(publisher, self._hub)
        return SessionRegistry(
            SessionStore(self._database),
            expiry=self._expiry,
            request_keys=RequestKeys(settings.secret_key.get_secret_value()),
            announce_revoked=revocations.announce,
            announce_changed=revocations.announce_changed,
            accounts=settings.auth_mode is AuthMode.ACCOUNTS,
        )

    def application(self) -> ASGIApp:
        """Create the HTTP application."""
        settings = self._settings
        origins = Origins(settings.cors_origins)
        rate = LeastRate.of(settings)
        uploads = RecordingUploads(
            self._backends,
            max_bytes=settings.max_file_size,
            rate=rate,
            places=self._places,
        )
        appends = Appends(
            self._backends, rate=rate, places=self._places, rates=ByteRates(self._limits)
        )
        chunks = ChunkBodies(
            rate=rate,
            places=UploadPlaces(PlaceLimits.of(settings)),
            rates=ByteRates(self._limits),
        )
        statuses = StatusReader(self._backends, self._registry.kept_until, release=_version())
        admin = AdminCalls(self._backends, self._limits)
        parts = (
            UploadApi(
                uploads,
                UploadRepetitions(
                    self._backends,
                    max_bytes=settings.max_file_size,
                    rate=rate,
                    places=self._places,
                ),
            ),
            ResumableUploadApi(self._backends, appends),
            CaptureApi(self._backends, chunks),
            TranscriptionApi(self._backends, statuses),
            TranscriptApi(self._backends),
            ComparisonApi(self._backends),
            ReplacementApi(self._backends),
            ReprocessingApi(self._backends),
            ImportApi(
                self._backends,
                TranscriptFiles(rate=rate),
                PairUploads(
                    self._backends,
                    max_bytes=settings.max_file_size,
                    rate=rate,
                    places=self._places,
                ),
                ImportRepetitions(
                    max_bytes=settings.max_file_size + MOST_BYTES, rate=rate, places=self._places
                ),
            ),
            VocabularyApi(self._backends),
            VocabularyEditsApi(self._backends),
            SearchApi(self._backends),
            PlaybackApi(self._backends),
            ExportApi(self._backends),
            SummaryApi(self._backends),
            SpeakerTrashApi(self._backends),
            SpeakerApi(self._backends),
            SpeakerLedgerApi(self._backends),
            SpeakerVoicesApi(self._backends, ClipUploads(rate=rate)),
            SessionApi(self._registry, self._backends),
            AccountApi(
                self._accounts,
                self._registry,
                tuple(
                    ProviderData(provider_id=one.id, name=one.label)
                    for one in settings.oidc_providers
                ),
            ),
            OidcApi(self._oidc, self._accounts, self._registry),
            OwnAccountApi(self._accounts),
            UserApi(self._accounts),
            WorkspaceApi(self._accounts),
            WorkspaceSettingsApi(self._accounts, self._workspace_settings),
            AccessTokenApi(self._accounts),
            SharingApi(
                self._backends,
                Grantees(self._database),
                self._opener,
                accounts=self._accounts.enabled,
            ),
            ArchiveApi(self._backends, self._registry.now),
            QueueApi(self._backends),
            SystemApi(admin, _version()),
            AdminWorkspaceApi(admin, WorkspaceList(self._database)),
            LibraryApi(self._backends, self._registry.kept_until),
            TagApi(self._backends),
            FolderApi(self._backends),
            WebhookApi(self._webhooks.service),
            AuditApi(AuditReader(AuditLog(self._database))),
        )
        live = LiveDependencies(
            registry=self._registry,
            backends=self._backends,
            hub=self._hub,
            handshakes=Handshakes(self._registry, origins),
            limits=self._limits,
            workspaces=OtherWorkspaces(self._database),
            keep_alive_seconds=min(_KEEP_ALIVE_SECONDS, settings.session_ttl / 4),
        )
        return application.build(
            settings=settings,
            version=_version(),
            endpoints=[endpoint for part in parts for endpoint in part.endpoints()],
            live_socket=LiveSocket(
                registry=self._registry,
                backends=self._backends,
                hub=self._hub,
                shared=self._shared,
                origins=origins,
                keep_alive_seconds=min(_KEEP_ALIVE_SECONDS, settings.session_ttl / 4),
            ),
            recognition_socket=RecognitionSocket(live),
            follow_socket=FollowSocket(live),
            live_messages={
                **live_models.schemas(),
                **recognition_schemas.schemas(),
                **webhook_models.schemas(),
            },
            openai=OpenAiRoutes(self._audio, ModelApi(self._limits)),
            health=self._health,
            registry=self._registry,
            keeper=self._keeper,
            limits=self._limits,
            origins=origins,
            statuses=statuses,
            audit=self._audit,
            idempotent=IdempotentRequests(self._database),
        )

    def _make_audio(self) -> AudioApi:
        settings = self._settings
        keys, origins = SessionKeys(self._registry), Origins(settings.cors_origins)
        visitors = Visitors(self._registry, keys, self._keeper, self._limits, origins)
        calls = AudioCalls(
            self._backends,
            max_bytes=settings.max_file_size,
            rate=LeastRate.of(settings),
            places=self._places,
        )
        return AudioApi(visitors, calls)

    def _services(self) -> Mapping[str, AddToServer]:
        servicer = SessionServicer(
            registry=self._registry,
            backends=self._backends,
            limits=self._limits,
            teams=self._accounts.teams,
            webhooks=self._webhooks.service,
        )
        audit = AuditServicer(AuditReader(AuditLog(self._database)))
        links = LinkServicer(self._opener, self._limits)
        providers = {one.id: one.label for one in self._settings.oidc_providers}
        return {
            **account_services.services(
                self._accounts,
                self._registry,
                self._limits,
                providers,
                self._workspace_settings,
            ),
            link_servicer.SERVICE: partial(
                sharing_pb2_grpc.add_LinkServiceServicer_to_server, links
            ),
            _AUDIT_SERVICE: lambda server: audit_pb2_grpc.add_AuditServiceServicer_to_server(
                audit, server
            ),
            _SERVICE: lambda server: session_pb2_grpc.add_SessionServiceServicer_to_server(
                servicer, server
            ),
            maintenance_servicer.SERVICE: lambda server: maintenance_servicer.add_to(
                server, self._database
            ),
        }

    def _authenticator(self) -> CallAuthenticator:
        public = method_names("SessionService", ["CreateSession", "AuthenticateSession"])
        resume = method_names("SessionService", ["ResumeSession"])
        services = method_names("SessionService", ["EndSessions"])
        return CallAuthenticator(
            tokens=RegistryAuthenticator(self._registry),
            verifier=CallVerifier(self._settings.call_key("gateway"), "gateway"),
            access={
                **dict.fromkeys(public, Access.PUBLIC),
                **dict.fromkeys(resume, Access.ENDED_SESSION),
                **dict.fromkeys(services, Access.SERVICE),
                **maintenance_servicer.ACCESS,
                **link_servicer.ACCESS,
                **account_servicer.ACCESS,
            },
        )

    async def _check_events(self) -> None:
        if not self._client.is_connected:
            raise UnavailableError("NATS is not connected.")


def _expiry(settings: GatewaySettings) -> Expiry:
    ttl = dt.timedelta(seconds=settings.session_ttl)
    touch = dt.timedelta(seconds=settings.session_touch_seconds)
    grace = settings.session_grace
    return Expiry(
        ttl=ttl,
        touch_interval=min(touch, ttl / 10),
        grace=None if grace is None else dt.timedelta(seconds=grace),
    )


def _version() -> str:
    return versions.installed("gateway")
