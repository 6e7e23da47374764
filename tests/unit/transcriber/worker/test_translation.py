"""Requests for translations."""

import io
from typing import Any

import pytest

from common.errors import ValidationError
from securetranscribe.v1 import speech_pb2
from transcriber.worker.recognizer import Recognizer


class Listener:
    """Engine without translation."""

    model = "listener"
    languages = frozenset({"en"})


class Distilled(Listener):
    """Engine of a kind that translates, with a model that does not."""

    translates = False


@pytest.mark.parametrize("engine", [Listener(), Distilled()])
def test_engines_without_translation_refuse(engine: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Recognizer(engine, 5).recognize(
            [io.BytesIO()],
            speech_pb2.RecognitionConfig(translate=True),
            on_progress=lambda *_: None,
            cancelled=lambda: False,
        )
    assert caught.value.details == {"field": "translate"}
