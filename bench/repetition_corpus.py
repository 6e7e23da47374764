"""Speech that repeats itself, and sound that makes Whisper repeat itself, each labeled.

Repetitions never are copies of samples: each is said at another speed, at another level and in
some noise, as people and machines in rooms do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.languages_voices import Saying, level, prompts, say, spoken, trimmed, utterances
from common.audio.resampling import SAMPLE_RATE, Samples

#: Texts that are said several times: language, voice, text, times.
_SAID = (
    ("en", "bm_george", "The train to London is delayed by ten minutes.", 5),
    ("en", "am_adam", "Please do not leave your luggage unattended.", 6),
    ("en", "ff_siwis", "Your call is important to us. Please hold the line.", 5),
    ("en", "bm_george", "Hail Mary, full of grace, the Lord is with thee.", 5),
    ("en", "am_adam", "Holy, holy, holy, Lord God of hosts.", 4),
    ("en", "am_adam", "No, no, no, no, no.", 4),
    ("en", "bm_george", "Lord, have mercy. Christ, have mercy.", 6),
    ("en", "ff_siwis", "One, two, three, four.", 7),
    ("en", "ff_siwis", "Left, right.", 9),
    ("en", "am_adam", "Mind the gap.", 9),
    ("de", "ff_siwis", "Bitte zurückbleiben.", 8),
    ("de", "bm_george", "Der Zug nach Hamburg hat zehn Minuten Verspätung.", 5),
    ("de", "ef_dora", "Eins, zwei, drei, vier.", 6),
    ("de", "ef_dora", "Heilige Maria, bitte für uns.", 7),
    ("es", "im_nicola", "El tren a Sevilla sale a las cinco.", 6),
    ("es", "ef_dora", "Santa María, ruega por nosotros.", 7),
    ("fr", "ff_siwis", "Attention au départ.", 8),
    ("fr", "ff_siwis", "Priez pour nous, pauvres pécheurs.", 7),
    ("it", "im_nicola", "Santa Maria, prega per noi.", 8),
    ("it", "if_sara", "Il treno per Bologna è in arrivo.", 6),
    ("pt", "pf_dora", "Santa Maria, rogai por nós.", 7),
    ("pt", "pf_dora", "Próxima estação.", 9),
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
#: Menus and lists whose lines resemble one another.
_LISTS = (
    (
        "en",
        "am_adam",
        "For sales, press one. For support, press two. For billing, press three. For orders, press"
        " four. For returns, press five. For all other questions, press six.",
    ),
    (
        "es",
        "ef_dora",
        "Para ventas, marque uno. Para soporte, marque dos. Para facturas, marque tres. Para"
        " pedidos, marque cuatro. Para devoluciones, marque cinco.",
    ),
    (
        "en",
        "bm_george",
        "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen,"
        " fourteen, fifteen, sixteen, seventeen, eighteen, nineteen, twenty.",
    ),
    (
        "de",
        "ff_siwis",
        "Für den Verkauf drücken Sie die Eins. Für den Service drücken Sie die Zwei. Für die"
        " Rechnung drücken Sie die Drei. Für alles andere drücken Sie die Vier.",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Sound to be decoded in a language. `text` is said in it from `start` to `end` seconds.

    Everything that is recognized outside of it is invented.
    """

    name: str
    language: str
    samples: Samples
    text: str = ""
    start: float = 0.0
    end: float = 0.0


def repetitions(data: Path | None) -> Iterator[Case]:
    """Yield speech that repeats itself, said by people and by synthesizers."""
    random = np.random.default_rng(5)
    for language, voice, text, times in _SAID:
        yield repeated([say(text, language, voice)] * times, random, text[:24])
    for language, voice, text in _LISTS:
        yield repeated([say(text, language, voice)], random, text[:24])
    for language in ("es", "fr", "it", "ru"):
        short = [one for one in prompts(language) if 1.5 < one.seconds < 4]
        for one in random.choice(np.array(short, dtype=object), 4, replace=False):
            yield repeated([one] * int(20 / one.seconds), random, one.text[:24])
    read = [one for one in (utterances(data) if data else ()) if one.seconds < 5]
    for one in read[:8]:
        yield repeated([one] * int(22 / one.seconds), random, one.text[:24])
    for one, other in zip(read[::2], read[1::2], strict=False):
        yield repeated([one, one, other, other], random, "two sentences, each twice")


