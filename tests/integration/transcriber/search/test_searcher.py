"""Searches of stored transcripts."""

import datetime as dt
from collections.abc import Sequence

import pytest

from common.errors import NotFoundError, UnavailableError, ValidationError
from common.postgres import Database
from tests.integration.transcriber.transcripts.test_editor import OWNER, stored
from tests.unit.transcriber.editing.transcripts import segment
from transcriber.domain.transcripts import Segment
from transcriber.editing import operations as ops
from transcriber.editing.items import ItemId
from transcriber.search.embedder_client import Vector
from transcriber.search.searcher import Found, Searcher, State
from transcriber.search.steps import EmbeddingStep, SearchTextStep
from transcriber.store.library import Titles
from transcriber.store.search_query import Filters
from transcriber.transcripts.editor import TranscriptEditor

_SIZE = 384
_RENAME = "UPDATE transcriptions SET filename = %s, title = %s WHERE id = %s"
_MACHINE = (
    segment("Speaker_1", "The budget meetings were postponed", 0.0),
    segment("Speaker_2", "Mister Obermeyer wants the IT department to pay", 3.0),
    segment("Speaker_1", "it rains outside", 6.0),
)


def in_language(language: str, text: str) -> Segment:
    made = segment("Speaker_1", text, 0.0)
    return Segment(
        label=made.label,
        text=text,
        start=0.0,
        end=1.0,
        confidence=0.9,
        language=language,
        words=made.words,
    )


class Topics:
    """Embedder whose vectors are those of the first topic in a text."""

    def __init__(self, *topics: Sequence[str]) -> None:
        self._topics = topics
        self.away = False

    async def embed_query(self, text: str) -> Vector:
        if self.away:
            raise UnavailableError("The embedder is away.")
        return self._vector(text)

    async def embed_passages(self, texts: Sequence[str]) -> list[Vector]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Vector:
        place = next(
            (
                number
                for number, words in enumerate(self._topics)
                if any(word in text.lower() for word in words)
            ),
            len(self._topics),
        )
        return [1.0 if number == place else 0.0 for number in range(_SIZE)]


@pytest.fixture
def searcher(database: Database) -> Searcher:
    return Searcher(database, None)


async def indexed(database: Database, segments: Sequence[Segment] = _MACHINE) -> int:
    number = await stored(database, segments)
    await SearchTextStep(database).step()
    return number


async def search(searcher: Searcher, text: str, **more: object) -> Found:
    filters = more.pop("filters", Filters())
    options = {"limit": 20, "per_transcription": 3, "workspace": OWNER, **more}
    workspace = str(options.pop("workspace"))
    return await searcher.search(workspace, text, filters, **options)  # type: ignore[arg-type]


def texts(found: Found) -> list[str]:
    return [hit.row["text"] for hit in found.hits]


@pytest.mark.parametrize(
    ("query", "place", "marked"),
    [
        ("meeting", 0, ["meetings"]),
        ("postpone budgets", 0, ["budget", "postponed"]),
        ('"budget meetings"', 0, ["budget meetings"]),
        ("obermeier", 1, ["Obermeyer"]),
        ("meyer", 1, ["Obermeyer"]),
        ("IT department", 1, ["IT", "department"]),
        ("rains OR snows", 2, ["rains"]),
    ],
)
async def test_words_are_found_and_marked(
    database: Database, searcher: Searcher, query: str, place: int, marked: list[str]
) -> None:
    number = await indexed(database)
    hit = (await search(searcher, query)).hits[0]
    assert hit.row["text"] == _MACHINE[place].text
    assert [hit.row["text"][start:end] for start, end in hit.marks] == marked
    assert (hit.row["transcription_id"], hit.place.segment) == (number, f"1.{place * 100000}")
    assert (hit.place.start, hit.speaker) == (_MACHINE[place].start, _MACHINE[place].label)


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("de", "Die Häuser wurden verkauft", "haus"),
        ("de", "Der Haushaltsplan ist fertig", "haushalt"),
        ("fr", "Les réunions sont annulées", "reunion"),
        ("ru", "Мы обсудили договоры", "договор"),
        ("zh", "我们下周讨论预算", "预算"),
        ("zh", "我们下周讨论预算", "预"),
        ("ja", "来週の会議は中止です", "会議"),
        ("th", "การประชุมถูกเลื่อนออกไป", "ประชุม"),
        ("ko", "예산을 논의했습니다", "예산"),
        ("pl", "Zażółć gęślą jaźń", "zazolc"),
        ("en", "we use C 4 today", "c"),
        ("en", "to be or not to be", "to be"),
    ],
)
async def test_languages(
    database: Database, searcher: Searcher, language: str, text: str, query: str
) -> None:
    await indexed(database, [in_language(language, text), in_language("en", "other things")])
    found = await search(searcher, query)
    assert texts(found) == [text]
    assert found.hits[0].marks


