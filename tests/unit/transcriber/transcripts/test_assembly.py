"""Assembly of transcripts from stage results."""

from common.audio.signals import ChannelMode, ChannelPlan, PlannedSignal, Signal
from common.times import duration
from securetranscribe.v1 import diarization_pb2, speech_pb2
from transcriber.domain.jobs import Failure, Stage, Task, TaskState
from transcriber.domain.transcripts import NameSource, Segment, TranscriptSpeaker
from transcriber.transcripts import assembly
from transcriber.transcripts.assembly import (
    NO_SPEAKERS_IN_CHANNELS,
    NO_SPEECH,
    AssembledTranscript,
    is_separate,
    keep_names,
)
from transcriber.transcripts.job_results import JobResults
from transcriber.transcripts.stage_results import read_diarization, read_recognition


def recognition(*words: tuple[str, float]) -> bytes:
    segment = speech_pb2.RecognizedSegment(
        text=" ".join(word for word, _ in words),
        language="en",
        words=[
            speech_pb2.RecognizedWord(
                text=word, start=duration(start), end=duration(start + 0.5), probability=0.5
            )
            for word, start in words
        ],
    )
    message = speech_pb2.Recognition(segments=[segment] if words else [], model="words")
    return message.SerializeToString()


def diarization(*turns: tuple[str, float, float]) -> bytes:
    messages = [
        diarization_pb2.Turn(start=duration(start), end=duration(end), speaker_label=label)
        for label, start, end in turns
    ]
    return diarization_pb2.Diarization(
        turns=messages,
        exclusive_turns=messages,
        speakers=[
            diarization_pb2.DiarizedSpeaker(
                speaker_label=label,
                speech_duration=duration(end - start),
                clean_turns=[diarization_pb2.Turn(start=duration(start), end=duration(end))],
            )
            for label, start, end in turns
        ],
        model="turns",
    ).SerializeToString()


def failed(message: str) -> list[Task]:
    return [
        Task(
            task_id="t",
            job_id="j",
            transcription_id=1,
            stage=Stage.DIARIZE,
            state=TaskState.FAILED,
            failure=Failure(code="DIARIZATION_ERROR", message=message),
        )
    ]


def assemble(
    tasks: list[Task], words: bytes, voices: bytes | None, plan: ChannelPlan | None = None
) -> AssembledTranscript:
    separate = is_separate(plan)
    results = JobResults(
        speech=read_recognition(words, separate=separate),
        voices=None if voices is None else read_diarization(voices, separate=separate),
    )
    return assembly.assemble(tasks, results, plan)


def test_speakers_get_the_voices_of_their_turns() -> None:
    found = assemble(
        [],
        recognition(("hello", 5.0), ("there", 0.0)),
        diarization(("Speaker_1", 4.0, 8.0), ("Speaker_2", 0.0, 2.0)),
    )
    assert [speaker.label for speaker in found.speakers] == ["Speaker_1", "Speaker_2"]
    # The first speaker is Speaker_1, whatever the diarizer's label.
    assert [speaker.clean for speaker in found.speakers] == [((0.0, 2.0),), ((4.0, 8.0),)]
    assert [speaker.speech_seconds for speaker in found.speakers] == [2.0, 4.0]
    assert (found.speech_model, found.diarization_model) == ("words", "turns")
    assert found.warnings == ()


def test_voice_without_words_is_no_speaker() -> None:
    found = assemble(
        [],
        recognition(("hello", 0.0)),
        diarization(("Speaker_1", 0.0, 2.0), ("Speaker_2", 5.0, 9.0)),
    )
    assert len(found.speakers) == 1


def test_failed_diarization_gives_one_speaker_and_warning_with_reason() -> None:
    found = assemble(failed("It broke."), recognition(("hello", 0.0), ("you", 9.0)), None)
    assert [speaker.label for speaker in found.speakers] == ["Speaker_1"]
    assert found.speakers[0].voiceprint is None
    (warning,) = found.warnings
    assert warning.endswith("Reason: It broke.")


def test_recording_whose_speakers_are_not_told_apart_has_one_and_no_warning() -> None:
    found = assemble([], recognition(("hello", 0.0), ("you", 9.0)), None)
    assert [speaker.label for speaker in found.speakers] == ["Speaker_1"]
    assert (found.warnings, found.diarization_model) == ((), "")


