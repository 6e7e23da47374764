"""A Moonshine model: its two networks, run by ONNX Runtime."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.greedy_decoding import GreedyDecoding, Row, Step, Token
from transcriber.worker.engines.moonshine_tokens import BEGIN, END, Vocabulary

#: Length of a frame of the encoder, in samples.
FRAME = 384
#: Longest sound that the model was made for, in samples.
LONGEST = 28 * SAMPLE_RATE
#: Shortest sound that has a frame.
_SHORTEST = 2 * SAMPLE_RATE // 10
#: Most tokens per second of speech.
_PACE = 6.5
#: A loop advances by less than this time per token, in seconds. Speech takes 0.2 s.
_LOOP_PACE = 0.04
#: Layers and heads whose attention follows the speech.
_HEADS = {4: (2, 4), 5: (1, 5), 7: (1, 4)}
_ATTENTION = tuple(f"attention.{layer}" for layer in _HEADS)

Array = npt.NDArray[Any]


class MoonshineModel:
    """A loaded model. It hears one piece of speech at a time."""

    def __init__(self, directory: Path, *, threads: int) -> None:
        """Load the files written by `moonshine_conversion`. Takes a second."""
        self.vocabulary = Vocabulary.read(directory / "tokenizer.bin")
        self._encoder = _session(directory / "encoder.onnx", threads)
        self._decoder = _session(directory / "decoder.onnx", threads)

    def tokens(
        self, sound: Samples, *, given: Sequence[int] = (), guess: Sequence[int] = ()
    ) -> list[Token]:
        """Return the tokens of the words in up to `LONGEST` samples of speech.

        The last one is that of the end, unless the text was too long. The text begins with the
        tokens `given`. A right `guess` of those that follow saves time.
        """
        if len(sound) < _SHORTEST:
            return []
        piece = np.ascontiguousarray(sound, dtype=np.float32)[None]
        (encoded,) = self._encoder.run(None, {"input_values": piece})
        decoding = GreedyDecoding(
            predictor=_Decoder(self._decoder, encoded),
            begin=BEGIN,
            end=END,
            pace=_LOOP_PACE * SAMPLE_RATE / FRAME,
            given=given,
            guess=guess,
        )
        return decoding.run(round(len(sound) / SAMPLE_RATE * _PACE))


class _Decoder:
    """Predictor of the text of one piece of speech. It keeps keys and values of earlier tokens."""

    def __init__(self, session: Any, encoded: Array) -> None:
        self._session = session
        self._given: dict[str, Array] = {
            item.name: np.zeros((1, item.shape[1], 0, item.shape[3]), np.float32)
            for item in session.get_inputs()
            if item.name.startswith("past_key_values")
        }
        self._given["encoder_hidden_states"] = encoded
        self._given["use_cache_branch"] = np.array([False])
        kept = [one.name for one in session.get_outputs() if one.name.startswith("present")]
        self._first = ["logits", *_ATTENTION, *kept]
        # Those of the encoder are computed once, by the first prediction.
        self._later = ["logits", *_ATTENTION, *(name for name in kept if ".decoder." in name)]

    def predict(self, token: int) -> Step:
        """Add a token to the text. Return the prediction of the one after it."""
        (step,) = self.predict_all([token])
        return step

    def predict_all(self, tokens: Sequence[int]) -> list[Step]:
        """Add tokens to the text, several only at its beginning. Return a prediction after each."""
        again = bool(self._given["use_cache_branch"][0])
        names = self._later if again else self._first
        self._given["input_ids"] = np.array([tokens], np.int64)
        found = dict(zip(names, self._session.run(names, self._given), strict=True))
        self._given |= {
            name.replace("present", "past_key_values"): value
            for name, value in found.items()
            if name.startswith("present")
        }
        self._given["use_cache_branch"] = np.array([True])
        return [
            Step(scores=found["logits"][0, place], attention=_attention(found, place))
            for place in range(len(tokens))
        ]

    def rewind(self, length: int) -> None:
        """Forget all tokens but the first `length`, the one before the text included."""
        for name, value in self._given.items():
            if name.startswith("past_key_values") and ".decoder." in name:
                self._given[name] = np.ascontiguousarray(value[:, :, :length])


def _attention(found: dict[str, Array], place: int) -> Row:
    """Return the attention of the chosen heads to the frames, at a place in the text."""
    rows = [
        found[name][0, list(heads), place]
        for name, heads in zip(_ATTENTION, _HEADS.values(), strict=True)
    ]
    return np.concatenate(rows)


def _session(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads sleep. Spinning ones would take the CPU from processes next to this one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The size of the arena would stay that of the longest piece.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(
        os.fspath(path), options, providers=["CPUExecutionProvider"]
    )
