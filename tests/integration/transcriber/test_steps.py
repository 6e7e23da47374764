"""Every background step of the transcriber, with one failing item among ten."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar
from uuid import UUID

import grpc.aio
import pytest

from common import bus
from common.auth import CachedAuthenticator
from common.background.attempts import SetAside
from common.background.registry import Background
from common.connections import Connections
from common.encryption.key_holders import DeploymentKeys
from common.objects import ObjectStore
from common.postgres import Database
from common.sessions import SessionServiceAuthenticator
from common.signing import CallSigner
from securetranscribe.v1 import event_pb2, queue_pb2
from tests.integration.emptying import empty
from tests.integration.isolation import StepTests, steps_of
from tests.integration.transcriber.conftest import TABLES, ApiFactory
from tests.integration.transcriber.fakes import Peers
from transcriber.api.preferences import SessionPreferences
from transcriber.api.session_ends import SessionEnds
from transcriber.composition.actions import make_actions
from transcriber.composition.background import make_background
from transcriber.composition.core import Core, Servers, make_core
from transcriber.encryption.key_ring import KeyRing, workspace_context
from transcriber.live.recognizer import LiveRecognizer
from transcriber.live.voice_client import VoiceClient
from transcriber.names.speakers_client import SpeakersClient
from transcriber.search.embedder_client import EmbedderClient
from transcriber.store.tasks import ProgressReport
from transcriber.transcripts.word_times import AlignerClient

# Ten transcriptions per kind of work.
_TRANSCRIPTIONS = """
INSERT INTO transcriptions (
    id, session_id, filename, size_bytes, duration, format, codec, sample_rate, channels,
    source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers, status,
    job_id, transcript_at, clips_due_at, names_due_at, decisions_due_at, created_at,
    expiry_warned_at, trashed_at, revision)
SELECT n, 's', 'a.wav', 1, 1, 'wav', 'pcm', 16000, 1, n || '/source', 'en', '{}', 0, 0, 0,
       CASE WHEN n <= 20 THEN 'completed' ELSE 'processing' END, 'job_' || n,
       CASE WHEN n <= 20 THEN now() - interval '30 days' END,
       CASE WHEN n <= 10 THEN now() END, CASE WHEN n <= 10 THEN now() END,
       CASE WHEN n BETWEEN 11 AND 20 THEN now() END, now() - interval '30 days',
       CASE WHEN n <= 10 THEN now() - interval '20 days' END,
       CASE WHEN n > 40 THEN now() - interval '30 days' END, CASE WHEN n <= 10 THEN 2 ELSE 1 END
FROM generate_series(1, 50) AS n
"""
_ERASURES = """
INSERT INTO erasures (ledger_key, kind, subject, erased_at, reason, written, replay_due)
SELECT to_char(at AT TIME ZONE 'utc', '"ledger/"YYYYMMDD"T"HH24MISS.US"Z/transcription/"') || n,
       'transcription', n, at, 'a rule', n > 10, n > 10
FROM generate_series(1, 20) AS n, (SELECT now() - interval '1 day' AS at) AS yesterday
"""
_JOBS = """
INSERT INTO jobs (job_id, transcription_id, session_id, status, priority, current_step,
                  release_number, started_at)
SELECT 'job_' || n, n, 's',
       CASE WHEN n <= 20 THEN 'completed' WHEN n <= 30 THEN 'queued' ELSE 'processing' END, 5, '',
       CASE WHEN n > 30 THEN n END, CASE WHEN n > 30 THEN now() - interval '1 day' END
FROM generate_series(1, 50) AS n
"""
_TASKS = """
INSERT INTO tasks (task_id, job_id, transcription_id, stage, state, options, result_key,
                   released_at)