def plan(decided: ChannelMode) -> ChannelPlan:
    return ChannelPlan(
        requested=ChannelMode.AUTO,
        decided=decided,
        reason="Because.",
        signals=tuple(PlannedSignal(signal=Signal(), description=f"{n}") for n in range(2)),
    )


def two_signals() -> tuple[bytes, bytes]:
    """Return stage results of two people who speak at once."""
    words = speech_pb2.Recognition()
    voices = diarization_pb2.Diarization()
    for number, text in enumerate(("hello", "good day")):
        words.segments.extend(speech_pb2.Recognition.FromString(recognition((text, 0.2))).segments)
        words.segments[-1].signal_index = number
        voices.MergeFromString(diarization((f"Speaker_{number + 1}", 0.0, 2.0)))
        voices.speakers[-1].signal_index = number
    return words.SerializeToString(), voices.SerializeToString()


def test_separate_signals_are_channels() -> None:
    found = assemble([], *two_signals(), plan(ChannelMode.SEPARATE))
    assert [(item.channel, item.text) for item in found.transcript.segments] == [
        (1, "hello"),
        (2, "good day"),
    ]
    assert [(item.channel, item.speech_seconds) for item in found.speakers] == [(1, 2.0), (2, 2.0)]


def test_mix_has_no_channels() -> None:
    words, voices = recognition(("hello", 0.0)), diarization(("Speaker_1", 0.0, 2.0))
    for mixed in (plan(ChannelMode.MIX), None):
        found = assemble([], words, voices, mixed)
        assert [item.channel for item in found.transcript.segments] == [0]
        assert [item.channel for item in found.speakers] == [0]


def test_without_diarization_each_channel_is_a_speaker() -> None:
    words, _ = two_signals()
    found = assemble(failed("It broke."), words, None, plan(ChannelMode.SEPARATE))
    assert [item.channel for item in found.speakers] == [1, 2]
    assert found.warnings == (NO_SPEAKERS_IN_CHANNELS.format("It broke."),)


def test_silence_gives_warning() -> None:
    assert assemble([], recognition(), diarization()).warnings == (NO_SPEECH,)
    assert assemble(failed("It broke."), recognition(), None).warnings == (NO_SPEECH,)


def test_warnings_of_both_stages_appear_once() -> None:
    heard = speech_pb2.Recognition(warnings=["One sample was damaged."])
    told_apart = diarization_pb2.Diarization(warnings=["One sample was damaged.", "It hums."])

    found = assemble([], heard.SerializeToString(), told_apart.SerializeToString())

    assert found.warnings == ("One sample was damaged.", "It hums.", NO_SPEECH)


def speaker(number: int, name: str = "", source: NameSource = NameSource.NONE) -> TranscriptSpeaker:
    return TranscriptSpeaker(
        label=f"Speaker_{number}",
        segment_count=1,
        total_duration=1.0,
        average_confidence=1.0,
        name=name,
        name_source=source,
        speaker_id=number if name else 0,
        match_confidence=1.0 if name else 0.0,
    )


def segment(label: str, start: float, end: float) -> Segment:
    return Segment(label=label, text="", start=start, end=end, confidence=1.0, language="en")


def test_assigned_names_are_kept_and_suggestions_are_not() -> None:
    old = [
        speaker(1, "Ada", NameSource.CONFIRMED),
        speaker(2, "Bob", NameSource.SUGGESTED),
    ]
    old_segments = [segment("Speaker_1", 0, 5), segment("Speaker_2", 5, 9)]
    new_segments = [segment("Speaker_1", 5, 9), segment("Speaker_2", 0, 5)]
    kept = keep_names([speaker(1), speaker(2)], new_segments, old, old_segments)
    assert [item.name for item in kept] == ["", "Ada"]
    assert (kept[1].name_source, kept[1].speaker_id) == (NameSource.CONFIRMED, 1)


def test_speakers_without_earlier_names_stay_unnamed() -> None:
    new = [speaker(1)]
    assert keep_names(new, [segment("Speaker_1", 0, 1)], [speaker(1)], []) == tuple(new)
