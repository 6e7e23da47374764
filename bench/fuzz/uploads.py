"""Uploads of mutated recordings of the corpus."""

from collections.abc import Sequence
from random import Random

import httpx2

from bench.fuzz import mutations, texts
from bench.fuzz.oracle import Book
from bench.fuzz.target import Target
from tests.recordings.corpus import CASES

KIND = "uploads"
#: Files of many containers and codecs that are made quickly.
FILES = (
    "s16_8k.wav",
    "mulaw.wav",
    "adpcm_ima.wav",
    "s16.aiff",
    "alac.caf",
    "s16.flac",
    "opus.ogg",
    "vorbis.ogg",
    "aac.m4a",
    "phone.amr",
    "mp3_16k.mp3",
    "adts_16k.aac",
    "aac.ts",
    "opus.mka",
    "s16.w64",
)
_LONGEST = 150_000
_ENDINGS = ("wav", "mp3", "m4a", "flac", "ogg", "webm", "mp4", "aac", "aiff", "amr", "exe", "")
#: One of so many uploads is also processed if it is accepted.
PROCESSED = 40


def corpus(most: int = len(FILES)) -> list[tuple[str, bytes]]:
    """Return names and contents of recordings."""
    return [(name, CASES[name].make()[:_LONGEST]) for name in FILES[:most]]


async def case(
    target: Target, book: Book, recordings: Sequence[tuple[str, bytes]], seed: str
) -> None:
    """Upload one mutated recording, and delete it if it is accepted."""
    random = Random(seed)
    name, content = random.choice(recordings)
    mutated = mutations.mutate(content, seed, [data for _, data in recordings], most=_LONGEST)
    stem = name.partition(".")[0] if random.random() < 0.7 else texts.text(random, most=80)
    ending = name.rpartition(".")[2] if random.random() < 0.8 else random.choice(_ENDINGS)
    started = random.randrange(PROCESSED) == 0
    filename = f"{stem}.{ending}"
    try:
        answer = await target.http.post(
            "/api/transcription/upload",
            headers=target.headers,
            data={"auto_start": str(started).lower()},
            files={"file": (filename, mutated, "application/octet-stream")},
        )
    except httpx2.HTTPError as error:
        book.fault(KIND, seed, f"no answer: {error!r}")
        return
    book.http(KIND, seed, answer.status_code, answer.headers, answer.text, sent=filename)
    if answer.is_success and not started:
        await target.delete(answer.json()["data"]["transcription_id"])
