"""Buffers of pieces return the same bytes, however they arrived and are taken."""

import os
import random
import sys

import pytest

from common.piece_buffer import PieceBuffer


@pytest.mark.parametrize("seed", range(20))
def test_bytes_leave_in_order(seed: int) -> None:
    chance = random.Random(seed)
    data = os.urandom(100_000)
    buffer = PieceBuffer()
    taken = bytearray()
    place = 0
    while place < len(data) or len(buffer):
        size = chance.choice([0, 1, 7, 4095, 4096, 10_000])
        buffer.add(data[place : place + size])
        place = min(place + size, len(data))
        assert len(taken) + len(buffer) == place
        taken += buffer.take(chance.choice([0, 1, 500, 5000, 30_000]))
    assert bytes(taken) == data


def test_head_precedes_what_is_taken() -> None:
    buffer = PieceBuffer()
    buffer.add(b"abc")
    buffer.add(bytes(5000))
    assert buffer.take(4, head=b"head:") == b"head:abc\0"
    assert len(buffer) == 4999


def test_taking_from_an_empty_buffer() -> None:
    buffer = PieceBuffer()
    assert buffer.take(10) == b""
    assert buffer.take(10, head=b"h") == b"h"


def test_a_whole_piece_is_not_copied_before_it_leaves() -> None:
    piece = os.urandom(8192)
    before = sys.getrefcount(piece)
    buffer = PieceBuffer()
    buffer.add(piece)
    assert sys.getrefcount(piece) == before + 1


def test_many_tiny_pieces_take_little_more_than_their_bytes() -> None:
    buffer = PieceBuffer()
    for number in range(100_000):
        buffer.add(bytes([number % 251, 1]))
    assert len(buffer._pieces) == 1
    assert sys.getsizeof(buffer._pieces[0]) < 300_000


def test_tiny_pieces_may_follow_a_cut_one() -> None:
    buffer = PieceBuffer()
    buffer.add(b"abc")
    assert buffer.take(1) == b"a"
    buffer.add(b"de")
    assert buffer.take(10) == b"bcde"
