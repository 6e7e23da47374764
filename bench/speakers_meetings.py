"""End-to-end recognition over a sequence of recordings, with the real diarizer.

    python -m bench.speakers_meetings [--data DIR] [--write FILE]

Meetings are composed from the speech of people in DIR, in pairs. In the first meeting of a pair,
three new people talk and are named afterwards. In the second, under other recording conditions, two
of them return with a stranger. Profiles accumulate, so later meetings run against more of them.
Recordings with reference turns are then cut in two and treated in the same way: those in DIR, and
the telephone sample of pyannote.audio. All people are held out from the voice space.
"""

import argparse
import io
import wave
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.recordings import in_directory, sample
from bench.speakers_conditions import CONDITIONS, SAMPLE_RATE, TELEPHONE, Samples
from bench.speakers_corpus import MODEL, arguments, load
from bench.speakers_fit import fit
from bench.speakers_report import WRITE_HELP, replace_part, table
from common.audio.decoding import read_window
from common.models.store import EMBEDDED_DIARIZATION, EmbeddedDiarization, ModelStore
from speakers.domain.matching import Candidate, Match, MatchPolicy, Outcome, ScoredVoice, match
from speakers.domain.prototype import Sample, summarize
from speakers.domain.voice_space import VoiceSpace, VoiceSpaces, similarity
from speakers.domain.voiceprint import VoiceModel, Voiceprint

_PAIRS = 8
_TURN_SECONDS = (2.5, 6.0)
_ROUNDS = 3
_LEAST_SHARE = 0.5
_DIMENSION = 192

