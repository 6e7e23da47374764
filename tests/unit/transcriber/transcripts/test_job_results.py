"""Results of tasks, of whole recordings and of parts."""

import itertools

import numpy as np
import pytest

from common.times import duration
from securetranscribe.v1 import diarization_pb2, speech_pb2
from transcriber.domain.jobs import Failure, Stage, Task, TaskState
from transcriber.domain.parts import MARGIN, PART, Part
from transcriber.transcripts.job_results import read_results
from transcriber.transcripts.merge import merge

VOICES = {
    "Ada": np.eye(4, dtype=np.float32)[0],
    "Bo": np.eye(4, dtype=np.float32)[1],
}
#: Start, speaker and words of a conversation. Each word takes half a second.
SAID = (
    (2.0, "Ada", "good morning to all of you"),
    (30.0, "Bo", "thank you for the invitation"),
    (56.0, "Ada", "let us begin with the first point which is the budget of next year"),
    (80.0, "Bo", "it is too small"),
    (118.5, "Bo", "and that is true for both years I am afraid"),
    (150.0, "Ada", "we shall see"),
)


def words() -> list[tuple[float, str, str]]:
    return [
        (start + n * 0.5, who, word)
        for start, who, text in SAID
        for n, word in enumerate(text.split())
    ]


def recognition(start: float, end: float, *, copy: bool = True) -> bytes:
    """Return the recognition of the words between two times."""
    heard = [item for item in words() if start <= item[0] < end - 0.4]
    message = speech_pb2.Recognition(model="words", warnings=["It hums."])
    for _, group in itertools.groupby(heard, key=lambda item: item[1]):
        said = list(group)
        message.segments.add(
            text=" ".join(word for _, _, word in said),
            language="en",
            words=[
                speech_pb2.RecognizedWord(
                    text=word, start=duration(at), end=duration(at + 0.4), probability=0.9
                )
                for at, _, word in said
            ],
        )
    message.languages.add(language="en", start=duration(start), end=duration(end), probability=0.9)
    if copy:
        message.playback_copy.SetInParent()
    return message.SerializeToString()


def diarization(start: float, end: float) -> bytes:
    """Return the diarization between two times. Labels are by first appearance there."""
    labels: dict[str, str] = {}
    message = diarization_pb2.Diarization(model="turns", link_threshold=0.65)
    for begin, who, text in SAID:
        turn = (max(begin, start), min(begin + len(text.split()) * 0.5, end))
        if turn[0] >= turn[1]:
            continue
        label = labels.setdefault(who, f"Speaker_{len(labels) + 1}")
        for turns in (message.turns, message.exclusive_turns):
            turns.add(start=duration(turn[0]), end=duration(turn[1]), speaker_label=label)
    for who, label in labels.items():
        speaker = message.speakers.add(speaker_label=label, speech_duration=duration(10.0))
        speaker.voiceprint.CopyFrom(
            diarization_pb2.Voiceprint(
                values=VOICES[who], model="m", model_version="1", speech_duration=duration(10.0)
            )
        )
    return message.SerializeToString()


PARTS = (
    Part(start=0, end=60, number=0, count=3),
    Part(start=60, end=120, number=1, count=3),
    Part(start=120, end=180, number=2, count=3),
)


def task(stage: Stage, part: Part | None = None, state: TaskState = TaskState.DONE) -> Task:
    number = 0 if part is None else part.number
    return Task(
        task_id=f"{stage}-{number}",
        job_id="j",
        transcription_id=1,
        stage=stage,
        part=number,
        state=state,
        options={} if part is None else {PART: part.to_json()},
        result_key=f"1/{stage}-{number}.pb",
        failure=Failure(code="DIARIZATION_ERROR", message="It broke.")
        if state is TaskState.FAILED
        else None,
    )


