"""Recordings made from the sample."""

import io
import wave
from pathlib import Path


def repeated(sample: Path, times: int) -> bytes:
    """The sample several times in a row, as a WAV file."""
    with wave.open(str(sample), "rb") as file:
        parameters, frames = file.getparams(), file.readframes(file.getnframes())
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams(parameters)
        file.writeframes(frames * times)
    return buffer.getvalue()


def silence(seconds: float) -> bytes:
    """Nothing at all, as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(int(32000 * seconds)))
    return buffer.getvalue()
