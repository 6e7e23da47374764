import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

from exporter.zip_stream import zip_stream


def test_members_can_be_read_back() -> None:
    members = [("a.txt", [b"one ", b"two"]), ("ü/b.bin", [bytes(range(256)) * 1000])]
    data = b"".join(zip_stream(members, moment=datetime(2026, 11, 1, 10, 0, 2, tzinfo=UTC)))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.txt", "ü/b.bin"]
        assert archive.read("a.txt") == b"one two"
        assert archive.read("ü/b.bin") == bytes(range(256)) * 1000
        assert archive.getinfo("a.txt").date_time == (2026, 11, 1, 10, 0, 2)


def test_bytes_are_available_before_members_are_complete() -> None:
    made: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(50):
            made.append(number)
            yield bytes((number * 7 + place * 13) % 251 for place in range(20_000))

    stream = zip_stream([("big", chunks())])
    next(stream)
    assert len(made) < 50
    assert sum(map(len, stream)) > 0


def test_times_before_1980_become_1980() -> None:
    data = b"".join(zip_stream([("a", [b"x"])]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.getinfo("a").date_time[0] == 1980
