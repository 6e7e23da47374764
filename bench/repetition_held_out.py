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
    ("en", "pico", "The museum closes in fifteen minutes. Please go to the exit.", 5),
    ("en", "bf_emma", "You have reached the voicemail of extension nine. Leave a message.", 5),
    ("en", "am_michael", "Defense! Let's go, defense!", 8),
    ("en", "bf_emma", "Twinkle, twinkle, little star, how I wonder what you are.", 5),
    ("en", "pico", "Squeeze, and relax.", 10),
    ("en", "am_michael", "Sold to the lady in the front.", 8),
    ("en", "bf_emma", "Okay. Okay. Okay.", 5),
    ("en", "am_michael", "Check, one, two. Check, one, two.", 6),
    ("de", "pico", "Der nächste Halt ist Marienplatz, Ausstieg rechts.", 6),
    ("de", "pico", "Einatmen und ausatmen.", 10),
    ("de", "pico", "Herr, wir bitten dich, erhöre uns.", 8),
    ("fr", "pico", "Mesdames et messieurs, le magasin va fermer.", 7),
    ("fr", "pico", "Sainte Marie, mère de Dieu, priez pour nous.", 6),
    ("es", "pico", "Su llamada es muy importante para nosotros.", 7),
    ("es", "pico", "Arriba, abajo, arriba, abajo.", 8),
    ("it", "pico", "Il negozio chiude tra dieci minuti.", 8),
    ("it", "pico", "Signore, pietà. Cristo, pietà.", 8),
)
#: Lists whose lines resemble one another.
_LISTS = (
    (
        "en",
        "pico",
        "On Monday we had soup. On Tuesday we had rice. On Wednesday we had fish. On Thursday we"
        " had soup. On Friday we had eggs. On Saturday we had rice.",
    ),
    (
        "de",
        "pico",
        "Zimmer eins ist frei. Zimmer zwei ist belegt. Zimmer drei ist frei. Zimmer vier ist frei."
        " Zimmer fünf ist belegt. Zimmer sechs ist frei.",
    ),
    (
        "fr",
        "pico",
        "Le lundi, il fait beau. Le mardi, il pleut. Le mercredi, il fait beau. Le jeudi, il neige."
        " Le vendredi, il pleut. Le samedi, il fait beau.",
    ),
)
#: Seconds of a repetition, and of a sound.
_REPEATED, _LONG = 21, 29
#: Places of utterances, prompts and lines of a game that adjusted no rule.
_UTTERANCES, _PROMPTS, _LINES = slice(20, 32), slice(4, None, 9), (12, 24)


def repetitions(data: Path | None) -> Iterator[Case]:
    """Yield speech that repeats itself, said by people and by synthesizers."""
    random = np.random.default_rng(205)
    for language, voice, text, times in _SAID:
        yield repeated([say(text, language, voice)] * times, random, text[:24])
    for language, voice, text in _LISTS:
        yield repeated([say(text, language, voice)], random, text[:24])
    lines = (one for one in dialogs("nl") if 1.2 < one.seconds < 4)
    for one in itertools.islice(lines, *_LINES):
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
    random = np.random.default_rng(206)
    silent = sounds(float(_LONG))
    for name, sound in silent.items():
        for language in ("en", "fr", "ru"):
            yield Case(name=name, language=language, samples=sound)
    begun = [*(utterances(data) if data else ())][3::6] + list(
        itertools.islice(dialogs("nl"), 30, 39)
    )
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
