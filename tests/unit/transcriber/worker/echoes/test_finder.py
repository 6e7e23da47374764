"""Echoes of one channel in another, with real voices."""

from dataclasses import replace

import numpy as np
import pytest

from common.audio.envelope import Envelope
from tests.unit.transcriber.worker.calls import Channel, Echo, leak, line, recognized, voice
from transcriber.worker.echoes.finder import EchoFinder

BEEP = "Okay, then I thought you know, I heard a beep."
NEW_JERSEY = "This is Diane in New Jersey."
TEXAS = "And I'm Sheila in Texas, originally from Chicago."
DIFFERENCE = "Well, there isn't that much difference."
YANKEE = "At least you know, they all call me a Yankee down here, so what can I say?"
ALSO = "Oh, I'm originally from Chicago also."


def echoes(*channels: Channel) -> list[list[str]]:
    """Return the words of echoes in each channel."""
    finder = EchoFinder(
        {number: channel.segments for number, channel in enumerate(channels)},
        lambda number: channels[number].envelope,
    )
    return [
        [
            " ".join(channel.segments[line.segment].words[word].text for word in line.words)
            for line in finder.echoes_in(number)
        ]
        for number, channel in enumerate(channels)
    ]


def call() -> tuple[Channel, Channel]:
    """Return a call of two people who take turns, without echoes."""
    diane = Channel().say(BEEP, 1.0).say(NEW_JERSEY, 7.0).say(ALSO, 20.0)
    sheila = Channel().say(TEXAS, 9.5).say(YANKEE, 14.0)
    return diane, sheila


@pytest.mark.parametrize("room", [0.0, 0.4])
@pytest.mark.parametrize("delay", [0.0, 0.15, 0.4])
@pytest.mark.parametrize("level", [-6, -20, -40])
def test_echo_of_other_party_is_found(level: float, delay: float, room: float) -> None:
    diane, sheila = call()
    leak(diane, sheila, Echo(level=level, delay=delay, room=room))
    assert echoes(diane, sheila) == [[], [BEEP, NEW_JERSEY, ALSO]]


def test_echoes_in_both_channels_are_found() -> None:
    diane, sheila = call()
    clean = Channel()
    clean.sound, clean.segments = diane.sound.copy(), list(diane.segments)
    leak(sheila, diane, Echo(level=-15, delay=0.3))
    leak(clean, sheila, Echo(level=-20, delay=0.1))
    assert echoes(diane, sheila) == [[TEXAS, YANKEE], [BEEP, NEW_JERSEY, ALSO]]


def test_party_who_only_listens_loses_all_lines() -> None:
    diane, _ = call()
    listener = Channel()
    leak(diane, listener, Echo(level=-25, delay=0.1))
    assert echoes(diane, listener) == [[], [BEEP, NEW_JERSEY, ALSO]]


def test_amplified_echo_is_found_by_its_delay() -> None:
    diane, _ = call()
    listener = Channel()
    leak(diane, listener, Echo(level=5, delay=0.2))
    assert echoes(diane, listener) == [[], [BEEP, NEW_JERSEY, ALSO]]


def test_misheard_echo_is_found_by_its_level() -> None:
    diane, sheila = call()
    leak(diane, sheila, Echo(level=-25, delay=0.1))
    sheila.segments = [
        recognized("Very much else entirely was here.", said.start, said.end)
        if said.text == NEW_JERSEY
        else said
        for said in sheila.segments
    ]
    assert echoes(diane, sheila)[1] == [BEEP, "Very much else entirely was here.", ALSO]


def test_misheard_echo_with_few_words_of_the_original_is_found() -> None:
    diane, sheila = call()
    leak(diane, sheila, Echo(level=-25, delay=0.1))
    misheard = "Oh, a marriage only for chicken gold so."
    sheila.segments = [
        recognized(misheard, said.start, said.end) if said.text == ALSO else said
        for said in sheila.segments
    ]
    assert echoes(diane, sheila)[1] == [BEEP, NEW_JERSEY, misheard]


@pytest.mark.parametrize("quieter", [1.0, 0.5, 0.25])
def test_sentence_in_unison_over_an_echo_stays(quieter: float) -> None:
    diane, sheila = call()
    other = line(ALSO)
    faster = np.interp(np.arange(0, len(other), 1.12), np.arange(len(other)), other)
    sheila.say(ALSO, 20.1, sound=(quieter * faster).astype(np.float32))
    leak(diane, sheila, Echo(level=-20, delay=0.1), lines=[BEEP, NEW_JERSEY])
    assert echoes(diane, sheila) == [[], [BEEP, NEW_JERSEY]]


