"""Recordings whose quality is measured, from public sources.

The telephone call of pyannote.audio and the sounds without speech need no further files. `DATA` has
the meeting, read English of LibriSpeech (`utterances`, `utterances.json`, `strangers`) and excerpts
of AMI. Telephone prompts in other languages are fetched from Debian (`bench.languages_voices`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.languages_voices import Saying, level, prompts, trimmed
from bench.quality.conversations import Piece, Plan, compose, readers, strangers
from bench.quality.nonspeech import sounds
from bench.recordings import Recording, Utterance, in_directory, sample, turns_in, write_wav
from bench.speakers_conditions import low_noise, room, telephone, with_noise
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples

_DAY = 24 * 3600.0

#: Read English with its text: numbers of people, and shares of overlap.
_READERS = (
    Plan(name="2 people, 10 % overlap", people=2, overlap=0.1, seconds=60, seed=2),
    Plan(name="3 people, no overlap", people=3, overlap=0.0, seconds=60, seed=3),
    Plan(name="3 people, 20 % overlap", people=3, overlap=0.2, seconds=60, seed=4),
    Plan(name="3 people, 40 % overlap", people=3, overlap=0.4, seconds=60, seed=5),
    Plan(name="4 people, 10 % overlap", people=4, overlap=0.1, seconds=60, seed=6),
    Plan(name="5 people, 10 % overlap", people=5, overlap=0.1, seconds=60, seed=7),
)
#: The one that is also heard under other conditions.
_BASE = Plan(name="3 people, 10 % overlap", people=3, overlap=0.1, seconds=60, seed=8)
#: Voices that are alike by their embeddings: cosines of at least 0.52.
_ALIKE = ("198", "226", "2910")
#: Read English without a text, only for diarization.
_STRANGERS = (
    Plan(name="6 people", people=6, overlap=0.1, seconds=150, seed=11, longest=4.5),
    Plan(name="7 people", people=7, overlap=0.1, seconds=150, seed=12, longest=4.5),
    Plan(name="8 people", people=8, overlap=0.1, seconds=150, seed=13, longest=4.5),
    Plan(name="8 people, 30 % overlap", people=8, overlap=0.3, seconds=150, seed=14, longest=4.5),
    Plan(name="4 people, turns up to 1.5 s", people=4, overlap=0.1, seconds=90, seed=15, longest=1),
    Plan(name="3 similar voices", people=3, overlap=0.1, seconds=90, seed=16, longest=4.5,
         voices=_ALIKE),
)  # fmt: skip
_PROMPT_SECONDS = 40.0
_NONSPEECH_SECONDS = 30.0

Condition = Callable[[Samples, np.random.Generator], Samples]
CONDITIONS: Mapping[str, Condition] = {
    "telephone": telephone,
    "noise 20 dB": lambda sound, random: with_noise(sound, low_noise(len(sound), random), 20),
    "noise 10 dB": lambda sound, random: with_noise(sound, low_noise(len(sound), random), 10),
    "noise 5 dB": lambda sound, random: with_noise(sound, low_noise(len(sound), random), 5),
    "reverberation": room,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A recording with its group in the report.

    `language` is given to the recognizer, None to detect it. In an `excerpt`, groups of recordings
    are too short for figures of their own. `overlap` is the share of speech in which several people
    speak at once.
    """

    group: str
    recording: Recording
    seconds: float
    language: str | None = "en"
    overlap: float | None = None

    @property
    def name(self) -> str:
        """Name of the recording."""
        return self.recording.name

    @property
    def words(self) -> bool:
        """Whether words are recognized. In sounds without speech, all of them are invented."""
        return bool(self.recording.utterances) or self.group == NO_SPEECH


NO_SPEECH = "no speech"
AMI = "AMI excerpts"


def cases(work: Path, data: Path | None) -> list[Case]:
    """Return all recordings, writing those that are composed to `work`."""
    work.mkdir(parents=True, exist_ok=True)
    found = [_whole(sample(), "recordings"), *_without_speech(work, _NONSPEECH_SECONDS)]
    if data is None:
        return found
    found += [_whole(one, "recordings") for one in in_directory(data)]
    found += [*_composed(work, data), *_prompts(work), *_excerpts(data)]
    return found


def small(work: Path) -> list[Case]:
    """Return recordings that need no further files and take little time."""
    work.mkdir(parents=True, exist_ok=True)
    call = _whole(sample(), "recordings")
    sound = read_window(call.recording.audio, 0.0, _DAY)
    return [
        call,
        *_conditioned(work, call, sound, ("noise 10 dB",)),
        *_without_speech(work, 10.0),
    ]


