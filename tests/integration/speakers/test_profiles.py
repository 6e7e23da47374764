"""Creation, search, changes and deletion of profiles."""

import asyncio
import random

import pytest

from common.errors import ConflictError, NotFoundError, SpeakerError, ValidationError
from securetranscribe.v1 import speaker_pb2
from tests.integration.speakers.conftest import Caller, Named, Service
from tests.integration.speakers.fakes import person


async def test_new_profile_has_no_voice_data(user: Caller) -> None:
    made = await user.create(
        "  Ann   Lee ",
        gender="female",
        age_range="adult",
        language="EN",
        accent="welsh",
        description="Chairs the board",
    )
    assert await user.get(made.speaker_id) == made
    assert (made.name, made.display_name) == ("Ann Lee", "Ann Lee")
    assert (made.gender, made.age_range, made.accent) == ("female", "adult", "welsh")
    assert (made.language, made.description) == ("en", "Chairs the board")
    assert made.confidence == 0.0
    assert made.confidence_level == speaker_pb2.CONFIDENCE_LEVEL_VERY_LOW
    assert (made.active, made.verified) == (True, False)
    assert (made.sample_count, made.has_voice_data) == (0, False)
    assert made.create_time.seconds > 0
    assert made.create_time == made.update_time


async def test_name_conflicts_in_any_spelling(user: Caller) -> None:
    first = await user.create("José Ångström")
    with pytest.raises(ConflictError) as refused:
        await user.create(" JOSÉ  ångström")
    assert refused.value.details["field"] == "name"
    await user.delete(first.speaker_id)
    assert (await user.create("JOSÉ ÅNGSTRÖM")).speaker_id != first.speaker_id


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "Speaker_3"}, "name"),
        ({"name": "Ann", "language": "english"}, "language"),
        ({"name": "Ann", "description": "x" * 2001}, "description"),
        ({"name": "Ann", "gender": "a\0"}, "gender"),
        ({"name": "Ann", "request_id": "x" * 256}, "request_id"),
    ],
)
async def test_invalid_fields_are_rejected(
    user: Caller, fields: dict[str, str], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        await user.call("CreateSpeaker", speaker_pb2.CreateSpeakerRequest(**fields))
    assert refused.value.details == {"field": field}
    assert await user.names() == []


async def test_repeated_request_creates_one_profile(service: Service) -> None:
    one, other = service.session("a"), service.session("b")
    first = await one.create("Ann", request_id="r1")
    assert await one.create("Ann", request_id="r1") == first
    with pytest.raises(ConflictError):
        await one.create("Ann", request_id="r2")
    # Request ids of different sessions are independent.
    with pytest.raises(ConflictError):
        await other.create("Ann", request_id="r1")


async def test_concurrent_requests_create_one_profile(user: Caller) -> None:
    results = await asyncio.gather(*(user.create("Ann") for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, speaker_pb2.Speaker) for result in results) == 1
    assert sum(isinstance(result, ConflictError) for result in results) == 7
    same = await asyncio.gather(*(user.create("Bob", request_id="r") for _ in range(8)))
    assert len({item.speaker_id for item in same}) == 1


async def test_lists_are_ordered_by_name_and_filtered(user: Caller) -> None:
    ids = {name: (await user.create(name)).speaker_id for name in ("bob", "Ann", "Ánna", "Cy")}
    await user.update(ids["bob"], verified=True)
    await user.delete(ids["Cy"])
    assert await user.names() == ["Ann", "bob", "Ánna"]
    assert await user.names(active_only=False) == ["Ann", "bob", "Cy", "Ánna"]
    assert await user.names(verified_only=True) == ["bob"]


async def test_pages(user: Caller) -> None:
    for number in range(7):
        await user.create(f"Person {number}")
    request = speaker_pb2.ListSpeakersRequest(page=3, page_size=3)
    answer = await user.call("ListSpeakers", request)
    assert [item.name for item in answer.speakers] == ["Person 6"]
    assert answer.total == 7
    beyond = speaker_pb2.ListSpeakersRequest(page=9, page_size=3)
    assert list((await user.call("ListSpeakers", beyond)).speakers) == []
    for wrong in (
        speaker_pb2.ListSpeakersRequest(page=-1),
        speaker_pb2.ListSpeakersRequest(page_size=201),
    ):
        with pytest.raises(ValidationError):
            await user.call("ListSpeakers", wrong)


async def test_updates_keep_other_fields(user: Caller) -> None:
    made = await user.create("Ann", accent="welsh", language="cy")
    changed = await user.update(made.speaker_id, name="Anne", language="", verified=True)
    assert (changed.name, changed.accent, changed.language) == ("Anne", "welsh", "")
    assert changed.verified
    assert changed.update_time.ToNanoseconds() > made.update_time.ToNanoseconds()
    assert changed.create_time == made.create_time
    assert await user.get(made.speaker_id) == changed


async def test_renaming_to_a_used_name_conflicts(user: Caller) -> None:
    ann, bob = await user.create("Ann"), await user.create("Bob")
    with pytest.raises(ConflictError):
        await user.update(bob.speaker_id, name="ANN")
    assert (await user.update(ann.speaker_id, name="ANN")).name == "ANN"


async def test_activation_needs_a_free_name(user: Caller) -> None:
    old = await user.create("Ann")
    await user.delete(old.speaker_id)
    new = await user.create("Ann")
    with pytest.raises(ConflictError):
        await user.update(old.speaker_id, active=True)
    await user.update(new.speaker_id, name="Ann the younger")
    assert (await user.update(old.speaker_id, active=True)).active


async def test_deletion(user: Caller) -> None:
    made = await user.create("Ann")
    await user.delete(made.speaker_id)
    assert not (await user.get(made.speaker_id)).active
    with pytest.raises(SpeakerError):
        await user.delete(made.speaker_id)
    await user.delete(made.speaker_id, permanent=True)
    with pytest.raises(NotFoundError):
        await user.get(made.speaker_id)
    with pytest.raises(NotFoundError):
        await user.delete(made.speaker_id, permanent=True)


async def test_unknown_profiles_are_not_found(user: Caller) -> None:
    for attempt in (
        user.get(99),
        user.update(99, name="Ann"),
        user.delete(99),
        user.statistics(99),
        user.observations(99),
        user.clip(99),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_search_matches_prefixes_of_words(user: Caller) -> None:
    await user.create("John Smith", description="Plumber from Ghent")
    await user.create("Smithers")
    await user.create("Ann Johnson")
    await user.create("John")
    await user.create("José Müller", description="100% sure_of it")
    assert await user.found("john") == ["John", "John Smith", "Ann Johnson"]
    assert await user.found("smith john") == ["John Smith"]
    assert await user.found("plumb ghent") == ["John Smith"]
    assert await user.found("jose") == ["José Müller"]
    assert await user.found("MULLER") == ["José Müller"]
    # Parts of names match too, and special characters have no special meaning.
    assert await user.found("ithers") == ["Smithers"]
    assert await user.found("%") == []
    assert await user.found("_") == []
    assert await user.found("'; drop table profiles; --") == []
    assert await user.found("!!!") == []
    assert await user.found("nobody") == []


async def test_search_accepts_any_input(user: Caller) -> None:
    await user.create("Ann")
    chance = random.Random(3)
    pieces = [
        "\\", "'", '"', "%", "_", "&", "|", "!", ":*", "(", ")", "<->", "a", "ann", " ", "\u0301",
        "李", "\U0001f600", "http://x/y?z=1", "a@b.c", "1e5", "-3.5", "/etc/x", "\t", "\u202e", "*",
    ]  # fmt: skip
    for _ in range(150):
        query = "".join(chance.choices(pieces, k=chance.randrange(1, 9)))
        if query.strip():
            await user.found(query)


async def test_search_follows_changes(user: Caller) -> None:
    made = await user.create("Ann", description="singer")
    await user.update(made.speaker_id, name="Zoe", description="dancer")
    assert await user.found("ann") == []
    assert await user.found("singer") == []
    assert await user.found("zo") == ["Zoe"]
    assert await user.found("danc") == ["Zoe"]
    await user.delete(made.speaker_id)
    assert await user.found("zoe") == []
    assert await user.found("zoe", active_only=False) == ["Zoe"]


async def test_search_limits(user: Caller) -> None:
    for number in range(5):
        await user.create(f"Ann {number}")
    assert await user.found("ann", limit=2) == ["Ann 0", "Ann 1"]
    for wrong in (
        speaker_pb2.SearchSpeakersRequest(query=" "),
        speaker_pb2.SearchSpeakersRequest(query="x" * 256),
        speaker_pb2.SearchSpeakersRequest(query="a\0"),
        speaker_pb2.SearchSpeakersRequest(query="a", limit=201),
    ):
        with pytest.raises(ValidationError):
            await user.call("SearchSpeakers", wrong)


async def test_decisions_override_recognitions_in_statistics(
    user: Caller, transcriber: Caller
) -> None:
    links = await transcriber.decide(1, Named(label="A", name="Ann", values=person(1), speech=30.0))
    ann = links["A"].speaker.speaker_id
    heard = [Named(label="A", name="", values=person(1, recording=n), speech=20.0) for n in (2, 3)]
    for number, voice in enumerate(heard, 2):
        match = (await transcriber.recognize(number, voice))["A"]
        assert match.speaker_id == ann
    figures = await user.statistics(ann)
    assert figures.speaker.name == "Ann"
    assert figures.total_transcriptions == 3
    assert figures.total_audio_duration.seconds == 70
    assert figures.high_count == 3
    assert (figures.medium_count, figures.low_count, figures.very_low_count) == (0, 0, 0)
    assert 0.8 <= figures.average_confidence < 1.0
    # A person assigns one of the recordings to somebody else.
    await transcriber.decide(3, Named(label="A", name="Bob", values=heard[1].values))
    figures = await user.statistics(ann)
    assert (figures.total_transcriptions, figures.total_audio_duration.seconds) == (2, 50)


async def test_statistics_without_recordings(user: Caller) -> None:
    figures = await user.statistics((await user.create("Ann")).speaker_id)
    assert figures.total_transcriptions == 0
    assert figures.average_confidence == 0.0
    assert not figures.reliable
