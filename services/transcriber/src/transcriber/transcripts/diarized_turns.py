"""Turns of speakers as diarization found them, from its stored results."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from common.errors import NotFoundError, StateError
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.domain.jobs import Stage
from transcriber.domain.transcripts import Segment, Turn
from transcriber.names.rules import match_labels
from transcriber.store.edits import TranscriptEdits
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.transcripts.assembly import is_separate
from transcriber.transcripts.job_results import ended_tasks, read_voices
from transcriber.transcripts.stage_results import DiarizedSpeech

_MISSING = (
    "There are no turns of the diarizer: the recording was processed without diarization, or its "
    "result is not kept. Process the recording again."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizedTurns:
    """Turns in order of time, with the labels of the newest machine version, and their model."""

    turns: Sequence[Turn]
    model: str


class TurnReader:
    """Reads the turns behind transcripts of workspaces."""

    def __init__(
        self, database: Database, objects: ObjectStore, executor: Executor, *, bucket: str
    ) -> None:
        """`bucket` is that of results, which are read on the executor."""
        self._database = database
        self._objects = objects
        self._executor = executor
        self._bucket = bucket

    async def read(self, transcription_id: int, workspace_id: str) -> DiarizedTurns:
        """Return the turns behind the newest machine version.

        Raises:
            NotFoundError: the workspace has no such transcript.
            StateError: there is no result of diarization.
        """
        async with self._database.snapshot() as connection:
            found = await Transcriptions(connection).find(transcription_id, workspace_id)
            if found is None or found.transcript_at is None:
                raise NotFoundError("There is no such transcript.")
            job_id = await Jobs(connection).last_completed(found.id)
            tasks = [] if job_id is None else await Tasks(connection).of_job(job_id)
            segments = await TranscriptEdits(connection, found.id).machine_version()
        objects: dict[str, bytes] = {}
        try:
            for task in ended_tasks(tasks, Stage.DIARIZE):
                objects[task.task_id] = await self._objects.get(self._bucket, task.result_key)
        except NotFoundError as error:
            raise StateError(_MISSING) from error
        speech = await asyncio.get_running_loop().run_in_executor(
            self._executor,
            lambda: read_voices(tasks, objects, separate=is_separate(found.channel_plan)),
        )
        if speech is None:
            raise StateError(_MISSING)
        return _labeled(speech, segments)


def _labeled(speech: DiarizedSpeech, segments: Sequence[Segment]) -> DiarizedTurns:
    """Give turns the labels of the segments that were made of them. Words are within turns."""
    found = match_labels(
        segments, list(map(_as_segment, speech.turns)), [segment.label for segment in segments]
    )
    labels = {origin: label for label, origin in found.items()}
    turns = [replace(turn, speaker=labels.get(turn.speaker, turn.speaker)) for turn in speech.turns]
    turns.sort(key=lambda turn: (turn.start, turn.end, turn.speaker))
    return DiarizedTurns(turns=turns, model=speech.model)


def _as_segment(turn: Turn) -> Segment:
    return Segment(
        label=turn.speaker,
        text="",
        start=turn.start,
        end=turn.end,
        confidence=0.0,
        language="",
        channel=turn.channel,
    )
