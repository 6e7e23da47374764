"""Changes read from a fake of the transcriber."""

from dataclasses import replace

import grpc.aio

from common.identity import Identity
from exporter.changes import Mark, Piece
from exporter.revisions import RevisionClient
from securetranscribe.v1 import transcript_pb2_grpc
from tests.unit.exporter.documents import document, segment
from tests.unit.exporter.fake_comparison import MOMENT, Compared

CALLER = Identity(session_id="session_a", workspace_id="session_a", token="token-a")


async def test_all_pages_are_read_with_authors_and_earlier_names() -> None:
    # The other methods are unimplemented, as in generated servicers.
    servicer = Compared()  # type: ignore[abstract]
    server = grpc.aio.server()
    transcript_pb2_grpc.add_TranscriptServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    said = document(
        [segment(0, "Speaker_1", "so", 0.0, 1.0), segment(1, "Speaker_2", "yes", 1.0, 2.0)]
    )
    earlier = replace(
        said, revision=1, segments=tuple(replace(one, id=f"1.{one.index}") for one in said.segments)
    )
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = RevisionClient(channel)
            changes = await client.changes(CALLER, earlier, replace(said, revision=3))
    finally:
        await server.stop(0)
    assert [(one.from_revision, one.to_revision, one.cursor) for one in servicer.requests] == [
        (1, 3, ""),
        (1, 3, "next"),
    ]
    assert (changes.since, changes.revision) == (1, 3)
    first, second = changes.differences
    assert first.pieces == (
        Piece(before="so", after="", before_segment="1.1", after_segment="", revision=0),
    )
    assert second.pieces[0].revision == 3
    assert (first.speakers, first.start, first.end) == ({"1.1": "Ada"}, 1.0, 2.0)
    assert changes.speakers == {"1.0": "Eve", "1.1": "Speaker_2"}
    assert changes.marks == {
        1: Mark(author="SecureTranscribe", moment=MOMENT),
        2: Mark(author="Editor 1", moment=MOMENT),
        3: Mark(author="Editor 2", moment=MOMENT),
    }