async def test_exclusion_and_phrase_limit_hits(database: Database, searcher: Searcher) -> None:
    await indexed(
        database,
        [
            segment("Speaker_1", "the red car", 0.0),
            segment("Speaker_1", "the car is red", 3.0),
            segment("Speaker_1", "a red bike", 6.0),
        ],
    )
    assert set(texts(await search(searcher, "red -bike"))) == {"the red car", "the car is red"}
    assert texts(await search(searcher, '"red car"')) == ["the red car"]
    assert texts(await search(searcher, 'red -"red car" -bike')) == ["the car is red"]


async def test_workspace_finds_only_its_own(database: Database, searcher: Searcher) -> None:
    number = await indexed(database)
    assert (await search(searcher, "budget")).hits
    for filters in (Filters(), Filters(speaker="speaker_1")):
        found = await search(searcher, "budget", workspace="another", filters=filters)
        assert (found.hits, found.text.total) == ([], 0)
    for unknown in (number, 2**62):
        with pytest.raises(NotFoundError):
            await search(
                searcher,
                "budget",
                workspace="another",
                filters=Filters(transcription=unknown),
            )


async def test_edits_are_found_at_once(database: Database, searcher: Searcher) -> None:
    number = await indexed(database)
    editor = TranscriptEditor(database)
    word = ItemId.parse("1.2")
    await editor.edit(
        number, OWNER, "ann", [ops.ReplaceWords(first=word, last=word, text="picnic")], base=1
    )
    found = await search(searcher, "picnic")
    assert (found.hits[0].place.segment, found.text.state) == ("1.0", State.COMPLETE)
    assert "budget" not in " ".join(texts(await search(searcher, "budget")))
    await editor.undo(number, OWNER, "ann")
    assert texts(await search(searcher, "picnic")) == []
    assert texts(await search(searcher, "budget")) == [_MACHINE[0].text]
    await editor.edit(
        number,
        OWNER,
        "ann",
        [ops.DeleteWords(first=ItemId.parse("1.200001"), last=ItemId.parse("1.200003"))],
        base=1,
    )
    assert texts(await search(searcher, "rains")) == []


async def test_notes_lead_to_their_words(database: Database, searcher: Searcher) -> None:
    number = await indexed(database)
    word = ItemId.parse("1.100002")
    editor = TranscriptEditor(database)
    await editor.edit(
        number, OWNER, "ann", [ops.AddNote(first=word, last=word, text="Call the zoo")], base=1
    )
    hit = (await search(searcher, "zoo")).hits[0]
    assert (hit.row["kind"], hit.place.segment, hit.place.start) == ("note", "1.100000", 3.0)
    await editor.undo(number, OWNER, "ann")
    assert (await search(searcher, "zoo")).hits == []


async def test_titles_and_dates_are_found(database: Database, searcher: Searcher) -> None:
    number = await indexed(database)
    assert (await search(searcher, "talk.wav")).hits[0].row["kind"] == "title"
    today = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    assert (await search(searcher, today)).hits[0].row["transcription_id"] == number


async def test_transcripts_of_other_versions_are_indexed_later(
    database: Database, searcher: Searcher
) -> None:
    await stored(database)
    found = await search(searcher, "morning")
    assert (found.hits, found.text.state, found.text.indexed) == ([], State.BEHIND, 0)
    await SearchTextStep(database).step()
    found = await search(searcher, "morning")
    assert (texts(found), found.text.state) == (["good morning how are you"], State.COMPLETE)


async def test_meaning_is_found_without_common_words(database: Database) -> None:
    embedder = Topics(["budget", "money", "geld"], ["rain", "weather"])
    searcher = Searcher(database, embedder)
    await indexed(database)
    found = await search(searcher, "weather")
    assert (found.semantic.state, found.semantic.indexed, found.semantic.total) == (
        State.BEHIND,
        0,
        3,
    )
    await EmbeddingStep(database, embedder).step()
    found = await search(searcher, "weather")
    assert texts(found) == ["it rains outside"]
    assert (found.semantic.state, found.semantic.indexed) == (State.COMPLETE, 3)
    assert (found.hits[0].row["by_text"], found.hits[0].row["by_meaning"]) == (False, True)
    both = (await search(searcher, "budget")).hits[0].row
    assert (both["by_text"], both["by_meaning"]) == (True, True)
    embedder.away = True
    found = await search(searcher, "rains")
    assert (texts(found), found.semantic.state) == (["it rains outside"], State.UNAVAILABLE)


