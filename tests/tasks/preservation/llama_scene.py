"""Folders of tiny Llamas for tests, written without the library's own writer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.simulation.tokenizer import VOCABULARY_SIZE, build_tokenizer

Weights = dict[str, npt.NDArray[np.float32]]

TINY: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": VOCABULARY_SIZE,
    "hidden_size": 32,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
}


def shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    hidden, mlp, vocabulary = (
        config[name] for name in ("hidden_size", "intermediate_size", "vocab_size")
    )
    heads = config["num_attention_heads"]
    dim = config.get("head_dim") or hidden // heads
    kv = (config.get("num_key_value_heads") or heads) * dim
    named: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocabulary, hidden)}
    for layer in range(config["num_hidden_layers"]):
        for name, shape in {
            "input_layernorm": (hidden,),
            "mlp.down_proj": (hidden, mlp),
            "mlp.gate_proj": (mlp, hidden),
            "mlp.up_proj": (mlp, hidden),
            "post_attention_layernorm": (hidden,),
            "self_attn.k_proj": (kv, hidden),
            "self_attn.o_proj": (hidden, heads * dim),
            "self_attn.q_proj": (heads * dim, hidden),
            "self_attn.v_proj": (kv, hidden),
        }.items():
            named[f"model.layers.{layer}.{name}.weight"] = shape
    named["model.norm.weight"] = (hidden,)
    if not config.get("tie_word_embeddings"):
        named["lm_head.weight"] = (vocabulary, hidden)
    return named


def random_weights(config: Mapping[str, Any], seed: int = 0, size: float = 0.5) -> Weights:
    """Noise that bfloat16 and float16 hold exactly: eight bits of each number."""
    rng = np.random.default_rng(seed)
    return {
        name: (np.round(rng.standard_normal(shape) * size * 32) / 32).astype(np.float32)
        for name, shape in shapes(config).items()
    }


def write_model(
    folder: Path,
    config: Mapping[str, Any] = TINY,
    weights: Weights | None = None,
    *,
    dtype: str = "F32",
    shards: int = 1,
) -> Path:
    folder.mkdir(parents=True)
    weights = random_weights(config) if weights is None else weights
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(build_tokenizer()))
    names = list(weights)
    if shards == 1:
        write_safetensors(folder / "model.safetensors", weights, dtype)
        return folder
    weight_map = {}
    for number in range(shards):
        part = {name: weights[name] for name in names[number::shards]}
        file = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        write_safetensors(folder / file, part, dtype)
        weight_map.update(dict.fromkeys(part, file))
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def write_safetensors(path: Path, tensors: Weights, dtype: str = "F32") -> None:
    header, data = {}, b""
    for name, values in tensors.items():
        encoded = _encode(values, dtype)
        span = [len(data), len(data) + len(encoded)]
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": span}
        data += encoded
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def _encode(values: npt.NDArray[np.float32], dtype: str) -> bytes:
    if dtype == "BF16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return values.astype({"F16": "<f2", "F32": "<f4", "I64": "<i8"}[dtype]).tobytes()
