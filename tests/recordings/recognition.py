"""Words as the embedded model understands them."""

from typing import TYPE_CHECKING

from common.audio.signals import Sound
from transcriber.worker.engines.protocol import RecognitionOptions

if TYPE_CHECKING:
    from transcriber.worker.engines.faster_whisper import FasterWhisperEngine


def recognized(engine: "FasterWhisperEngine", sound: Sound) -> list[tuple[float, str]]:
    """Return the words with the seconds of their beginnings."""
    found = engine.recognize(
        sound,
        RecognitionOptions(language="en", beam_size=1),
        on_progress=lambda *_: None,
        cancelled=lambda: False,
    )
    return [(word.start, word.text) for word in found.words]
