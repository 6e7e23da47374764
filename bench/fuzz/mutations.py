"""Seeded mutations of bytes. The same seed gives the same bytes."""

from collections.abc import Callable, Sequence
from random import Random

#: Values at the edges of integers of 1, 2, 4 and 8 bytes.
EDGES = tuple(
    value.to_bytes(size, "little")
    for size in (1, 2, 4, 8)
    for value in (0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1)
)
#: Beginnings of files of many kinds, some of which belong to no recording.
MAGIC = (
    b"RIFF\xff\xff\xff\xffWAVEfmt ",
    b"fLaC\x00\x00\x00\x22",
    b"OggS\x00\x02",
    b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
    b"\xff\xfb\x90\x64",
    b"\x1a\x45\xdf\xa3",
    b"\x00\x00\x00\x18ftypisom",
    b"FORM\x00\x00\x00\x00AIFF",
    b"#!AMR\n",
    b"PK\x03\x04",
    b"%PDF-1.7\n",
    b"<?xml version='1.0'?>",
    b"WEBVTT\n\n",
    b'{"segments": [',
    b"#EXTM3U\n",
)
_STEPS = (1, 1, 1, 2, 2, 3, 5, 8)
_LONGEST_BLOCK = 4096
Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]


def mutate(data: bytes, seed: int | str, others: Sequence[bytes] = (), *, most: int = 0) -> bytes:
    """Return changed bytes, at most `most` of them if that is not 0.

    `others` are inputs of the same kind, of which parts may be taken.
    """
    random = Random(seed)
    # Mostly few, so that much of what follows is still read.
    for _ in range(random.choice(_STEPS)):
        data = random.choice(MUTATIONS)(random, data, others)
    return data[:most] if most else data


def flip_bits(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Flip one to sixteen bits."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 16) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def overwrite_with_edge(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Replace some bytes, most often near the beginning, by the edge of an integer."""
    value = random.choice(EDGES)
    if random.random() < 0.5:
        value = value[::-1]
    at = random.randrange(min(len(data), 256) if random.random() < 0.7 and data else len(data) + 1)
    return data[:at] + value + data[at + len(value) :]


def delete_block(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Remove a block."""
    start, end = _block(random, data)
    return data[:start] + data[end:]


def repeat_block(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Repeat a block up to eight times."""
    start, end = _block(random, data)
    return data[:end] + data[start:end] * random.randint(1, 8) + data[end:]


def move_block(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Move a block to another place."""
    start, end = _block(random, data)
    rest = data[:start] + data[end:]
    at = random.randint(0, len(rest))
    return rest[:at] + data[start:end] + rest[at:]


def insert_noise(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Insert random bytes."""
    at = random.randint(0, len(data))
    return data[:at] + random.randbytes(random.randint(1, 512)) + data[at:]


def blank_block(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Overwrite a block with one byte."""
    start, end = _block(random, data)
    return data[:start] + bytes([random.choice((0, 0x20, 0x41, 0xFF))]) * (end - start) + data[end:]


def cut_end(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Keep only the beginning."""
    return data[: random.randint(0, len(data))]


def insert_magic(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Insert the beginning of another kind of file, or put it in front."""
    at = 0 if random.random() < 0.6 else random.randint(0, len(data))
    return data[:at] + random.choice(MAGIC) + data[at:]


def splice(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Continue with the end of another input."""
    if not others:
        return data
    other = random.choice(others)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    overwrite_with_edge,
    delete_block,
    repeat_block,
    move_block,
    insert_noise,
    blank_block,
    cut_end,
    insert_magic,
    splice,
)


def _block(random: Random, data: bytes) -> tuple[int, int]:
    """Return the start and the end of a block, mostly a short one."""
    start = random.randint(0, len(data))
    longest = min(len(data) - start, random.choice((4, 64, _LONGEST_BLOCK)))
    return start, start + random.randint(0, longest)
