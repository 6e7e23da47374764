"""Conversion of a Moonshine model, as shipped, to a fast one with attention as an output.

The shipped decoder expands its int8 weights at every token. Constants are folded, and weights are
quantized again so that products are computed in int8. The cross-attention becomes an output, since
it tells the times of words.
"""

import logging
import os
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

#: Layers of the decoder whose attention is used.
ATTENTION_LAYERS = (4, 5, 7)

_ENCODER, _DECODER = "encoder_model.ort", "decoder_model_merged.ort"
_TOKENIZER = "tokenizer.bin"  # pragma: allowlist secret
_HEADS = 8
_ERRORS_ONLY = 3
_LEVELS = onnxruntime.GraphOptimizationLevel


def convert(source: Path, target: Path) -> None:
    """Write encoder.onnx, decoder.onnx and tokenizer.bin. Takes 15 s and half a gigabyte."""
    _convert(source / _ENCODER, target / "encoder.onnx")
    _convert(source / _DECODER, target / "decoder.onnx")
    model = onnx.load(target / "decoder.onnx")
    _show_attention(model)
    onnx.save(model, target / "decoder.onnx")
    (target / _TOKENIZER).write_bytes((source / _TOKENIZER).read_bytes())


def _convert(source: Path, target: Path) -> None:
    raw, folded = target.with_suffix(".raw"), target.with_suffix(".folded")
    _save(source, raw, _LEVELS.ORT_DISABLE_ALL)
    model = onnx.load(raw)
    _name_branches(model)
    onnx.save(model, raw)
    _save(raw, folded, _LEVELS.ORT_ENABLE_BASIC)
    # Its advice concerns graphs that are not folded.
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(
            folded,
            target,
            op_types_to_quantize=["MatMul"],
            weight_type=QuantType.QInt8,
            extra_options={"EnableSubgraph": True},
        )
    finally:
        logging.disable(logging.NOTSET)
    raw.unlink()
    folded.unlink()


def _save(source: Path, target: Path, level: object) -> None:
    """Save a model as ONNX, optimized up to a level."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = os.fspath(target)
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.save_model_format", "ONNX")
    onnxruntime.InferenceSession(os.fspath(source), options, providers=["CPUExecutionProvider"])


def _name_branches(model: onnx.ModelProto) -> None:
    """Name the graphs within conditions. Without names they cannot be saved again."""
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH and not attribute.g.name:
                attribute.g.name = f"{node.name or node.op_type}_{attribute.name}"


def _show_attention(model: onnx.ModelProto) -> None:
    """Add the cross-attention of the layers to the outputs, as attention.LAYER."""
    # The branches are the first token, which computes the cache of the encoder, and later ones.
    (condition,) = (node for node in model.graph.node if node.op_type == "If")
    for layer in ATTENTION_LAYERS:
        inside = f"/model/decoder/layers.{layer}/encoder_attn/Softmax_output_0"
        for branch in condition.attribute:
            branch.g.output.append(_attention(inside))
        condition.output.append(f"attention.{layer}")
        model.graph.output.append(_attention(f"attention.{layer}"))


def _attention(name: str) -> onnx.ValueInfoProto:
    shape: list[str | int | None] = [
        "batch_size",
        _HEADS,
        "decoder_sequence_length",
        "encoder_sequence_length",
    ]
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
