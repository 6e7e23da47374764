"""Unfinished work between two runs."""

import os
import time
from pathlib import Path

from securetranscribe.cli.journal import Entry, Journal

URL = "http://test/api"


def test_an_entry_is_found_by_another_run(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"sound")
    journal = Journal(tmp_path / "unfinished")
    key = journal.key(recording, URL, {"language": "en"})
    assert journal.find(key) is None
    entry = journal.note(key, Entry(path=str(recording)), upload_id="u1", token="secret")
    journal.note(key, entry, transcription_id=7)
    found = Journal(tmp_path / "unfinished").find(key)
    assert found == Entry(path=str(recording), upload_id="u1", token="secret", transcription_id=7)
    (path,) = (tmp_path / "unfinished").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    journal.remove(key)
    assert journal.find(key) is None


def test_other_bytes_options_and_servers_are_other_work(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"sound")
    journal = Journal(tmp_path / "unfinished")
    keys = [journal.key(recording, URL, {}), journal.key(recording, URL, {"language": "en"})]
    keys.append(journal.key(recording, "http://other/api", {}))
    recording.write_bytes(b"other sound")
    keys.append(journal.key(recording, URL, {}))
    assert len(set(keys)) == 4


def test_damaged_and_old_entries_do_no_harm(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    (tmp_path / "k.json").write_text("{ broken")
    assert journal.find("k") is None
    (tmp_path / "k.json").write_text('{"unknown": 1}')
    assert journal.find("k") is None
    month_ago = time.time() - 40 * 86_400
    os.utime(tmp_path / "k.json", (month_ago, month_ago))
    journal.note("new", Entry(path="a.wav"))
    journal.clean()
    assert [path.name for path in tmp_path.iterdir()] == ["new.json"]