async def test_changed_texts_are_embedded_again(database: Database) -> None:
    embedder = Topics(["budget"], ["rain", "weather"])
    searcher = Searcher(database, embedder)
    number = await indexed(database)
    await EmbeddingStep(database, embedder).step()
    await TranscriptEditor(database).edit(
        number,
        OWNER,
        "ann",
        [
            ops.ReplaceWords(
                first=ItemId.parse("1.200002"), last=ItemId.parse("1.200002"), text="is"
            )
        ],
        base=1,
    )
    found = await search(searcher, "weather")
    assert (found.hits, found.semantic.state) == ([], State.BEHIND)
    await EmbeddingStep(database, embedder).step()
    found = await search(searcher, "weather")
    assert (found.hits, found.semantic.state) == ([], State.COMPLETE)


async def test_pages_are_stable_while_transcripts_arrive(
    database: Database, searcher: Searcher
) -> None:
    many = [segment("Speaker_1", f"apples number {name}", 0.0) for name in ("one", "two", "six")]
    for _ in range(4):
        await indexed(database, many)
    whole = await search(searcher, "apples", limit=100)
    first = await search(searcher, "apples", limit=5)
    await indexed(database, many)
    seen = [*first.hits]
    token = first.next_page
    while token:
        page = await search(searcher, "apples", limit=5, page_token=token)
        seen += page.hits
        token = page.next_page
    assert [hit.row["id"] for hit in seen] == [hit.row["id"] for hit in whole.hits]
    with pytest.raises(ValidationError):
        await search(searcher, "pears", limit=5, page_token=first.next_page)


async def test_hits_per_transcription_are_limited(database: Database, searcher: Searcher) -> None:
    many = [segment("Speaker_1", f"apples {name}", 0.0) for name in ("a", "b", "c", "d", "e")]
    number = await indexed(database, many)
    assert len((await search(searcher, "apples", per_transcription=2)).hits) == 2
    within = await search(searcher, "apples", filters=Filters(transcription=number))
    assert len(within.hits) == 5


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(speaker="speaker_1"), 1),
        (Filters(speaker="speaker_2"), 0),
        (Filters(language="en"), 1),
        (Filters(language="de"), 0),
        (Filters(status="completed"), 1),
        (Filters(status="failed"), 0),
        (Filters(shortest=60, longest=60), 1),
        (Filters(shortest=61), 0),
        (Filters(since=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)), 1),
        (Filters(until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)), 0),
        (Filters(favorite=True), 0),
        (Filters(favorite=False), 1),
        (Filters(folder=1), 0),
        (Filters(tag="x"), 0),
    ],
)
async def test_filters(
    database: Database, searcher: Searcher, filters: Filters, found: int
) -> None:
    await indexed(database)
    assert len((await search(searcher, "budget", filters=filters)).hits) == found


async def test_deletion_erases_the_index(database: Database) -> None:
    embedder = Topics(["budget"])
    number = await indexed(database)
    await EmbeddingStep(database, embedder).step()
    await database.execute("DELETE FROM transcriptions WHERE id = %s", (number,))
    for table in ("search_segments", "search_embeddings", "search_unembedded"):
        assert await database.fetch_all(f"SELECT * FROM {table}") == []


@pytest.mark.parametrize(
    "query", ["'", "(((", "\\", "%_", "<->", ":*", '""', "-a", "\U0001f600", "", " "]
)
async def test_query_without_words_is_refused(searcher: Searcher, query: str) -> None:
    with pytest.raises(ValidationError) as caught:
        await search(searcher, query)
    assert caught.value.details == {"field": "q"}


@pytest.mark.parametrize(
    "query",
    [
        "a & | !b",
        "x' OR 1=1 --",
        "a" * 500,
        '"" a',
        "a OR OR b",
        "\U0001f600 a",
        "ﷺ",
        "½ OR",
        "-a b",
        "\x01 a",
        "\0 a",
    ],
)
async def test_no_query_breaks_the_search(
    database: Database, searcher: Searcher, query: str
) -> None:
    await indexed(database)
    assert (await search(searcher, query)).next_page == ""


async def test_names_and_titles_are_found_at_once(database: Database, searcher: Searcher) -> None:
    number = await indexed(database)
    editor = TranscriptEditor(database)
    name = ops.AssignNames(names={"Speaker_2": "Käthe Brandt"})
    await editor.edit(number, OWNER, "ann", [name], base=1)
    hit = (await search(searcher, "kathe")).hits[0]
    assert (hit.row["kind"], hit.speaker_label, hit.speaker, hit.place.start) == (
        "speaker",
        "Speaker_2",
        "Käthe Brandt",
        3.0,
    )
    assert (await search(searcher, "department", filters=Filters(speaker="käthe brandt"))).hits
    async with database.transaction() as connection:
        await Titles(connection).give(number, "Board of directors")
    hit = (await search(searcher, "director")).hits[0]
    assert (hit.row["kind"], hit.row["text"]) == ("title", "Board of directors")
    assert (await search(searcher, "talk.wav")).hits
    await editor.undo(number, OWNER, "ann")
    assert (await search(searcher, "kathe")).hits == []
