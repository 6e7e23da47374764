"""Recognition engine without a model that hears recordings, for tests of playback copies."""

from collections.abc import Callable

from common.audio.resampling import SAMPLE_RATE
from common.audio.signals import AudioSource
from common.audio.windows import windows
from common.engines import Progress
from tests.unit.transcriber.worker.fakes import FakeEngine
from transcriber.worker.engines.protocol import Recognition, RecognitionOptions


class ListeningEngine(FakeEngine):
    """Decodes like a real engine. `between` is called after each window."""

    between: Callable[[], None] = staticmethod(lambda: None)

    def recognize(
        self,
        source: AudioSource,
        options: RecognitionOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Recognition:
        """Hear the whole source and return the same words for any."""
        heard = 0
        for window in windows(source, duration=0.0, longest=20.0):
            heard += len(window.samples)
            self.between()
        on_progress(0.5, f"Heard {heard / SAMPLE_RATE:.0f} s")
        return self._answer(options)
