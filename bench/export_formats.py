"""CPU time and memory of exporting a long transcript to each format.

    python -m bench.export_formats [--hours H] [--script en|ar|zh] [--json FILE]

Each format is rendered in a separate process in the same way as in the service: the transcript
arrives as protobuf messages, a document is built, and its chunks are consumed as they are produced.
Times are CPU seconds including helper processes, so other load on the machine matters little.
`service` is the peak resident set of the process, `helper` that of its largest child process, and
`sum` of both is an upper bound for a container.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc.aio  # noqa: F401  # the service has it loaded, so its memory counts

from exporter.conversion import DocumentBuilder
from exporter.document import Document
from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions
from exporter.summary.extractive import extract
from securetranscribe.v1 import transcription_pb2 as pb

WORDS_AN_HOUR = 10_000
LIMIT_MB = 200
_SECONDS_A_WORD = 3600 / WORDS_AN_HOUR
_BATCH = 200  # segments a message, as the transcriber sends them
_SYLLABLES = {
    "en": (
        "ka",
        "lo",
        "mi",
        "ter",
        "ing",
        "pro",
        "den",
        "sa",
        "vel",
        "or",
        "an",
        "ti",
        "con",
        "re",
    ),
    "ar": ("با", "تا", "سي", "لم", "نو", "را", "كي", "دو", "مي", "شا", "عر", "قل", "هم"),
    "zh": tuple("的一是不了人在有我他这中大来上国个到说们为子和你地出道也时年得就那要下"),
}
_LANGUAGES = {"en": "en", "ar": "ar", "zh": "zh"}


def responses(words: int, script: str) -> Iterator[pb.StreamTranscriptResponse]:
    """Yield a random transcript of `words` words by six people, equal for equal arguments."""
    dice = random.Random(3)
    lexicon = ["".join(dice.choices(_SYLLABLES[script], k=dice.randint(1, 3))) for _ in range(4000)]
    weights = [1 / rank for rank in range(1, len(lexicon) + 1)]
    length = words * _SECONDS_A_WORD
    head = pb.Transcription(transcription_id=1, language_detected=_LANGUAGES[script])
    head.file.filename = "Ten hours.mp3"
    head.file.duration.FromMilliseconds(round(length * 1000))
    for number in range(1, 7):
        head.speakers.add(speaker_label=f"Speaker_{number}", name=f"Person {number}")
    yield pb.StreamTranscriptResponse(transcription=head)

    said = index = 0
    response = pb.StreamTranscriptResponse()
    while said < words:
        count = min(dice.randint(3, 30), words - said)
        _add_segment(response.segments.add(), dice.choices(lexicon, weights, k=count), index, said)
        said, index = said + count, index + 1
        if len(response.segments) == _BATCH:
            yield response
            response = pb.StreamTranscriptResponse()
    yield response


def _add_segment(segment: pb.Segment, words: list[str], index: int, said: int) -> None:
    label = f"Speaker_{index % 6 + 1}"
    words[0] = words[0].capitalize()
    words[-1] += "."
    segment.index = index
    segment.speaker_label = label
    segment.text = " ".join(words)
    segment.confidence = 0.9
    segment.start.FromMilliseconds(round(said * _SECONDS_A_WORD * 1000))
    segment.end.FromMilliseconds(round((said + len(words)) * _SECONDS_A_WORD * 1000))
    for place, text in enumerate(words, start=said):
        word = segment.words.add(text=text, probability=0.9, speaker_labels=[label])
        word.start.FromMilliseconds(round(place * _SECONDS_A_WORD * 1000))
        word.end.FromMilliseconds(round((place + 1) * _SECONDS_A_WORD * 1000))


def build(words: int, script: str, *, with_words: bool) -> tuple[Document, float]:
    """Build the document from the stream. Return it and the CPU seconds used."""
    builder = DocumentBuilder()
    used = 0.0
    for response in responses(words, script):
        if not with_words:
            for segment in response.segments:
                segment.ClearField("words")
        started = time.process_time()
        builder.add(response)
        used += time.process_time() - started
    return builder.build(), used


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its finished child processes."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(name: str, words: int, script: str) -> dict[str, Any]:
    """Export once in this process. Return times in CPU seconds and memory in megabytes."""
    made = FORMATS[name]
    options = ExportOptions.of(made.options)
    document, read = build(words, script, with_words=made.uses_words)
    built = cpu_seconds()
    if options.needs_summary:
        document = replace(document, summary=extract(document))
    summarized = cpu_seconds()
    size = sum(len(chunk) for chunk in made.render(document, options))
    rendered = cpu_seconds()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    helper = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "format": name,
        "segments": len(document.segments),
        "read": read,
        "summary": summarized - built,
        "render": rendered - summarized,
        "bytes": size,
        "service": own,
        "helper": helper,
        "sum": own + helper,
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the export of a long transcript.")
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--script", choices=sorted(_SYLLABLES), default="en")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--one", choices=sorted(FORMATS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    words = round(arguments.hours * WORDS_AN_HOUR)
    if arguments.one:
        print(json.dumps(measure(arguments.one, words, arguments.script)))
        return

    print(f"{words} words ({arguments.hours:g} hours), script {arguments.script}, all options:")
    print(
        f"{'':6}{'read':>7}{'summary':>9}{'render':>8}{'size':>10}{'service':>9}{'helper':>8}{'sum':>7}"
    )
    results = []
    for name in FORMATS:
        command = [
            sys.executable, "-m", "bench.export_formats", "--one", name,
            "--hours", str(arguments.hours), "--script", arguments.script,
        ]  # fmt: skip
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        one = json.loads(done.stdout)
        results.append(one)
        print(
            f"{name:6}{one['read']:6.1f}s{one['summary']:8.1f}s{one['render']:7.1f}s"
            f"{one['bytes'] / 1e6:8.1f}MB{one['service']:7.0f}MB{one['helper']:6.0f}MB"
            f"{one['sum']:5.0f}MB{'' if one['sum'] <= LIMIT_MB else '  over the limit'}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2), encoding="utf-8")
    if any(one["sum"] > LIMIT_MB for one in results):
        sys.exit(f"Some formats exceeded {LIMIT_MB} MB.")


if __name__ == "__main__":
    main()
