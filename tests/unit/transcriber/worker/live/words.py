"""Words and hypotheses for tests of live recognition."""

from transcriber.worker.engines.protocol import RecognizedWord


def words(
    text: str, *, start: float = 0.0, length: float = 0.3, probability: float = 0.9
) -> list[RecognizedWord]:
    """Return words of equal length, one after the other."""
    return [
        RecognizedWord(
            text=one,
            start=start + number * length,
            end=start + (number + 1) * length,
            probability=probability,
        )
        for number, one in enumerate(text.split())
    ]


def text_of(found: object) -> str:
    """Return the text of words."""
    return " ".join(word.text for word in found)  # type: ignore[attr-defined]