def _whole(recording: Recording, group: str) -> Case:
    sound = read_window(recording.audio, 0.0, _DAY)
    return Case(group=group, recording=recording, seconds=len(sound) / SAMPLE_RATE)


def _without_speech(work: Path, seconds: float) -> Iterator[Case]:
    for name, sound in sounds(seconds).items():
        yield Case(
            group=NO_SPEECH,
            recording=Recording(
                name=name, audio=_written(work, name, sound), utterances=(), turns=()
            ),
            seconds=seconds,
        )


def _composed(work: Path, data: Path) -> Iterator[Case]:
    texts = readers(data)
    for plan in (*_READERS, _BASE):
        yield from _conversation(work, "read English", plan, texts)
    base = compose(_BASE, texts)
    call = next(_conversation(work, "conditions", _BASE, texts))
    yield from _conditioned(work, call, base.samples, tuple(CONDITIONS))
    for plan in _STRANGERS:
        yield from _conversation(work, "speakers", plan, strangers(data, plan.longest))


def _conversation(
    work: Path, group: str, plan: Plan, people: Mapping[str, list[Piece]]
) -> Iterator[Case]:
    made = compose(plan, people)
    yield Case(
        group=group,
        recording=Recording(
            name=plan.name,
            audio=_written(work, plan.name, made.samples),
            utterances=made.utterances,
            turns=made.turns,
        ),
        seconds=len(made.samples) / SAMPLE_RATE,
        overlap=made.overlap,
    )


def _conditioned(work: Path, case: Case, sound: Samples, names: Iterable[str]) -> Iterator[Case]:
    """Yield a recording under other conditions."""
    for number, name in enumerate(names):
        heard = CONDITIONS[name](sound, np.random.default_rng([41, number]))
        full = f"{case.name}, {name}"
        audio = _written(work, full, heard)
        yield replace(
            case, group="conditions", recording=replace(case.recording, name=full, audio=audio)
        )


def _prompts(work: Path) -> Iterator[Case]:
    """Yield telephone prompts, and one recording in four languages."""
    parts: list[tuple[str, list[Saying]]] = []
    for number, language in enumerate(("es", "fr", "it", "ru")):
        known = [one for one in prompts(language) if not any(map(str.isdigit, one.text))]
        random = np.random.default_rng([51, number])
        order = [known[index] for index in random.permutation(len(known))]
        chosen: list[Saying] = []
        while order and sum(one.seconds for one in chosen) < _PROMPT_SECONDS:
            chosen.append(order.pop())
        parts.append((language, [order.pop() for _ in range(4)]))
        yield _said(work, f"prompts, {language}", chosen, language)
    several = [one for _, sayings in parts for one in sayings]
    yield _said(work, "prompts, es fr it ru", several, None)


def _said(work: Path, name: str, sayings: list[Saying], language: str | None) -> Case:
    gap = np.zeros(round(0.6 * SAMPLE_RATE), np.float32)
    pieces: list[Samples] = []
    utterances: list[Utterance] = []
    at = 0
    for one in sayings:
        sound = level(trimmed(one.samples))
        end = at + len(sound)
        utterances.append(
            Utterance(
                start=at / SAMPLE_RATE, end=end / SAMPLE_RATE, speaker=one.language, text=one.text
            )
        )
        pieces += [sound, gap]
        at = end + len(gap)
    sound = np.concatenate(pieces)
    return Case(
        group="other languages",
        recording=Recording(
            name=name, audio=_written(work, name, sound), utterances=tuple(utterances), turns=()
        ),
        seconds=len(sound) / SAMPLE_RATE,
        language=language,
    )


def _excerpts(data: Path) -> Iterator[Case]:
    """Yield the excerpts of AMI, which have turns and no text."""
    listed = data / "ami" / "train.rttm"
    for audio in sorted((data / "ami").glob("*.flac")):
        turns = tuple(turns_in(listed, audio.stem))
        recording = Recording(name=audio.stem, audio=audio, utterances=(), turns=turns)
        yield _whole(recording, AMI)


def _written(work: Path, name: str, sound: Samples) -> Path:
    path = work / f"{name.replace(' %', ' percent').replace(', ', '-').replace(' ', '_')}.wav"
    write_wav(str(path), np.asarray(sound, np.float32))
    return path
