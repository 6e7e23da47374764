"""Objects behind live sessions."""

from common.byte_rates import ByteRates
from common.rate_limits import RateLimits
from common.sessions import SessionServiceAuthenticator
from securetranscribe.v1 import capture_pb2
from transcriber.api.capture_messages import capture_message
from transcriber.api.live_servicer import LiveServicer, LiveServicerDependencies
from transcriber.composition.captures import CaptureWork
from transcriber.composition.core import Core
from transcriber.live.session_speakers import SessionSpeakers
from transcriber.live.sessions import LiveDependencies, LiveSessions
from transcriber.store.captures import Capture


def make_live_sessions(core: Core, captures: CaptureWork) -> LiveSessions:
    """Create the live sessions of this process."""
    database = core.servers.database

    async def described(capture: Capture) -> capture_pb2.Capture:
        async with database.transaction() as connection:
            return await capture_message(connection, capture)

    return LiveSessions(
        LiveDependencies(
            database=database,
            objects=core.servers.objects,
            executor=core.threads,
            client=core.servers.client,
            recognizer=core.servers.recognizer,
            speakers=SessionSpeakers(
                database,
                core.servers.voices,
                core.servers.speakers,
                idle_seconds=core.settings.capture_idle,
            ),
            creator=captures.creator,
            reception=captures.reception,
            ends=captures.ends,
            described=described,
            bucket=core.settings.s3_bucket_audio,
            idle_seconds=core.settings.capture_idle,
        )
    )


def make_live_servicer(core: Core, sessions: LiveSessions) -> LiveServicer:
    """Create the servicer of LiveService."""
    limits = RateLimits.configured(core.settings)
    return LiveServicer(
        LiveServicerDependencies(
            sessions=sessions,
            tokens=SessionServiceAuthenticator(core.servers.connections.gateway),
            preferences=core.servers.preferences,
            priorities=core.priorities,
            models=core.models,
            limits=limits,
            rates=ByteRates(limits),
            access=core.access,
        )
    )
