"""Speech that repeats itself and sound without speech, none of which adjusted the filter of loops.

Texts, voices, people, telephone prompts and sounds are others than in `repetition_corpus`.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.languages_voices import dialogs, level, prompts, say, spoken, trimmed, utterances
from bench.quality.nonspeech import sounds
from bench.repetition_corpus import Case, repeated
from common.audio.resampling import SAMPLE_RATE

#: Texts that are said several times: language, voice, text, times.
_SAID = (
    ("en", "pico", "Doors are closing. Please stand clear of the doors.", 6),
    ("en", "bf_emma", "This is a test of the emergency alert system. This is only a test.", 5),
    ("en", "am_michael", "What do we want? Justice! When do we want it? Now!", 6),
    ("en", "bf_emma", "Row, row, row your boat, gently down the stream.", 6),
    ("en", "pico", "Breathe in. And breathe out.", 9),
    ("en", "am_michael", "Going once. Going twice.", 9),
    ("en", "bf_emma", "Yes. Yes. Yes. Yes.", 6),
    ("en", "am_michael", "Five, six, seven, eight.", 8),
    ("de", "pico", "Achtung, eine Durchsage. Bitte verlassen Sie das Gebäude.", 5),
    ("de", "pico", "Links, zwei, drei, vier.", 9),
    ("de", "pico", "Erbarme dich unser.", 9),
    ("fr", "pico", "Le train numéro huit est annoncé avec du retard.", 6),
    ("fr", "pico", "Un, deux, trois, soleil.", 9),
    ("es", "pico", "Próxima parada, plaza de España.", 8),
    ("es", "pico", "Ten piedad de nosotros.", 10),
    ("it", "pico", "Attenzione, allontanarsi dalla linea gialla.", 7),
    ("it", "pico", "Uno, due, tre, stella.", 9),
)
#: Lists whose lines resemble one another.
_LISTS = (
    (
        "en",
        "pico",
        "Room one is open. Room two is open. Room three is closed. Room four is open. Room five is"
        " closed. Room six is open. Room seven is closed.",
    ),
    (
        "de",
        "pico",
        "Gleis eins, Abfahrt um zehn. Gleis zwei, Abfahrt um elf. Gleis drei, Abfahrt um zwölf."
        " Gleis vier, Abfahrt um eins. Gleis fünf, Abfahrt um zwei.",
    ),
    (
        "fr",
        "pico",
        "Pour le service commercial, tapez un. Pour le service technique, tapez deux. Pour la"
        " facturation, tapez trois. Pour toute autre question, tapez quatre.",
    ),
)
#: Seconds of a repetition, and of a sound.
_REPEATED, _LONG = 21, 29
#: Places of utterances and prompts that the other corpus does not take.
_UTTERANCES, _PROMPTS = slice(8, 20), slice(1, None, 9)


def repetitions(data: Path | None) -> Iterator[Case]:
    """Yield speech that repeats itself, said by people and by synthesizers."""
    random = np.random.default_rng(105)
    for language, voice, text, times in _SAID:
        yield repeated([say(text, language, voice)] * times, random, text[:24])
    for language, voice, text in _LISTS:
        yield repeated([say(text, language, voice)], random, text[:24])
    lines = (one for one in dialogs("nl") if 1.2 < one.seconds < 4)
    for one in itertools.islice(lines, 12):
        yield repeated([one] * int(_REPEATED / one.seconds), random, one.text[:24])
    for language in ("es", "fr", "it", "ru"):
        # The other corpus takes shorter ones.
        short = [one for one in prompts(language) if 4 <= one.seconds < 6]
        for one in short[_PROMPTS][:4]:
            yield repeated([one] * int(_REPEATED / one.seconds), random, one.text[:24])
    read = [one for one in (utterances(data) if data else ()) if one.seconds < 5][_UTTERANCES]
    for one in read:
        yield repeated([one] * int(_REPEATED / one.seconds), random, one.text[:24])


def provocations(data: Path | None) -> Iterator[Case]:
    """Yield sound without speech, speech that is cut off, and speech in another language."""
    random = np.random.default_rng(106)
    silent = sounds(float(_LONG))
    for name, sound in silent.items():
        for language in ("en", "fr", "ru"):
            yield Case(name=name, language=language, samples=sound)
    begun = [*(utterances(data) if data else ())][3::6] + list(itertools.islice(dialogs("nl"), 9))
    for number, one in enumerate(begun):
        name, rest = list(silent.items())[number % len(silent)]
        said = level(trimmed(one.samples))[: round(random.uniform(0.4, 2.5) * SAMPLE_RATE)]
        yield Case(
            name=f"cut off, then {name}",
            language=one.language,
            samples=np.concatenate([said, rest[: 28 * SAMPLE_RATE - len(said)]]),
            text=one.text,
            end=len(said) / SAMPLE_RATE,
        )
    for spoken_in in ("it", "fr", "es"):
        speech = np.concatenate([one.samples for one in spoken(spoken_in, "pico")][:6])
        for language in ("sn", "la", "zh", "my", "te", "ru", "so", "cy"):
            yield Case(
                name=f"{spoken_in} as {language}",
                language=language,
                samples=level(speech)[: 28 * SAMPLE_RATE],
            )
