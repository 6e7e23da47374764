"""Scores of the outputs of systems against the references of recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.engines_words import TimedWord
from bench.languages_mixtures import words_of
from bench.metrics import (
    Turns,
    count_errors,
    diarization_errors,
    give_words_to_speakers,
    normalize,
    speaker_word_errors,
)
from bench.quality.corpus import Case
from bench.quality.measures import (
    Normalize,
    invented_words,
    jaccard_error_rate,
    silence,
    spread,
    timed_speaker_word_errors,
    word_times,
)

#: Scores are error rates in percent, unless their name says otherwise.
Scores = dict[str, float]
_HOUR = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """Words by speaker, in order of time, and turns. Both may be None."""

    words: Sequence[tuple[TimedWord, str]] | None
    turns: Turns | None


def heard_by_product(words: Mapping[str, Any] | None, turns: Mapping[str, Any] | None) -> Heard:
    """Join the outputs of both stages as the transcriber does."""
    # The contracts take a second to load.
    from transcriber.transcripts.merge import merge  # noqa: PLC0415
    from transcriber.transcripts.stage_results import (  # noqa: PLC0415
        DiarizedSpeech,
        read_diarization,
        read_recognition,
    )

    voices = read_diarization(bytes.fromhex(turns["message"])) if turns else DiarizedSpeech()
    found = tuple((turn.start, turn.end, turn.speaker) for turn in voices.turns)
    if words is None:
        return Heard(words=None, turns=found)
    speech = read_recognition(bytes.fromhex(words["message"]))
    transcript = merge(speech.words, exclusive_turns=voices.exclusive_turns, turns=voices.turns)
    said = [
        (TimedWord(text=word.text, start=word.start, end=word.end), segment.label)
        for segment in transcript.segments
        for word in segment.words
    ]
    said.sort(key=lambda one: one[0].start)
    return Heard(words=said, turns=found if turns else None)


def heard_by_script(words: Mapping[str, Any] | None, turns: Mapping[str, Any] | None) -> Heard:
    """Give each word to the speaker with the largest overlap."""
    found = tuple((start, end, str(name)) for start, end, name in turns["turns"]) if turns else None
    if words is None:
        return Heard(words=None, turns=found)
    said = []
    for start, end, text in words["words"]:
        speaker = next(iter(give_words_to_speakers([(start, end, text)], found or ())))
        said.append((TimedWord(text=text, start=start, end=end), speaker))
    return Heard(words=said, turns=found)


def scores(case: Case, heard: Heard) -> Scores:
    """Return the scores of a recording, limited to those with a reference."""
    found: Scores = {}
    if heard.words is not None:
        found |= _words(case, heard.words, with_speakers=heard.turns is not None)
    turns = case.recording.turns
    if heard.turns is not None and turns:
        errors = diarization_errors(turns, heard.turns)
        found["der"] = 100 * errors.rate
        found["confusion"] = 100 * errors.confusion / errors.total
        found["jer"] = 100 * jaccard_error_rate(turns, heard.turns)
        found["speakers_found"] = len({name for _, _, name in heard.turns})
        found["speakers_present"] = len({name for _, _, name in turns})
        found["speakers_wrong"] = abs(found["speakers_found"] - found["speakers_present"])
    return found


def _words(case: Case, said: Sequence[tuple[TimedWord, str]], *, with_speakers: bool) -> Scores:
    plain = _normalizer(case)
    recording = case.recording
    words = [part for word, _ in said for part in _parts(word, plain)]
    spoken = recording.turns or tuple((one.start, one.end, "") for one in recording.utterances)
    found: Scores = {
        "silence_seconds": silence(spoken, case.seconds),
        "invented_words": invented_words(spoken, words, case.seconds),
    }
    if not recording.utterances:
        return found
    errors = count_errors(plain(recording.text), [word.text for word in words])
    found |= {"wer": 100 * errors.rate, "words": errors.words}
    utterances = [spread(one.text, one.start, one.end, plain) for one in recording.utterances]
    times = word_times(utterances, words, case.seconds)
    if times is not None:
        found |= {"edge_median_ms": 1000 * times.median, "edge_p90_ms": 1000 * times.most}
        if times.drift is not None:
            found["drift_ms"] = 1000 * times.drift
    if with_speakers and recording.turns:
        found |= _per_speaker(case, said, utterances, plain)
    return found


def _per_speaker(
    case: Case,
    said: Sequence[tuple[TimedWord, str]],
    utterances: Sequence[Sequence[TimedWord]],
    plain: Normalize,
) -> Scores:
    texts: dict[str, list[str]] = {}
    timed: dict[str, list[TimedWord]] = {}
    for word, speaker in said:
        texts.setdefault(speaker, []).append(word.text)
        timed.setdefault(speaker, []).extend(_parts(word, plain))
    reference: dict[str, list[TimedWord]] = {}
    for one, words in zip(case.recording.utterances, utterances, strict=True):
        reference.setdefault(one.speaker, []).extend(words)
    joined = {speaker: " ".join(parts) for speaker, parts in texts.items()}
    errors = speaker_word_errors(case.recording.text_by_speaker, joined)
    return {
        "cpwer": 100 * errors.rate,
        "tcpwer": 100 * timed_speaker_word_errors(reference, timed).rate,
    }


def _normalizer(case: Case) -> Normalize:
    if case.language == "en":
        return normalize
    return lambda text: words_of(text, case.language or "")


def _parts(word: TimedWord, plain: Normalize) -> list[TimedWord]:
    """Return the normalized words of a word, all with its times."""
    return [TimedWord(text=text, start=word.start, end=word.end) for text in plain(word.text)]


def over(cases: Sequence[Case], found: Mapping[str, Scores], name: str) -> float | None:
    """Return the mean of a score over recordings, weighted by their words or speech."""
    weighted = [
        (found[case.name][name], found[case.name].get("words", 0.0) or _speech(case))
        for case in cases
        if name in found.get(case.name, {})
    ]
    weight = sum(one for _, one in weighted)
    return sum(value * one for value, one in weighted) / weight if weight else None


def invented_per_hour(found: Sequence[Scores]) -> float | None:
    """Return the invented words per hour without speech."""
    seconds = sum(one.get("silence_seconds", 0.0) for one in found)
    words = sum(one.get("invented_words", 0.0) for one in found)
    return words * _HOUR / seconds if seconds else None


def _speech(case: Case) -> float:
    return sum(end - start for start, end, _ in case.recording.turns)