SELECT ('00000000-0000-0000-' || lpad(place::text, 4, '0') || '-' || lpad(n::text, 12, '0'))::uuid,
       'job_' || n, n, stage,
       CASE WHEN stage = 'merge' OR n <= 30 THEN 'waiting' WHEN n <= 40 THEN 'running'
            ELSE 'done' END,
       CASE WHEN n > 40 AND stage = 'transcribe'
            THEN '{"part": {"start": 0, "end": 60, "number": 0, "count": 2}}'::jsonb
            ELSE '{}' END,
       n || '/' || stage || '.pb', now() - interval '1 hour'
FROM generate_series(21, 50) AS n,
     unnest(ARRAY['transcribe', 'diarize', 'merge']) WITH ORDINALITY AS stages (stage, place)
"""
_UPLOADS = """
INSERT INTO uploads (transcription_id, session_id, source_key, auto_start, touched_at)
SELECT n, 's', n || '/source', false, now() - interval '1 day' FROM generate_series(51, 60) AS n
"""
_EARLY_PARTS = """
INSERT INTO early_parts (transcription_id, workspace_id, task_id, job_id, options, audio_key,
                         result_key, sound)
SELECT n, 's', gen_random_uuid(), 'job_' || n, '{}', n || '/beginning', n || '/early.pb', ''
FROM generate_series(101, 110) AS n
"""
_RESUMABLE_UPLOADS = """
INSERT INTO resumable_uploads (upload_id, workspace_id, session_id, origin, transcription_id,
                               source_key, filename, size_bytes, request, expires_at)
SELECT 'upload-' || n, 's', 's', '', n, n || '/source', 'a.wav', 1, '{}', now() - interval '1 day'
FROM generate_series(71, 80) AS n
"""
_CAPTURES = """
INSERT INTO captures (capture_id, workspace_id, session_id, origin, transcription_id, source_key,
                      media_type, request, idle_at)
SELECT 'capture-' || n, 's', 's', '', n, n || '/source', 'audio/webm', '{}',
       now() - interval '1 day'
FROM generate_series(81, 90) AS n
"""
_DELETIONS = """
INSERT INTO deletions (transcription_id, session_id, source_key, voices_known, late_pass, due_at)
SELECT n, 's', n || '/source', false, false, now() - interval '1 day'
FROM generate_series(61, 70) AS n
"""
_SUPERSEDED_COPIES = """
INSERT INTO superseded_copies (result_key, transcription_id)
SELECT n || '/old.pb', n FROM generate_series(1, 10) AS n
"""
_UNEMBEDDED = """
WITH made AS (
    INSERT INTO search_segments (
        transcription_id, item, workspace_id, kind, label, start_seconds, language, text, plain,
        keys)
    SELECT n, '1.0', 's', 'segment', '', 0, 'en', 'text', ' text ', '{}'
    FROM generate_series(1, 10) AS n
    RETURNING id, workspace_id, transcription_id)
