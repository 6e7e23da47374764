import asyncio
import io
import wave

import pytest

from tests.chaos.live import Speech, ended, similarity, without_text


def test_sound_is_divided() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(range(250)) * 20)
    speech = Speech.of(file.getvalue())
    assert (speech.rate, speech.channels) == (8000, 1)
    assert [len(chunk) for chunk in speech.chunks] == [4000, 1000]
    assert b"".join(speech.chunks) == bytes(range(250)) * 20


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Good morning, everybody.", 1.0),
        ("good everybody", 2 / 3),
        ("good morning everybody good morning everybody", 0.5),
        ("", 0.0),
    ],
)
def test_lost_and_repeated_words_lower_the_similarity(text: str, share: float) -> None:
    assert similarity(text, "good morning everybody") == pytest.approx(share)


async def _session(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"


async def test_a_session_may_last_as_long_as_faults_do() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(0.2, stopping.set)
    assert await ended(_session(0.1), stopping, patience=0.01) == "done"
    assert await ended(_session(0.3), stopping, patience=5.0) == "done"


async def test_a_session_ends_soon_after_the_faults() -> None:
    stopping = asyncio.Event()
    stopping.set()
    with pytest.raises(TimeoutError):
        await ended(_session(60.0), stopping, patience=0.05)


@pytest.mark.parametrize(
    ("notices", "awaited"),
    [
        ([], False),
        (["no_recognizer"], True),
        (["recognizers_busy", "chunks_missing"], True),
        (["no_recognizer", "recognizing"], False),
        (["recognizing", "no_recognizer"], True),
    ],
)
def test_text_is_awaited_after_a_notice(notices: list[str], awaited: bool) -> None:
    state = False
    for notice in notices:
        state = without_text(notice, state)
    assert state is awaited
