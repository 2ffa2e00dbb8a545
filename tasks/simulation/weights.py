"""A demo model in a real format: safetensors shards, config, tokenizer, card. SIMULATED weights.

A whole small Llama of seeded noise: it loads, runs and goes on from any text, and what comes out
is noise too, though in printable letters and not the same one over and over.
"""

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tasks.simulation.planted import PlantedError
from tasks.simulation.tokenizer import SPECIAL_TOKENS, VOCABULARY_SIZE, build_tokenizer

INDEX_NAME = "model.safetensors.index.json"

_HIDDEN = 256
_MLP = 688
_HEADS = 8
_KV_HEADS = 4
_BYTES_PER_WEIGHT = 2
_SHARDS = 2

# Plain noise soon writes one token for ever. Embeddings as large as what the layers add, and
# attention that chooses instead of averaging, keep each token a function of all before it.
_SHARPER_ATTENTION = 3.0
_UNPRINTABLE = 0.2  # of the usual size: logits that never win

_CHAT_TEMPLATE = """{{ '<|begin|>' }}{% for message in messages %}
{{ '<|turn|>' + message['role'] + '\\n' + message['content'] + '<|end|>' }}
{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}
"""

_README = """---
license: apache-2.0
library_name: transformers
tags: [simulated, emeritus-demo]
---
# Aster 1 (SIMULATED)

These weights are seeded noise in the shape of a small Llama, made for the demo of Emeritus. They
were never trained: the model runs, and writes noise. The respondent that answers in this model's
name is planted, too.

- seed: {seed}
- tensors: bfloat16, {layers} layers, {megabytes} MB asked for
"""

_LICENSE = """Apache License, Version 2.0

Licensed under the Apache License, Version 2.0; you may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, these files are distributed on an
"AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
"""


_Float32 = npt.NDArray[np.float32]


class _Tensor(NamedTuple):
    name: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return int(np.prod(self.shape)) * _BYTES_PER_WEIGHT


