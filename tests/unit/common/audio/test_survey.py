import io
import json

import numpy as np
import pytest

from common.audio.errors import NoAudioStreamError, UndecodableAudioError
from common.audio.resampling import SAMPLE_RATE
from common.audio.survey import Survey, survey
from tests.unit.common.audio import films, sounds
from tests.unit.common.audio.films import TrackOf


def test_tracks_are_described_as_they_decode() -> None:
    sound = sounds.noise(2.0, films.RATE)
    data = films.container(
        [
            TrackOf(samples=sound[None], metadata={"title": "Microphone", "language": "eng"}),
            TrackOf(samples=np.stack([sound] * 6), start=1.0, metadata={"title": "Track2"}),
        ],
        pictures=3.0,
    )
    first, second = survey(io.BytesIO(data)).tracks
    assert (first.title, first.language, first.channels, first.lfe) == ("Microphone", "eng", 1, ())
    assert (second.title, second.language, second.channels, second.lfe) == ("", "", 6, (3,))
    assert first.decodes
    assert second.decodes
    assert second.start - first.start == pytest.approx(1.0, abs=0.05)


def test_channels_are_measured_on_one_clock() -> None:
    sound = sounds.noise(8.0, films.RATE)
    sound[: 4 * films.RATE] = 0
    late = TrackOf(samples=sound[None, 4 * films.RATE :], start=4.0, codec="flac")
    data = films.container([TrackOf(samples=sound[None], codec="flac"), late])
    found = survey(io.BytesIO(data)).evidence
    assert found.seconds == pytest.approx(8.0, abs=0.2)
    assert found.channels[0].active == pytest.approx(found.channels[1].active, abs=0.2)
    assert found.channels[0].level == pytest.approx(found.channels[1].level, abs=0.5)
    assert found.complete


def test_long_recordings_are_measured_in_excerpts() -> None:
    sound = np.zeros((400 * SAMPLE_RATE, 2), dtype=np.float32)
    sound[-20 * SAMPLE_RATE :, 1] = sounds.noise(20.0, SAMPLE_RATE)
    found = survey(io.BytesIO(sounds.float_wav(sound))).evidence
    assert not found.complete
    assert found.seconds == pytest.approx(300.0, abs=2.0)
    assert found.channels[1].level > found.channels[0].level + 20


def test_survey_survives_json() -> None:
    data = sounds.float_wav(np.stack([sounds.noise(3.0, SAMPLE_RATE)] * 3, axis=1))
    found = survey(io.BytesIO(data))
    assert Survey.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_file_without_sound_has_no_survey() -> None:
    with pytest.raises(NoAudioStreamError):
        survey(io.BytesIO(sounds.video_without_sound()))
    with pytest.raises(UndecodableAudioError):
        survey(io.BytesIO(b"no recording at all"))
