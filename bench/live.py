"""Live recognition at real time, next to plain loops.

    python -m bench.live --data DIR [--recording NAME] [--language en] [--seconds 120]
                         [--streams 1] [--alone]

Feeds recordings with a .stm file in DIR as if they were spoken now. Prints how long after the end
of each word it is shown and final, the word error rates of the drafts after two seconds, of the
final text and of the whole recording processed at once, and the processor time, of the product and
of plain loops in the same process, unless it is `--alone`: Whisper base and Moonshine, decoded
again every half second with LocalAgreement. The times of words are those of the product's engine
for the whole recording, so they carry its errors of about a tenth of a second.
"""

import argparse
import asyncio
import functools
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from bench import live_measures, live_plain
from bench.engines import load_engine
from bench.engines_words import TimedWord
from bench.live_measures import LiveText
from bench.metrics import word_errors
from bench.recordings import Recording, in_directory
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples
from common.inference import Inference
from common.models.manifest import FASTER_WHISPER, MOONSHINE
from common.times import seconds
from securetranscribe.v1 import speech_pb2
from transcriber.worker.engines.protocol import RecognitionOptions, RecognizedWord, SpeechEngine
from transcriber.worker.engines.windowed import WindowedEngine
from transcriber.worker.live.streams import LiveStreams
from transcriber.worker.recognizer import Recognizer

_CHUNK = SAMPLE_RATE // 10


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of recordings")
    parser.add_argument("--recording", default="", help="name of the only recording to feed")
    parser.add_argument("--language", default="en", help="language of the recordings")
    parser.add_argument("--seconds", type=float, default=120.0, help="length of each recording")
    parser.add_argument("--alone", action="store_true", help="without the plain loops")
    parser.add_argument("--streams", type=int, default=1, help="streams of the product at a time")
    chosen = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the beginning")
    whisper, moonshine = load_engine(FASTER_WHISPER), load_engine(MOONSHINE)
    assert isinstance(whisper, WindowedEngine)
    assert isinstance(moonshine, WindowedEngine)
    whisper.delegate(moonshine.specialist("en"))
    plain = {} if chosen.alone else {"plain loop of Whisper base": load_engine(FASTER_WHISPER)}
    if plain and chosen.language == "en":
        plain["of Moonshine"] = moonshine
    for recording in in_directory(chosen.data):
        if recording.utterances and chosen.recording in {"", recording.name}:
            _measure(recording, chosen, whisper, plain)


def _measure(
    recording: Recording,
    chosen: argparse.Namespace,
    whisper: WindowedEngine,
    plain: Mapping[str, SpeechEngine],
) -> None:
    length, streams, language = chosen.seconds, chosen.streams, chosen.language
    samples = read_window(recording.audio, 0.0, length)
    length = len(samples) / SAMPLE_RATE
    said = " ".join(one.text for one in recording.utterances if one.end <= length)
    words = decode(whisper, language, samples)
    whole = word_errors(said, " ".join(word.text for word in words))
    print(f"{recording.name}, {length:.0f} s: WER of the whole {100 * whole.rate:.1f} %")

    def show(name: str, text: LiveText, cpu: float) -> None:
        print(
            " ",
            live_measures.row(
                name, text, reference=said, words=words, seconds=length, cpu=cpu / length
            ),
            flush=True,
        )

    began = time.process_time()
    texts = asyncio.run(_product(whisper, language, samples, streams))
    cpu = (time.process_time() - began) / streams
    for number, text in enumerate(texts, 1):
        show(f"product, stream {number} of {streams}", text, cpu)
    for name, engine in plain.items():
        began = time.process_time()
        text = live_plain.run(samples, functools.partial(decode, engine, language))
        show(name, text, time.process_time() - began)


def decode(engine: SpeechEngine, language: str, samples: Samples) -> list[TimedWord]:
    """Return the words of sound, recognized at once."""
    found = engine.recognize_samples(
        samples, RecognitionOptions(language=language), cancelled=lambda: False
    )
    return _timed(found.words)


async def _product(
    engine: SpeechEngine, language: str, samples: Samples, streams: int
) -> list[LiveText]:
    """Feed the sound to several live streams at a time. Return their texts."""
    inference = Inference("bench")
    calls = min(streams, os.cpu_count() or 1)
    lane = inference.lane("live", at_once=calls, most=2 * streams)
    live = LiveStreams(Recognizer(engine, 5), lane, limit=streams, threads=calls)
    try:
        return list(
            await asyncio.gather(*(_stream(live, language, samples) for _ in range(streams)))
        )
    finally:
        inference.close()


async def _stream(live: LiveStreams, language: str, samples: Samples) -> LiveText:
    text, began = LiveText(), time.monotonic()
    async for response in live.recognize(_requests(language, samples, began)):
        words = [
            TimedWord(text=one.word.text, start=seconds(one.word.start), end=seconds(one.word.end))
            for one in response.words
        ]
        if response.final:
            text.add(time.monotonic() - began, words)
        elif words:
            text.add(time.monotonic() - began, (), words)
    return text


async def _requests(
    language: str, samples: Samples, began: float
) -> AsyncIterator[speech_pb2.StreamingRecognizeRequest]:
    yield speech_pb2.StreamingRecognizeRequest(
        streaming_config=speech_pb2.StreamingRecognitionConfig(
            config=speech_pb2.RecognitionConfig(language=language),
            encoding=speech_pb2.AUDIO_ENCODING_FLOAT32,
            sample_rate_hertz=SAMPLE_RATE,
            interim_results=True,
        )
    )
    for start in range(0, len(samples), _CHUNK):
        piece = samples[start : start + _CHUNK]
        spoken = began + (start + len(piece)) / SAMPLE_RATE
        await asyncio.sleep(max(0.0, spoken - time.monotonic()))
        audio = np.ascontiguousarray(piece, "<f4").tobytes()
        yield speech_pb2.StreamingRecognizeRequest(audio=audio)


def _timed(words: Sequence[RecognizedWord]) -> list[TimedWord]:
    return [TimedWord(text=word.text, start=word.start, end=word.end) for word in words]


if __name__ == "__main__":
    main()
