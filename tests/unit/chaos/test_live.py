import io
import wave

import pytest

from tests.chaos.live import Speech, similarity


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