def test_unsteady_echo_is_found() -> None:
    # Conference systems suppress an echo now more, now less.
    diane, sheila = call()
    unsteady = Channel()
    gains = np.random.default_rng(1).uniform(-6, 6, 60).repeat(8_000)
    unsteady.sound = (diane.sound * 10 ** (gains / 20)).astype(np.float32)
    unsteady.segments = diane.segments
    leak(unsteady, sheila, Echo(level=-20, delay=0.12, room=0.3))
    assert echoes(diane, sheila) == [[], [BEEP, NEW_JERSEY, ALSO]]


def test_sentence_with_an_echo_loses_only_the_echo() -> None:
    diane = Channel().say(BEEP, 1.0).say(NEW_JERSEY, 7.0)
    sheila = Channel().say(TEXAS, 9.0)
    leak(diane, sheila, Echo(level=-20, delay=0.1))
    echo, own = sheila.segments[1:]
    together = replace(
        echo, end=own.end, text=f"{echo.text} {own.text}", words=(*echo.words, *own.words)
    )
    sheila.segments = [sheila.segments[0], together]
    assert echoes(diane, sheila) == [[], [BEEP, NEW_JERSEY]]


def test_different_sentences_at_once_are_no_echo() -> None:
    diane = Channel().say(BEEP, 1.0).say(ALSO, 8.0)
    sheila = Channel().say(YANKEE, 1.2).say(TEXAS, 8.0)
    assert echoes(diane, sheila) == [[], []]


def test_one_s_own_sentence_over_an_echo_stays() -> None:
    diane = Channel().say(BEEP, 1.0).say(ALSO, 8.0)
    sheila = Channel().say(TEXAS, 8.0)
    leak(diane, sheila, Echo(level=-12, delay=0.1), lines=[BEEP])
    assert echoes(diane, sheila) == [[], [BEEP]]


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("coupled", [True, False])
def test_same_word_at_once_is_no_echo(shift: float, *, coupled: bool) -> None:
    diane, sheila = call()
    diane.say("Hello?", 25.0, sound=voice(6.68, 7.16))
    sheila.say("Hello?", 25.0 + shift, sound=voice(7.634, 8.155))
    if coupled:
        leak(diane, sheila, Echo(level=-20, delay=0.1), lines=[BEEP])
    assert echoes(diane, sheila) == [[], [BEEP] if coupled else []]


@pytest.mark.parametrize("shift", [0.2, 0.5, 0.9, 2.5])
@pytest.mark.parametrize("quieter", [1.0, 0.3])
def test_repeated_sentence_is_no_echo(shift: float, quieter: float) -> None:
    # Another voice at another speed, as somebody who reads along or repeats what was said.
    diane, sheila = call()
    other = line(ALSO)
    faster = np.interp(np.arange(0, len(other), 1.15), np.arange(len(other)), other)
    sheila.say(ALSO, 20.0 + shift, sound=(quieter * faster).astype(np.float32))
    assert echoes(diane, sheila) == [[], []]


def test_equal_channels_are_no_echoes() -> None:
    diane, _ = call()
    other = Channel()
    other.sound = diane.sound.copy()
    other.segments = list(diane.segments)
    assert echoes(diane, other) == [[], []]


def test_echo_among_three_channels_names_its_origin() -> None:
    diane, sheila = call()
    third = Channel().say(DIFFERENCE, 25.0)
    leak(sheila, third, Echo(level=-18, delay=0.15))
    finder = EchoFinder(
        {number: channel.segments for number, channel in enumerate((diane, sheila, third))},
        lambda number: (diane, sheila, third)[number].envelope,
    )
    assert [line.original for line in finder.echoes_in(2)] == [1, 1]
    assert finder.echoes_in(0) == finder.echoes_in(1) == []


def test_echo_is_found_late_in_a_long_recording() -> None:
    diane, sheila = Channel(seconds=400.0), Channel(seconds=400.0)
    diane.say(BEEP, 1.0).say(NEW_JERSEY, 350.0)
    sheila.say(TEXAS, 10.0).say(YANKEE, 360.0)
    leak(diane, sheila, Echo(level=-20, delay=0.1))
    assert echoes(diane, sheila) == [[], [BEEP, NEW_JERSEY]]


def test_signals_without_common_words_are_not_read() -> None:
    def unread(number: int) -> Envelope:
        raise AssertionError(number)

    diane, sheila = Channel().say(BEEP, 1.0), Channel().say(TEXAS, 20.0)
    finder = EchoFinder({0: diane.segments, 1: sheila.segments, 2: []}, unread)
    assert [finder.echoes_in(number) for number in range(3)] == [[], [], []]
