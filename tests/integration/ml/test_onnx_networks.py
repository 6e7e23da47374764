"""Networks of the diarizer in ONNX Runtime and in torch."""

from dataclasses import replace

import numpy as np
import pytest

from bench.recordings import Recording
from common.audio.decoding import read_window
from common.models.store import EmbeddedDiarization, ModelStore

#: Of the libraries, about each other.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def models(store: ModelStore) -> EmbeddedDiarization:
    found = store.diarization("embedded")
    assert isinstance(found, EmbeddedDiarization)
    assert found.onnx_segmentation
    assert found.onnx_voice
    return found


@pytest.mark.parametrize("seconds", [0.5, 2.0, 7.3])
def test_embeddings_are_the_same(
    models: EmbeddedDiarization, telephone: Recording, seconds: float
) -> None:
    from diarizer.engines.pyannote import load_embedder

    sound = [read_window(telephone.audio, start, start + seconds) for start in (7.0, 14.0)]
    onnx = load_embedder(models, device="cpu").embed_sound(sound)
    torch = load_embedder(replace(models, onnx_voice=None), device="cpu").embed_sound(sound)
    np.testing.assert_allclose(onnx, torch, atol=1e-3)


def test_segmentation_is_the_same(models: EmbeddedDiarization, telephone: Recording) -> None:
    from pyannote.audio import Model

    from diarizer.engines.onnx_network import OnnxNetwork
    from diarizer.engines.torch_runtime import torch

    sound = read_window(telephone.audio, 5.0, 25.0)[:320_000]
    chunks = torch.from_numpy(np.stack(np.split(sound, 2)))[:, None]
    model = Model.from_pretrained(models.segmentation)
    assert model is not None
    assert models.onnx_segmentation is not None
    with torch.inference_mode():
        expected = model.eval()(chunks)
    found = OnnxNetwork(models.onnx_segmentation, threads=1)(chunks)
    np.testing.assert_allclose(found, expected, atol=1e-2)
