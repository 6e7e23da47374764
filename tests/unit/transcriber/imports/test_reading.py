"""Detection of formats, and files that are none."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ValidationError
from transcriber.imports.content import ImportFormat
from transcriber.imports.reading import MOST_BYTES, read

_CUE = "1\n00:00:01,000 --> 00:00:02,000\nHello.\n"
_GRID = b'"ooTextFile" "TextGrid" 0 2 <exists> 1 "IntervalTier" "A" 0 2 '
_SAMPLES = {
    ImportFormat.SRT: _CUE.encode(),
    ImportFormat.VTT: b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Hello.\n",
    ImportFormat.WHISPERX: b'{"segments": [{"start": 0, "end": 1, "text": "Hello."}]}',
    ImportFormat.TEXTGRID: _GRID + b'1 0 2 "Hi"',
    ImportFormat.EAF: b'<ANNOTATION_DOCUMENT><TIER TIER_ID="A"/></ANNOTATION_DOCUMENT>',
    ImportFormat.RTTM: b"SPEAKER m 1 0.5 1 <NA> <NA> a <NA> <NA>\n",
    ImportFormat.CTM: b"m 1 0.5 1 Hello 0.9\n",
}


@pytest.mark.parametrize("wanted", _SAMPLES)
def test_the_content_decides(wanted: ImportFormat) -> None:
    assert read(_SAMPLES[wanted]).format is wanted
    assert read(b"\xef\xbb\xbf" + _SAMPLES[wanted]).format is wanted
    assert read(_SAMPLES[wanted], wanted).format is wanted


def test_another_format_than_the_wanted_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="This is not JSON"):
        read(_CUE.encode(), ImportFormat.WHISPERX)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b" \n", "The file is empty."),
        (b"Just some text.\n", "The format of the file is not known."),
        (b"PK\x03\x04" + bytes(100), "The file is not a text."),
        (_CUE.encode() + b"\xff\n", "Line 4: The text is not UTF-8."),
        (b" " * (MOST_BYTES + 1), "The file is larger than 16 MiB."),
    ],
)
def test_other_files_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(content)
    assert message in caught.value.message
    assert caught.value.details["field"] == "content"


@given(st.sampled_from(list(_SAMPLES)), st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_files_have_no_other_error(wanted: ImportFormat, data: st.DataObject) -> None:
    content = bytearray(_SAMPLES[wanted])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(place, min(len(content), place + 8)))
        content[place:stop] = data.draw(st.binary(max_size=6))
    for chosen in (None, wanted):
        with contextlib.suppress(ValidationError):
            read(bytes(content), chosen)


@pytest.mark.parametrize(
    "content",
    [
        _CUE.encode() * 20_000,
        b"WEBVTT\n\n" + b"00:01.000 --> 00:02.000\n" + b"<v " * 200_000,
        b"WEBVTT\n\n" + b"00:01.000 --> 00:02.000\n" + b"<00:01.500>" * 50_000,
        _GRID + b"1 0 2 " + b'"" ' * 200_000,
        b'"ooTextFile" "TextGrid" ' + b'"' * 400_001,
        b"<ANNOTATION_DOCUMENT>" + b"<TIER>" * 100_000,
        b'{"segments": [' + b'{"text":"a","start":0,"end":1},' * 50_000 + b"{}]}",
        b"m 1 0.5 1 Hello 0.9\n" * 100_000,
        b"SPEAKER m 1 0.5 1 <NA> <NA> a <NA> <NA>\n" * 50_000,
        b"{\\" * 300_000 + b"-->",
    ],
    ids=range(10),
)
def test_large_files_take_seconds_at_most(content: bytes) -> None:
    begun = time.process_time()
    with contextlib.suppress(ValidationError):
        read(content)
    assert time.process_time() - begun < 10
