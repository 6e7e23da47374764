"""Measuring of edited words in stored recordings."""

from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.errors import UnavailableError, UnimplementedError
from common.identity import Owner
from common.objects import ObjectStore
from common.postgres import Database
from tests.integration.transcriber.fakes import wav
from tests.integration.transcriber.transcripts.test_editor import OWNER, shown, stored
from tests.unit.transcriber.editing.transcripts import CONVERSATION, segment
from transcriber.editing import operations as ops
from transcriber.editing.items import ItemId
from transcriber.store.word_times import WordTimes
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.word_times import WordTimesStep

_AN_HOUR_AGO = "UPDATE transcript_batches SET created_at = created_at - interval '1 hour'"
_NO_SOUND = "UPDATE transcriptions SET source_deleted_at = now()"


class FakeAligner:
    """Places all words evenly in the sound, or fails."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str, list[str], str]] = []
        self.error: Exception | None = None

    async def align(
        self, content: bytes, language: str, words: Sequence[str], owner: Owner
    ) -> list[tuple[float, float]]:
        self.asked.append((len(content), language, list(words), owner.workspace_id))
        if self.error is not None:
            raise self.error
        return [(0.5 * place, 0.5 * place + 0.1) for place in range(len(words))]


@pytest.fixture
def aligner() -> FakeAligner:
    return FakeAligner()


@pytest.fixture
async def step(
    database: Database, objects: ObjectStore, aligner: FakeAligner
) -> AsyncIterator[WordTimesStep]:
    await objects.put("audio", "source", wav(60.0))
    with ThreadPoolExecutor(1) as threads:
        yield WordTimesStep(
            database, objects, aligner, threads, bucket_audio="audio", bucket_results="results"
        )


async def edited(database: Database, text: str = "is", number: int = 3) -> int:
    """Store a transcript and replace one word of its first segment."""
    transcription_id = await stored(database)
    await write(database, transcription_id, text, number=number)
    return transcription_id


async def write(database: Database, transcription_id: int, text: str, *, number: int) -> None:
    editor = TranscriptEditor(database)
    word = ItemId.parse((await shown(database, transcription_id))[0].words[number].id)
    base = (await editor.history(transcription_id, OWNER, OWNER)).head.revision
    operation = ops.ReplaceWords(first=word, last=word, text=text)
    await editor.edit(transcription_id, OWNER, OWNER, [operation], base=base)


async def due(database: Database) -> list[int]:
    async with database.transaction() as connection:
        return await WordTimes(connection).due(10)


async def test_edited_words_get_the_times_of_the_sound(
    database: Database, step: WordTimesStep, aligner: FakeAligner
) -> None:
    transcription_id = await edited(database)
    assert await due(database) == []  # Somebody may still be editing.
    await database.execute(_AN_HOUR_AGO)
    assert await due(database) == [transcription_id]
    before = await shown(database, transcription_id)
    await step.handle(transcription_id)
    ((size, language, words, workspace),) = aligner.asked
    assert (size > 0, language, workspace) == (True, "en", OWNER)
    assert words == [" good", " morning", " how", " is", " you"]
    after = await shown(database, transcription_id)
    assert (after[0].words[3].start, after[0].words[3].end) == (1.5, 1.6)
    others = [word for part in after for word in part.words if word.text != "is"]
    assert others == [word for part in before for word in part.words if word.text != "is"]
    await database.execute(_AN_HOUR_AGO)
    assert await due(database) == []


async def test_an_edit_of_a_clock_that_was_ahead_is_none_in_progress(database: Database) -> None:
    transcription_id = await edited(database)
    assert await due(database) == []
    await database.execute(_AN_HOUR_AGO.replace("-", "+"))
    assert await due(database) == [transcription_id]


async def test_measured_times_are_part_of_the_edit_that_wrote_the_words(
    database: Database, step: WordTimesStep
) -> None:
    transcription_id = await edited(database)
    await step.handle(transcription_id)
    editor = TranscriptEditor(database)
    history = await editor.history(transcription_id, OWNER, OWNER)
    assert [item.entry.author for item in history.entries] == [OWNER, ""]
    assert history.stacks.undo == (2,)
    await editor.undo(transcription_id, OWNER, OWNER)
    lines = [part.text for part in await shown(database, transcription_id)]
    assert lines == [part.text for part in CONVERSATION]
    times = [word.start for word in (await shown(database, transcription_id))[0].words]
    assert times == [word.start for word in CONVERSATION[0].words]


async def test_words_are_measured_once_and_later_ones_by_themselves(
    database: Database, step: WordTimesStep, aligner: FakeAligner
) -> None:
    transcription_id = await edited(database)
    await step.handle(transcription_id)
    await step.handle(transcription_id)
    assert len(aligner.asked) == 1
    await write(database, transcription_id, "hello", number=0)
    await step.handle(transcription_id)
    assert len(aligner.asked) == 2
    assert (await shown(database, transcription_id))[0].words[3].start == 1.5


async def test_without_sound_or_a_recognizer_times_stay(
    database: Database, step: WordTimesStep, aligner: FakeAligner
) -> None:
    transcription_id = await edited(database)
    before = await shown(database, transcription_id)
    aligner.error = UnimplementedError("The engine cannot align words.")
    await step.handle(transcription_id)
    await database.execute(_NO_SOUND)
    await write(database, transcription_id, "is", number=2)
    await step.handle(transcription_id)
    assert len(aligner.asked) == 1
    after = await shown(database, transcription_id)
    assert [w.start for w in after[0].words] == [w.start for w in before[0].words]
    await database.execute(_AN_HOUR_AGO)
    assert await due(database) == []


async def test_an_absent_worker_leaves_the_words_due(
    database: Database, step: WordTimesStep, aligner: FakeAligner
) -> None:
    transcription_id = await edited(database)
    await database.execute(_AN_HOUR_AGO)
    aligner.error = UnavailableError("No worker answers.")
    with pytest.raises(UnavailableError):
        await step.handle(transcription_id)
    assert await due(database) == [transcription_id]
    aligner.error = None
    await step.handle(transcription_id)
    assert (await shown(database, transcription_id))[0].words[3].start == 1.5


async def test_many_segments_are_measured_in_parts(
    database: Database, step: WordTimesStep, aligner: FakeAligner
) -> None:
    talk = [segment("Speaker_1", f"w{number} said no", 1.0 * number) for number in range(55)]
    transcription_id = await stored(database, talk)
    editor = TranscriptEditor(database)
    operations = [
        ops.ReplaceWords(first=ItemId.parse(item), last=ItemId.parse(item), text="changed")
        for item in [part.words[1].id for part in await shown(database, transcription_id)]
    ]
    await editor.edit(transcription_id, OWNER, OWNER, operations, base=1)
    await step.handle(transcription_id)
    assert len(aligner.asked) == 55
    assert {
        round(part.words[1].start - part.start, 3)
        for part in (await shown(database, transcription_id))[1:]
    } == {0.4}
    history = await editor.history(transcription_id, OWNER, OWNER)
    assert [item.entry.author for item in history.entries] == [OWNER, "", ""]