Spoken = tuple[float, float, str]


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A recording with its turns (start, end, name), in seconds."""

    sound: Samples
    turns: tuple[Spoken, ...]


class KnownVoices:
    """Profiles of the service without a database."""

    def __init__(self, space: VoiceSpace) -> None:
        self._space = space
        self._names: list[str] = []
        self._ledger: dict[str, list[Sample]] = {}

    @property
    def names(self) -> list[str]:
        """Names of all profiles, in order of creation."""
        return list(self._names)

    def learn(self, name: str, voiceprint: Voiceprint) -> None:
        """Add an observation to the profile with a name."""
        if name not in self._ledger:
            self._names.append(name)
        sample = Sample(vector=voiceprint.vector, seconds=voiceprint.seconds)
        self._ledger.setdefault(name, []).append(sample)

    def recognize(self, voices: dict[str, Voiceprint]) -> dict[str, tuple[Match, str]]:
        """Return the match per voice and the name of its profile, empty without one."""
        places = [summarize(self._ledger[name], self._space).place for name in self._names]
        scored = []
        for label, voiceprint in voices.items():
            own = self._space.place(voiceprint.vector)
            candidates = tuple(
                Candidate(
                    profile_id=number,
                    log_odds=self._space.log_odds.of(similarity(own, place)),
                )
                for number, place in enumerate(places, 1)
                if place is not None
            )
            scored.append(
                ScoredVoice(
                    label=label,
                    seconds=voiceprint.seconds,
                    candidates=candidates,
                    profiles=len(candidates),
                )
            )
        return {
            item.label: (item, self._names[item.profile_id - 1] if item.profile_id else "")
            for item in match(scored, MatchPolicy())
        }


class MeetingDiarizer:
    """Extracts voiceprints from meetings with the engine of the diarizer."""

    def __init__(self, models: Path) -> None:
        from diarizer.engines.protocol import DiarizationOptions  # noqa: PLC0415 - imports torch
        from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

        found = ModelStore(models).diarization(EMBEDDED_DIARIZATION)
        assert isinstance(found, EmbeddedDiarization)
        self._engine = load_embedded(found, PyannoteSettings())
        self._model = VoiceModel(name=MODEL, version=found.voice_version, dimension=_DIMENSION)
        self._options = DiarizationOptions()

    @property
    def bundled_space(self) -> VoiceSpace:
        """Voice space of the service. It was not fitted on the people in the sample."""
        return VoiceSpaces.load().of(self._model)

    def voices(self, meeting: Meeting) -> dict[str, Voiceprint]:
        """Return the voices of a recording, keyed by the true names of their speakers.

        A voice belongs to the person who speaks most during its turns. If a person has several
        voices, the one with the most speech counts.
        """
        found = self._engine.diarize(
            _wav(meeting.sound),
            self._options,
            on_progress=_ignore,
            cancelled=lambda: False,
        )
        voices: dict[str, Voiceprint] = {}
        for speaker in found.speakers:
            taken = speaker.voiceprint
            spoken = [(t.start, t.end) for t in found.turns if t.speaker == speaker.label]
            name = _who(spoken, meeting.turns)
            if taken is None or not name:
                continue
            voiceprint = Voiceprint.of(
                taken.embedding,
                model=taken.model,
                version=taken.model_version,
                seconds=taken.speech_seconds,
            )
            if name not in voices or voices[name].seconds < voiceprint.seconds:
                voices[name] = voiceprint
        return voices


def main() -> None:
    """Process the meetings and print the figures."""
    parser = arguments("Measure recognition end to end.")
    parser.add_argument("--write", type=Path, help=WRITE_HELP)
    options = parser.parse_args()
    diarizer = MeetingDiarizer(options.models)
    people = _people(options.data)
    held = list(meetings(people)) if people else []
    long = dict(_with_turns(options.data))
    everybody = [*(meeting for pair in held for meeting in pair), *long.values()]
    space = _space_of_others(options, everybody) if people else diarizer.bundled_space
    rows = [_pairs(diarizer, space, held)] if held else []
    rows += [_cut_in_two(diarizer, space, name, meeting) for name, meeting in long.items()]
    heads = [
        "recordings", "known: correct", "known: missed", "known: wrong name", "stranger: unknown",
        "stranger: wrong name", "without a separate voice",
    ]  # fmt: skip
    text = table(heads, rows)
    print(text)
    if options.write:
        replace_part(options.write, "meetings", text)


def _pairs(
    diarizer: MeetingDiarizer, space: VoiceSpace, held: Sequence[tuple[Meeting, Meeting]]
) -> list[str]:
    """Return the row of the table for pairs of meetings."""
    tally: Counter[str] = Counter()
    known = KnownVoices(space)
    for first, second in held:
        for name, voiceprint in diarizer.voices(first).items():
            known.learn(name, voiceprint)
        _count(known, diarizer.voices(second), {name for *_, name in second.turns}, tally)
    return _row(f"{len(held)} pairs of meetings; profiles: up to {len(known.names)}", tally)


def _cut_in_two(
    diarizer: MeetingDiarizer, space: VoiceSpace, title: str, meeting: Meeting
) -> list[str]:
    """Name all but one voice of the first half, recognize the second, and return the row."""
    early, late = _halves(meeting)
    tally: Counter[str] = Counter()
    known = KnownVoices(space)
    voices = list(diarizer.voices(early).items())
    for name, voiceprint in voices[:-1] or voices:
        known.learn(name, voiceprint)
    _count(known, diarizer.voices(late), {name for *_, name in late.turns}, tally)
    return _row(f"{title} cut in two; profiles: {len(known.names)}", tally)


def _space_of_others(options: argparse.Namespace, held: Sequence[Meeting]) -> VoiceSpace:
    """Fit a voice space on people who take part in none of the meetings."""
    corpus = load(options)
    present = {name for meeting in held for *_, name in meeting.turns}
    return fit(corpus, [name for name in corpus.speakers if name not in present])


def meetings(people: dict[str, list[Samples]]) -> Iterator[tuple[Meeting, Meeting]]:
    """Yield pairs of meetings. The second is recorded under another condition."""
    random = np.random.default_rng(0)
    # Everybody speaks in one pair of meetings only.
    waiting = [str(name) for name in random.permutation(sorted(people))]
    conditions = [name for name in CONDITIONS if name != TELEPHONE]
    for number in range(_PAIRS):
        group, waiting = waiting[:4], waiting[4:]
        halves = [[_half(people[name], part) for name in group] for part in (0, 1)]
        early = _talk(group[:3], halves[0][:3], random)
        late = _talk([*group[:2], group[3]], [*halves[1][:2], halves[1][3]], random)
        condition = CONDITIONS[conditions[number % len(conditions)]]
        yield early, Meeting(sound=condition(late.sound, random), turns=late.turns)


def _talk(names: Sequence[str], sounds: Sequence[Samples], random: np.random.Generator) -> Meeting:
    """Compose a meeting in which everybody speaks in a few turns, while their speech lasts."""
    left = dict(zip(names, sounds, strict=True))
    parts: list[Samples] = []
    turns: list[Spoken] = []
    at = 0.0
    for _ in range(_ROUNDS):
        for name in random.permutation(np.array(names, dtype=str)):
            length = round(random.uniform(*_TURN_SECONDS) * SAMPLE_RATE)
            said, left[str(name)] = left[str(name)][:length], left[str(name)][length:]
            if len(said) < SAMPLE_RATE:
                continue
            pause = np.zeros(round(random.uniform(0.1, 0.6) * SAMPLE_RATE), dtype=np.float32)
            parts += [said, pause]
            turns.append((at, at + len(said) / SAMPLE_RATE, str(name)))
            at += (len(said) + len(pause)) / SAMPLE_RATE
    return Meeting(sound=np.concatenate(parts), turns=tuple(turns))


def _people(data: Path) -> dict[str, list[Samples]]:
    found: dict[str, list[Samples]] = {}
    for place in ("utterances", "strangers"):
        for file in sorted((data / place).glob("*.flac")):
            found.setdefault(file.name.split("-")[0], []).append(read_window(file, 0.0, 3600.0))
    # Shorter speech is not enough for two meetings.
    return {name: s for name, s in found.items() if sum(map(len, s)) >= 13 * SAMPLE_RATE}


def _half(sounds: Sequence[Samples], part: int) -> Samples:
    joined = np.concatenate(sounds)
    middle = len(joined) // 2
    return joined[:middle] if part == 0 else joined[middle:]


def _with_turns(data: Path) -> Iterator[tuple[str, Meeting]]:
    """Yield recordings with reference turns, with their titles in the table."""
    found = [("the telephone sample", sample())]
    if data.is_dir():
        found += [(f"the meeting {item.name}", item) for item in in_directory(data)]
    for title, recording in found:
        turns = recording.turns
        if turns:
            sound = read_window(recording.audio, 0.0, 24 * 3600.0)
            yield title, Meeting(sound=sound, turns=tuple((s, e, str(who)) for s, e, who in turns))


def _halves(meeting: Meeting) -> tuple[Meeting, Meeting]:
    middle = len(meeting.sound) / SAMPLE_RATE / 2
    cut = round(middle * SAMPLE_RATE)
    early = tuple((s, min(e, middle), who) for s, e, who in meeting.turns if s < middle)
    late = tuple(
        (max(0.0, s - middle), e - middle, who) for s, e, who in meeting.turns if e > middle
    )
    return (
        Meeting(sound=meeting.sound[:cut], turns=early),
        Meeting(sound=meeting.sound[cut:], turns=late),
    )


def _who(spoken: Sequence[tuple[float, float]], turns: Sequence[Spoken]) -> str:
    """Return the person with the most speech in these stretches, empty below half of the time."""
    shares: dict[str, float] = {}
    for start, end in spoken:
        for begin, stop, name in turns:
            overlap = max(0.0, min(end, stop) - max(start, begin))
            shares[name] = shares.get(name, 0.0) + overlap
    total = sum(end - start for start, end in spoken)
    name, share = max(shares.items(), key=lambda item: item[1], default=("", 0.0))
    return name if share >= _LEAST_SHARE * total else ""


def _count(
    known: KnownVoices, voices: dict[str, Voiceprint], present: set[str], tally: Counter[str]
) -> None:
    for name, (result, named) in known.recognize(voices).items():
        kind = "known" if name in known.names else "stranger"
        if result.outcome is Outcome.KNOWN:
            tally[f"{kind} {'right' if named == name else 'wrong'}"] += 1
        else:
            tally[f"{kind} {'missed' if kind == 'known' else 'unknown'}"] += 1
    tally["not heard"] += len(present - set(voices))


def _row(name: str, tally: Counter[str]) -> list[str]:
    kinds = ("known right", "known missed", "known wrong", "stranger unknown", "stranger wrong")
    return [name, *(str(tally[kind]) for kind in kinds), str(tally["not heard"])]


def _wav(sound: Samples) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    file.seek(0)
    return file


def _ignore(*_report: Any) -> None:
    """Discard progress reports."""


if __name__ == "__main__":
    main()