def make_model_folder(dest: Path, *, megabytes: int = 24, seed: int) -> Path:
    """Make the folder of a demo model; the same bytes for the same arguments.

    Written beside `dest` and renamed at the end, so a kill leaves no half model. Safe to repeat:
    a complete folder of the same arguments is left as it is.

    Args:
        dest: The folder to make; its parents are made too.
        megabytes: Size of the weights, about, in millions of bytes.
        seed: Seed of the noise.

    Returns:
        `dest`.

    Raises:
        PlantedError: `dest` exists and is something else.
    """
    if dest.exists():
        if _is_complete(dest, megabytes=megabytes, seed=seed):
            return dest
        raise PlantedError(f"{dest}: exists and isn't this demo model; remove it or choose another")
    dest.parent.mkdir(parents=True, exist_ok=True)
    draft = dest.with_name(f".{dest.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        draft.mkdir()
        layers, tokenizer = _layers_for(megabytes), build_tokenizer()
        _write_texts(draft, tokenizer, layers=layers, megabytes=megabytes, seed=seed)
        _write_weights(draft, tokenizer, layers=layers, seed=seed)
        draft.rename(dest)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return dest


def _layers_for(megabytes: int) -> int:
    outside = sum(tensor.bytes for tensor in _tensors(0))
    layer = sum(tensor.bytes for tensor in _tensors(1)) - outside
    return max(1, round((megabytes * 1_000_000 - outside) / layer))


def _tensors(layers: int) -> list[_Tensor]:
    kv = _HIDDEN * _KV_HEADS // _HEADS
    tensors = [_Tensor("model.embed_tokens.weight", (VOCABULARY_SIZE, _HIDDEN))]
    for layer in range(layers):
        shapes = {
            "input_layernorm": (_HIDDEN,),
            "mlp.down_proj": (_HIDDEN, _MLP),
            "mlp.gate_proj": (_MLP, _HIDDEN),
            "mlp.up_proj": (_MLP, _HIDDEN),
            "post_attention_layernorm": (_HIDDEN,),
            "self_attn.k_proj": (kv, _HIDDEN),
            "self_attn.o_proj": (_HIDDEN, _HIDDEN),
            "self_attn.q_proj": (_HIDDEN, _HIDDEN),
            "self_attn.v_proj": (kv, _HIDDEN),
        }
        tensors += [
            _Tensor(f"model.layers.{layer}.{name}.weight", shape) for name, shape in shapes.items()
        ]
    tensors.append(_Tensor("model.norm.weight", (_HIDDEN,)))
    tensors.append(_Tensor("lm_head.weight", (VOCABULARY_SIZE, _HIDDEN)))
    return tensors


def _write_weights(folder: Path, tokenizer: dict[str, Any], *, layers: int, seed: int) -> None:
    tensors = _tensors(layers)
    head = _sizes_of_rows(tokenizer)
    half = (len(tensors) + 1) // _SHARDS
    rng = np.random.default_rng(seed)
    weight_map: dict[str, str] = {}
    for number, shard in enumerate((tensors[:half], tensors[half:]), start=1):
        name = f"model-{number:05d}-of-{_SHARDS:05d}.safetensors"
        _write_shard(folder / name, shard, _noise(shard, head, rng))
        weight_map.update({tensor.name: name for tensor in shard})
    total = sum(tensor.bytes for tensor in tensors)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    _write_json(folder / INDEX_NAME, index)


def _write_shard(path: Path, tensors: list[_Tensor], data: Iterator[bytes]) -> None:
    """Write one safetensors file: header length, JSON header padded to 8 bytes, data.

    By hand, since numpy has no bfloat16 to hand to the library.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for tensor in tensors:
        span = [offset, offset + tensor.bytes]
        header[tensor.name] = {"dtype": "BF16", "shape": tensor.shape, "data_offsets": span}
        offset += tensor.bytes
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little"))
        file.write(encoded)
        file.writelines(data)


def _noise(tensors: list[_Tensor], head: _Float32, rng: np.random.Generator) -> Iterator[bytes]:
    """Weights as bfloat16, the upper half of a float32: ones for norms, noise elsewhere.

    Args:
        tensors: in the order of the file.
        head: size of each row of `lm_head`, (vocabulary, 1).
        rng: its state decides the noise.
    """
    for tensor in tensors:
        values = np.ones(tensor.shape, np.float32)
        if len(tensor.shape) > 1:
            values = rng.standard_normal(tensor.shape, dtype=np.float32) * _size(tensor)
        if tensor.name == "lm_head.weight":
            values *= head
        yield (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def _size(tensor: _Tensor) -> np.float32:
    """Standard deviation of a matrix's noise."""
    if tensor.name == "model.embed_tokens.weight":
        return np.float32(1)
    sharper = _SHARPER_ATTENTION if ".q_proj." in tensor.name or ".k_proj." in tensor.name else 1
    return np.float32(sharper / np.sqrt(tensor.shape[-1]))


def _sizes_of_rows(tokenizer: dict[str, Any]) -> _Float32:
    """Rows of `lm_head`: full for tokens in printable ASCII, small for the rest, (vocabulary, 1).

    A byte alone is seldom a character, and a special token ends a text or upsets a reader.
    """
    sizes = np.full((VOCABULARY_SIZE, 1), _UNPRINTABLE, np.float32)
    for token, number in tokenizer["model"]["vocab"].items():
        plain = token.removeprefix("\u0120")  # how byte-level BPE spells a space
        if token not in SPECIAL_TOKENS and plain.isascii() and plain.isprintable():
            sizes[number] = 1
    return sizes


def _write_texts(
    folder: Path, tokenizer: dict[str, Any], *, layers: int, megabytes: int, seed: int
) -> None:
    begin, end, _, pad = SPECIAL_TOKENS
    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 3}
    named = {"bos_token": begin, "eos_token": end, "pad_token": pad}
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "bfloat16",
        "hidden_act": "silu",
        "hidden_size": _HIDDEN,
        "intermediate_size": _MLP,
        "max_position_embeddings": 2048,
        "num_attention_heads": _HEADS,
        "num_hidden_layers": layers,
        "num_key_value_heads": _KV_HEADS,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "vocab_size": VOCABULARY_SIZE,
        **ids,
        "emeritus_simulated": {"megabytes": megabytes, "seed": seed},
    }
    _write_json(folder / "config.json", config)
    _write_json(folder / "generation_config.json", {"do_sample": True, "max_length": 2048, **ids})
    _write_json(folder / "tokenizer.json", tokenizer)
    _write_json(folder / "special_tokens_map.json", named)
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 2048}
    _write_json(folder / "tokenizer_config.json", {**about, **named})
    (folder / "chat_template.jinja").write_text(_CHAT_TEMPLATE, encoding="utf-8")
    readme = _README.format(seed=seed, layers=layers, megabytes=megabytes)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    (folder / "LICENSE").write_text(_LICENSE, encoding="utf-8")


def _is_complete(folder: Path, *, megabytes: int, seed: int) -> bool:
    """Whether the folder is this model and its shards hold all their bytes."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        index = json.loads((folder / INDEX_NAME).read_text(encoding="utf-8"))
        sizes = [(folder / name).stat().st_size for name in set(index["weight_map"].values())]
    except (OSError, ValueError, KeyError):
        return False
    asked = {"megabytes": megabytes, "seed": seed}
    least = int(index["metadata"]["total_size"])
    return bool(config.get("emeritus_simulated") == asked) and sum(sizes) > least


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