INSERT INTO search_unembedded (segment_id, workspace_id, transcription_id)
SELECT id, workspace_id, transcription_id FROM made
"""
_OUTBOX = """
INSERT INTO outbox (kind, subject, headers, payload)
SELECT 'notice', 'nobody.listens', '{}', '' FROM generate_series(1, 10)
"""
# Completed ones without any work are plain and to be encrypted.
_ENCRYPTING = """
UPDATE encryption SET begins_at = now() - interval '1 day', requested_at = now()
"""
_WARNINGS = "SELECT id, warnings FROM transcriptions WHERE warnings <> '{}'"
_FAILED = "SELECT failure_message FROM jobs WHERE status = 'failed'"
_WORKSPACE_KEY = """
INSERT INTO workspace_keys (workspace_id, wrapped, wrapped_by) VALUES (%s, %s, %s)
"""
#: The second one is an earlier key, which keys of workspaces are under.
_HOLDER, _EARLIER = (DeploymentKeys(keys) for keys in ([b"1" * 32, b"2" * 32], [b"2" * 32]))


@pytest.fixture
async def core(
    apis: ApiFactory, database: Database, objects: ObjectStore, client: Any, peers: Peers
) -> AsyncIterator[Core]:
    """Make the components of an api without starting it."""
    settings = apis.settings(retention_days=10)
    with ThreadPoolExecutor(1) as threads:
        async with grpc.aio.insecure_channel(peers.address) as channel:
            connections = Connections(
                settings=settings,
                client=client,
                gateway=channel,
                service="transcriber",
                tokens=CachedAuthenticator(SessionServiceAuthenticator(channel), 1.0),
            )
            servers = Servers(
                connections=connections,
                database=database,
                objects=objects,
                keys=KeyRing(database, _HOLDER, bucket_audio="audio", encrypting=False),
                holder=_HOLDER,
                speakers=SpeakersClient(channel),
                preferences=SessionPreferences(channel),
                sessions=SessionEnds(channel),
                embedder=EmbedderClient(channel),
                aligner=AlignerClient(channel),
                recognizer=LiveRecognizer(channel, CallSigner("secret", "tests")),
                voices=VoiceClient(channel),
            )
            yield make_core(settings, servers, threads)
            await database.execute("UPDATE encryption SET begins_at = 'epoch', requested_at = NULL")


class World:
    """Makes ten or more items for every step."""

    def __init__(self, core: Core, database: Database) -> None:
        self._core = core
        self._database = database
        self._tasks: list[str] = []

    async def __call__(self) -> None:
        await empty(self._database, *TABLES)
        for statement in (
            _TRANSCRIPTIONS,
            _UNEMBEDDED,
            _JOBS,
            _TASKS,
            _UPLOADS,
            _EARLY_PARTS,
            _RESUMABLE_UPLOADS,
            _CAPTURES,
            _DELETIONS,
            _SUPERSEDED_COPIES,
            _ENCRYPTING,
            _OUTBOX,
            _ERASURES,
        ):
            await self._database.execute(statement)
        for number in range(1, 11):
            key = await _EARLIER.wrap(bytes(32), workspace_context(f"w{number}"))
            await self._database.execute(_WORKSPACE_KEY, (f"w{number}", key.data, key.by))
        stream = self._core.servers.stream
        for number in range(1, 11):
            result = queue_pb2.TaskResult(task_id=str(UUID(int=number)))
            await stream.publish(bus.results_subject("transcribe"), result.SerializeToString())
            event = event_pb2.Event(
                speaker_updated=event_pb2.SpeakerUpdated(speaker_id=number, name="Ann")
            )
            subject = bus.event_subject("", "speaker", number, "updated")
            await stream.publish(subject, event.SerializeToString())
        # More workers than tasks, so that all tasks can be handed out.
        for number in range(50):
            self._core.workers.note(
                queue_pb2.WorkerHeartbeat(worker_id=f"w{number}", stage=queue_pb2.STAGE_TRANSCRIBE)
            )
        rows = await self._database.fetch_all("SELECT task_id FROM tasks")
        self._tasks = [str(row["task_id"]) for row in rows]
        self.repeat()

    def repeat(self) -> None:
        for task_id in self._tasks:
            self._core.recorder.note(ProgressReport(task_id=task_id, worker_id="w"))


@pytest.fixture
def world(core: Core, database: Database) -> World:
    """Return the maker of items."""
    return World(core, database)


@pytest.fixture
def background(core: Core) -> Background:
    """Return the registry of steps without starting them."""
    made, _ = make_background(core, make_actions(core))
    return made


class TestTranscriber(StepTests):
    steps: ClassVar = [kind.name for kind in steps_of("transcriber")]
    ending: ClassVar = frozenset({"dispatcher", "merges", "lost-tasks"})

    async def check_owner(self, name: str, aside: SetAside, database: Database) -> None:
        warned = {row["id"]: row["warnings"] for row in await database.fetch_all(_WARNINGS)}
        failed = await database.fetch_all(_FAILED)
        if name in {"clips", "names", "decisions", "recordings"}:
            assert list(warned) == [int(aside.item)]
        elif name in {"dispatcher", "merges"}:
            assert len(failed) == 1
        else:
            assert (warned, failed) == ({}, [])