def provocations(data: Path | None) -> Iterator[Case]:
    """Yield sound without speech, speech that is cut off, and speech in another language."""
    random = np.random.default_rng(6)
    for name, sound in _without_speech(random):
        for language in ("en", "de"):
            yield Case(name=name, language=language, samples=sound)
    begun = [*(utterances(data) if data else ()), *spoken("de", "ff_siwis")][::6]
    for number, one in enumerate(begun):
        name, rest = list(_without_speech(random))[number % 5]
        said = level(trimmed(one.samples))[: round(random.uniform(0.4, 2.5) * SAMPLE_RATE)]
        sound = np.concatenate([said, rest[: 28 * SAMPLE_RATE - len(said)]])
        yield Case(
            name=f"cut off, then {name}",
            language=one.language,
            samples=sound,
            text=one.text,
            end=len(said) / SAMPLE_RATE,
        )
    for spoken_in, voice in (("zh", "zf_xiaoxiao"), ("pt", "pf_dora"), ("de", "bm_george")):
        speech = np.concatenate([one.samples for one in spoken(spoken_in, voice)][:6])
        for language in ("haw", "yo", "ja", "km", "ta", "en", "mi", "ln"):
            yield Case(
                name=f"{spoken_in} as {language}",
                language=language,
                samples=level(speech)[: 28 * SAMPLE_RATE],
            )


def repeated(sayings: Sequence[Saying], random: np.random.Generator, name: str) -> Case:
    """Return sayings one after the other. No two of them sound the same."""
    pieces: list[Samples] = []
    for one in sayings:
        speech = level(trimmed(one.samples)) * random.uniform(0.6, 1.2)
        speed = random.uniform(0.95, 1.05)
        times = np.arange(0, len(speech) - 1, speed)
        pieces += [
            np.interp(times, np.arange(len(speech)), speech).astype(np.float32),
            np.zeros(round(random.uniform(0.15, 0.7) * SAMPLE_RATE), np.float32),
        ]
    sound = np.concatenate(pieces[:-1])[: 29 * SAMPLE_RATE]
    sound = sound + (0.002 * random.standard_normal(len(sound))).astype(np.float32)
    return Case(
        name=name,
        language=sayings[0].language,
        samples=sound,
        text=" ".join(one.text for one in sayings),
        end=len(sound) / SAMPLE_RATE,
    )


def _without_speech(random: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """Yield half a minute of sounds in which nobody speaks."""
    count = 29 * SAMPLE_RATE
    times = np.arange(count) / SAMPLE_RATE
    noise = random.standard_normal(count)
    sounds = {
        "silence": np.zeros(count),
        "noise": 0.05 * noise,
        "hum": 0.1 * np.sin(2 * np.pi * 50 * times) + 0.002 * noise,
        "music": _music(times),
        "clicks": (random.random(count) < 2e-4) * 0.5 + 0.001 * noise,
        "quiet noise": 0.001 * noise,
        "bursts": 0.1 * noise * (np.sin(2 * np.pi * 1.5 * times) > 0.8),
    }
    for name, sound in sounds.items():
        yield name, sound.astype(np.float32)


def _music(
    times: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return chords that change every second."""
    chords = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    sound = np.zeros_like(times)
    for second in range(int(times[-1]) + 1):
        here = (times >= second) & (times < second + 1)
        for pitch in chords[second % 4]:
            tone = np.sin(2 * np.pi * pitch * times) + 0.4 * np.sin(4 * np.pi * pitch * times)
            sound += here * tone * 0.05 * np.exp(-2 * (times - second))
    return sound
