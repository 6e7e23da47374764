"""Beginnings and ends of utterances."""

from transcriber.worker.engines.voice_activity import Span
from transcriber.worker.live.endpoints import FRAME, Edge, Endpoints

RATE = 16_000


def push(endpoints: Endpoints, seconds: float, probability: float) -> list[Edge]:
    """Push frames until an utterance ends. Return the edges."""
    edges = []
    for _ in range(round(seconds * RATE / FRAME)):
        edge = endpoints.push(probability)
        if edge is not None:
            edges.append(edge)
        if edge is Edge.END:
            break
    return edges


def test_an_utterance_begins_before_its_first_word() -> None:
    endpoints = Endpoints()
    assert push(endpoints, 2.0, 0.01) == []
    silence = endpoints.position
    assert push(endpoints, 0.1, 0.9) == [Edge.BEGIN]
    assert endpoints.begin == silence - round(0.4 * RATE)
    assert endpoints.spans == [Span(start=silence, end=endpoints.position)]


def test_a_click_is_no_utterance() -> None:
    endpoints = Endpoints()
    for probability in (0.0, 0.9, 0.0, 0.9, 0.1):
        assert endpoints.push(probability) is None
    assert endpoints.begin is None


def test_an_utterance_ends_after_a_pause() -> None:
    endpoints = Endpoints()
    push(endpoints, 1.0, 0.9)
    spoken = endpoints.spoken
    # Unsure frames within speech are speech.
    assert push(endpoints, 0.3, 0.4) == []
    assert endpoints.spoken > spoken
    assert push(endpoints, 0.3, 0.1) == []
    assert push(endpoints, 0.5, 0.1) == [Edge.END]
    assert endpoints.paused
    assert 0.5 * RATE <= endpoints.silence < 0.5 * RATE + FRAME


def test_short_pauses_divide_speech_into_spans() -> None:
    endpoints = Endpoints()
    push(endpoints, 1.0, 0.9)
    push(endpoints, 0.1, 0.0)
    push(endpoints, 1.0, 0.9)
    assert len(endpoints.spans) == 1
    push(endpoints, 0.3, 0.0)
    push(endpoints, 1.0, 0.9)
    assert len(endpoints.spans) == 2
    assert endpoints.spans[-1].end == endpoints.spoken


def test_utterances_do_not_overlap() -> None:
    endpoints = Endpoints()
    push(endpoints, 1.0, 0.9)
    push(endpoints, 1.0, 0.0)
    end = endpoints.spoken + 4_800
    endpoints.close(end)
    assert endpoints.begin is None
    assert endpoints.settled == end
    push(endpoints, 0.1, 0.9)
    assert endpoints.begin == end


def test_silence_is_settled_up_to_where_speech_may_begin() -> None:
    endpoints = Endpoints()
    push(endpoints, 3.0, 0.0)
    settled = endpoints.settled
    assert settled == endpoints.position - round(0.4 * RATE)
    endpoints.push(0.9)
    assert endpoints.settled == settled
    endpoints.push(0.9)
    assert endpoints.begin == settled
