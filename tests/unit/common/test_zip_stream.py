import io
import zipfile
from datetime import UTC, datetime

from common.zip_stream import ZipStream


def test_members_can_be_read_back() -> None:
    archive = ZipStream(moment=datetime(2026, 11, 1, 10, 0, 2, tzinfo=UTC))
    sound = bytes(range(256)) * 1000
    data = archive.begin("a.txt") + archive.write(b"one ") + archive.write(b"two") + archive.end()
    data += archive.begin("ü/b.bin", compressed=False, size=len(sound))
    data += archive.write(sound) + archive.end() + archive.finish()
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        assert found.namelist() == ["a.txt", "ü/b.bin"]
        assert found.read("a.txt") == b"one two"
        assert found.read("ü/b.bin") == sound
        assert found.getinfo("ü/b.bin").compress_type == zipfile.ZIP_STORED
        assert found.getinfo("a.txt").date_time == (2026, 11, 1, 10, 0, 2)


def test_bytes_are_returned_as_they_are_written() -> None:
    archive = ZipStream()
    archive.begin("big", compressed=False)
    for _ in range(10):
        assert len(archive.write(bytes(50_000))) >= 50_000


def test_members_of_more_than_two_gigabytes_are_prepared_for() -> None:
    archive = ZipStream()
    data = archive.begin("big", compressed=False, size=3 << 30) + archive.write(b"x")
    data += archive.end() + archive.finish()
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.read("big") == b"x"
    # The extra field of the header before the member: 8 bytes per size (ZIP64). Its version would
    # tell too, but Python 3.11.2 leaves that at 2.0.
    name_length = int.from_bytes(data[26:28], "little")
    assert int.from_bytes(data[30 + name_length : 32 + name_length], "little") == 1
