"""Results kept for followers."""

from securetranscribe.v1 import capture_pb2, live_pb2, speech_pb2
from transcriber.domain.live import LiveSegment, LiveWord
from transcriber.live import messages
from transcriber.live.feed import MOST_RECENT, Message, SessionFeed
from transcriber.live.followers import results_of


def final(sequence: int, segment: int | None = None) -> Message:
    number = sequence if segment is None else segment
    return Message(final=live_pb2.LiveText(segment=number, sequence=sequence))


def draft(segment: int, *words: str) -> Message:
    said = [speech_pb2.RecognizedWord(text=word) for word in words]
    return Message(draft=live_pb2.LiveText(segment=segment, words=said))


def sequences(feed: SessionFeed, after: int) -> list[int]:
    return [sequence for sequence, _ in feed.after(after)]


def segment(sequence: int, label_sequence: int = 0) -> LiveSegment:
    word = LiveWord(text="w", start=0.0, end=1.0, probability=1.0)
    return LiveSegment(
        segment=sequence, words=(word,), sequence=sequence, label_sequence=label_sequence, label="A"
    )


def test_results_in_order() -> None:
    feed = SessionFeed()
    feed.advance(2)
    for sequence in (3, 4, 4, 2):
        feed.take(final(sequence))
    assert (feed.floor, feed.last) == (2, 4)
    assert sequences(feed, 2) == [3, 4]
    assert sequences(feed, 3) == [4]


def test_lost_result_is_left_to_the_tables() -> None:
    feed = SessionFeed()
    feed.advance(0)
    feed.take(final(1))
    feed.take(final(3))
    assert (feed.floor, feed.last) == (2, 3)
    assert sequences(feed, 2) == [3]


def test_results_that_were_not_published_are_filled_in() -> None:
    feed = SessionFeed()
    feed.advance(0)
    feed.take(draft(2, "so"))
    feed.take(final(1))
    feed.fill(1, [(2, final(2)), (3, final(3))], 3)
    assert (feed.floor, feed.last) == (0, 3)
    assert sequences(feed, 0) == [1, 2, 3]
    assert feed.news(0) == (1, [])


def test_results_published_while_they_were_read() -> None:
    feed = SessionFeed()
    feed.advance(1)
    feed.take(final(2))
    feed.fill(1, [(2, final(2)), (3, final(3))], 3)
    assert (feed.floor, feed.last) == (3, 3)


def test_memory_is_bounded() -> None:
    feed = SessionFeed()
    for sequence in range(1, 2 * MOST_RECENT + 1):
        feed.take(draft(sequence, "a"))
        feed.take(final(sequence))
        feed.take(draft(10_000 + sequence, "b"))
    assert feed.floor == MOST_RECENT
    assert len(feed.after(feed.floor)) == MOST_RECENT
    assert len(feed.news(0)[1]) < 20


def test_drafts_end_with_their_final_text() -> None:
    feed = SessionFeed()
    feed.take(draft(1, "so"))
    feed.take(draft(1, "so", "it"))
    feed.take(draft(2, "goes"))
    version, news = feed.news(0)
    assert [len(message.draft.words) for message in news] == [2, 1]
    feed.take(final(1))
    assert feed.news(0)[1] == [draft(2, "goes")]
    assert feed.news(version)[1] == []


def test_drafts_of_an_earlier_recognizer_are_void() -> None:
    feed = SessionFeed()
    feed.take(draft(1, "so"))
    notice = live_pb2.LiveNotice(code=live_pb2.LIVE_NOTICE_CODE_RECOGNIZING, message="Goes on.")
    feed.take(Message(notice=notice))
    assert feed.news(0)[1] == [Message(notice=notice)]


def test_changes_wake_followers() -> None:
    feed = SessionFeed()
    changed = feed.changed
    feed.take(final(1))
    assert changed.is_set()
    assert not feed.changed.is_set()


def test_the_end_is_left_to_the_tables() -> None:
    feed = SessionFeed()
    feed.take(Message(ended=live_pb2.LiveEnded(transcription_id=7)))
    assert feed.ended is None
    assert feed.ending.is_set()


def test_stored_results_with_their_labels() -> None:
    stored = [segment(1, 4), segment(3), segment(2, 6)]
    found = results_of(stored, 1, 5)
    assert [(sequence, message.WhichOneof("follow_response")) for sequence, message in found] == [
        (4, "speaker"),
        (3, "final"),
        (5, "final"),
    ]
    assert [message.final.sequence for _, message in found] == [0, 3, 5]


def test_label_behind_the_newest_result_comes_later() -> None:
    assert results_of([segment(1, 9)], 1, 5) == []


def test_followers_get_only_what_concerns_them() -> None:
    acknowledged = messages.acknowledged(3, [])
    missing = messages.notice(live_pb2.LIVE_NOTICE_CODE_CHUNKS_MISSING, messages.CHUNKS_MISSING)
    busy = messages.notice(live_pb2.LIVE_NOTICE_CODE_RECOGNIZERS_BUSY, messages.BUSY)
    assert messages.followed(acknowledged) is None
    assert messages.followed(missing) is None
    assert messages.followed(busy) == Message(notice=busy.notice)
    capture = capture_pb2.Capture(capture_id="secret")
    ended = messages.followed(messages.ended(capture, 7))
    assert ended == Message(ended=live_pb2.LiveEnded(transcription_id=7))