def in_parts(failed: int | None = None) -> tuple[list[Task], dict[str, bytes]]:
    tasks: list[Task] = []
    results: dict[str, bytes] = {}
    # In any order.
    for part in (PARTS[1], PARTS[2], PARTS[0]):
        tasks += [
            task(Stage.TRANSCRIBE, part),
            task(
                Stage.DIARIZE,
                part,
                TaskState.FAILED if part.number == failed else TaskState.DONE,
            ),
        ]
        results[f"transcribe-{part.number}"] = recognition(*part.heard)
        results[f"diarize-{part.number}"] = diarization(*part.heard)
    return tasks, results


def test_parts_give_the_transcript_of_the_whole() -> None:
    whole = read_results(
        [task(Stage.TRANSCRIBE), task(Stage.DIARIZE)],
        {"transcribe-0": recognition(0, 180), "diarize-0": diarization(0, 180)},
        separate=False,
    )
    joined = read_results(*in_parts(), separate=False)
    assert joined.in_parts
    assert not whole.in_parts
    transcripts = []
    for results in (whole, joined):
        assert results.voices is not None
        transcripts.append(
            merge(
                results.speech.words,
                exclusive_turns=results.voices.exclusive_turns,
                turns=results.voices.turns,
            )
        )
    said = [
        [(segment.label, segment.text) for segment in transcript.segments]
        for transcript in transcripts
    ]
    assert said[0] == said[1]
    assert [text for _, text in said[0]] == [text for _, _, text in SAID]


def test_speakers_of_parts_are_the_same_persons() -> None:
    voices = read_results(*in_parts(), separate=False).voices
    assert voices is not None
    assert len(voices.voices) == 2
    for voice, vector in zip(voices.voices, VOICES.values(), strict=True):
        assert voice.voiceprint is not None
        assert voice.voiceprint.values == pytest.approx(vector)
        assert (voice.voiceprint.model, voice.voiceprint.model_version) == ("m", "1")


def test_a_language_spans_the_parts() -> None:
    (language,) = read_results(*in_parts(), separate=False).speech.languages
    assert (language.start, language.end) == (0.0, 180.0)
    assert language.probability == pytest.approx(0.9)


def test_warnings_appear_once() -> None:
    assert read_results(*in_parts(), separate=False).speech.warnings == ("It hums.",)


def test_a_failed_part_costs_only_its_own_speakers() -> None:
    results = read_results(*in_parts(failed=1), separate=False)
    assert results.voices is not None
    (warning,) = results.voices.warnings
    assert warning.startswith("Speakers could not be told apart between 0:01:00 and 0:02:00.")
    assert warning.endswith("Reason: It broke.")
    assert min(turn.start for turn in results.voices.turns) < 60
    assert max(turn.end for turn in results.voices.turns) > 140
    assert not [turn for turn in results.voices.turns if 60 + MARGIN < turn.start < 110]


@pytest.mark.parametrize(("limit", "found"), [(0, 2), (10, 2), (1, 1)])
def test_the_limits_of_the_worker_hold_for_the_whole(limit: int, found: int) -> None:
    tasks, results = in_parts()
    for name in list(results):
        if name.startswith("diarize"):
            message = diarization_pb2.Diarization.FromString(results[name])
            if PARTS[int(name[-1])].number == 1:
                # In this part both speak.
                assert len(message.speakers) == 2
            message.usual_speaker_limit = limit
            message.least_speech.CopyFrom(duration(2.0))
            results[name] = message.SerializeToString()
    voices = read_results(tasks, results, separate=False).voices
    assert voices is not None
    assert len(voices.voices) == found


def test_failed_parts_only_are_a_failed_stage() -> None:
    tasks, results = in_parts()
    of_speech = [one for one in tasks if one.stage is Stage.TRANSCRIBE]
    assert read_results(of_speech, results, separate=False).voices is None


def test_copies_are_in_order_and_complete() -> None:
    tasks, results = in_parts()
    copies = read_results(tasks, results, separate=False).copies
    assert [copy.result_key for copy in copies] == [f"1/transcribe-{n}.pb" for n in range(3)]
    results["transcribe-1"] = recognition(*PARTS[1].heard, copy=False)
    assert read_results(tasks, results, separate=False).copies == ()
