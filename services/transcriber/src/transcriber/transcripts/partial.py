"""Text of long recordings, shown part by part while they are processed."""

from collections.abc import Sequence

from common.background.policy import Policy
from common.background.steps import ItemStep
from common.events import EventPublisher
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.domain.jobs import Job, Stage, Task, TaskState
from transcriber.domain.partial_transcripts import PartialSegment, PartialTranscript
from transcriber.domain.parts import MARGIN, Part
from transcriber.outbox import messages
from transcriber.store.jobs import Jobs
from transcriber.store.partial_transcripts import PartialTranscripts
from transcriber.store.tasks import Tasks
from transcriber.transcripts.assembly import is_separate
from transcriber.transcripts.joined_speech import RecognizedPart, join_speech
from transcriber.transcripts.merge import merge
from transcriber.transcripts.stage_results import read_recognition


class PartialTranscriptStep(ItemStep[str]):
    """Adds the next part to the shown text of a job."""

    name = "partial-transcripts"
    items = "jobs with recognized parts to show"
    outcome = "The text appears when the job completes."
    policy = Policy(most_attempts=3, first_pause=2.0, timeout=60.0, at_a_time=2)

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        publisher: EventPublisher,
        *,
        bucket_results: str,
    ) -> None:
        super().__init__(database)
        self._objects = objects
        self._publisher = publisher
        self._bucket = bucket_results

    def key(self, item: str) -> str:
        """Return the job's id."""
        return item

    async def due(self, connection: Connection, limit: int) -> Sequence[str]:
        """Return jobs with another part to show."""
        return await PartialTranscripts(connection).due(limit)

    async def handle(self, item: str) -> None:
        """Show the next part of a job."""
        async with self._database.transaction() as connection:
            job = await Jobs(connection).get(item)
            tasks = await Tasks(connection).of_job(item)
            number = await PartialTranscripts(connection).next_part(item)
        if job is None or not job.status.live:
            return
        shown = await self._text(job, tasks, number)
        if shown is None:
            return
        async with self._database.transaction() as connection:
            if not await Jobs(connection).lock([item]):
                return
            added = await PartialTranscripts(connection).add(
                item, number, shown.covered, shown.segments
            )
        if added:
            await self._publisher.publish(messages.transcript_part(job, shown))

    async def _text(self, job: Job, tasks: Sequence[Task], number: int) -> PartialTranscript | None:
        """Return the text of a part, without what the next part hears as well."""
        wanted = [
            task
            for task in tasks
            if task.stage is Stage.TRANSCRIBE
            and task.state is TaskState.DONE
            and task.part in {number - 1, number}
        ]
        separate = is_separate(job.channel_plan)
        parts = [
            RecognizedPart(
                part=part,
                speech=read_recognition(
                    await self._objects.get(self._bucket, task.result_key), separate=separate
                ),
            )
            for task in sorted(wanted, key=lambda task: task.part)
            if (part := Part.of(task.options)) is not None
        ]
        if not parts or parts[-1].part.number != number:
            return None
        part = parts[-1].part
        covered = part.end if part.last else part.end - MARGIN
        words = [
            word
            for word in join_speech(parts).words
            if (number == 0 or word.start >= part.start - MARGIN)
            and (part.last or word.start < covered)
        ]
        return PartialTranscript(
            job_id=job.job_id,
            parts=number + 1,
            covered=covered,
            segments=tuple(
                PartialSegment(
                    start=segment.start,
                    end=segment.end,
                    text=segment.text,
                    language=segment.language,
                    channel=segment.channel,
                )
                for segment in merge(words).segments
            ),
        )
