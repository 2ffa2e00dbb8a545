"""The folder of a small Llama: its configuration and its weights, read as tensors and nothing else.

Formats: `config.json` as transformers writes it (4 and 5), safetensors (one file, or shards with
an index) in BF16, F16 or F32.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from tasks.kernel.errors import DrillFailed
from tasks.preservation.safetensors_header import (
    HeaderRefused,
    TensorSpan,
    header_length,
    parse_header,
)

#: Weights in float32 may take this much memory; larger models belong on a server.
LARGEST_WEIGHTS_BYTES = 2_000_000_000

_ELSEWHERE = "serve the model and set drill.runner: endpoint"
_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_TYPES = {"BF16": "<u2", "F16": "<f2", "F32": "<f4"}

Float32 = npt.NDArray[np.float32]


class Rope(BaseModel):
    """Rotary embeddings: `rope_parameters` of transformers 5, `rope_scaling` of 4."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rope_type: str = Field("default", validation_alias=AliasChoices("rope_type", "type"))
    rope_theta: float = Field(default=0.0, ge=0)
    partial_rotary_factor: float = 1.0


class LlamaConfig(BaseModel):
    """What of `config.json` decides the numbers, with the defaults that transformers has."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model_type: str
    vocab_size: int = Field(gt=0, le=1 << 20)
    hidden_size: int = Field(gt=0, le=1 << 16)
    intermediate_size: int = Field(gt=0, le=1 << 18)
    num_hidden_layers: int = Field(gt=0, le=512)
    num_attention_heads: int = Field(gt=0, le=1024)
    num_key_value_heads: int = Field(default=0, ge=0, le=1024)
    head_dim: int = Field(default=0, ge=0, le=1024)
    rms_norm_eps: float = Field(default=1e-6, gt=0)
    rope_theta: float = Field(default=10_000.0, gt=0)
    rope_scaling: Rope = Rope()
    rope_parameters: Rope = Rope()
    hidden_act: str = "silu"
    attention_bias: bool = False
    mlp_bias: bool = False
    tie_word_embeddings: bool = False
    quantization_config: dict[str, Any] | None = None
    eos_token_id: int | list[int] | None = None
    emeritus_simulated: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_is_absence(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value is not None}

    @model_validator(mode="after")
    def _runnable(self) -> Self:
        ropes = (self.rope_scaling, self.rope_parameters)
        wrong = {
            f"model_type {self.model_type}": self.model_type != "llama",
            **{f"rope_type {rope.rope_type}": rope.rope_type != "default" for rope in ropes},
            "partial rotary embeddings": any(rope.partial_rotary_factor != 1 for rope in ropes),
            f"hidden_act {self.hidden_act}": self.hidden_act != "silu",
            "attention_bias": self.attention_bias,
            "mlp_bias": self.mlp_bias,
            "quantized weights": self.quantization_config is not None,
            "heads that its key-value heads don't divide": self.num_attention_heads % self.kv_heads,
            f"head_dim {self.head_size}": self.head_size == 0 or self.head_size % 2 != 0,
        }
        unknown = [what for what, is_wrong in wrong.items() if is_wrong]
        if unknown:
            raise ValueError(f"has {', '.join(unknown)}, which the numpy runner does not know")
        return self

    @property
    def kv_heads(self) -> int:
        """Key-value heads; each serves as many query heads."""
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def head_size(self) -> int:
        """Elements of a head's query, key or value."""
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def theta(self) -> float:
        """Base of the rotary embeddings' wavelengths."""
        return self.rope_parameters.rope_theta or self.rope_theta

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor that the model needs, with its shape as transformers stores it."""
        hidden, mlp = self.hidden_size, self.intermediate_size
        heads = self.num_attention_heads * self.head_size
        kv = self.kv_heads * self.head_size
        layer = {
            "input_layernorm": (hidden,),
            "self_attn.q_proj": (heads, hidden),
            "self_attn.k_proj": (kv, hidden),
            "self_attn.v_proj": (kv, hidden),
            "self_attn.o_proj": (hidden, heads),
            "post_attention_layernorm": (hidden,),
            "mlp.gate_proj": (mlp, hidden),
            "mlp.up_proj": (mlp, hidden),
            "mlp.down_proj": (hidden, mlp),
        }
        shapes: dict[str, tuple[int, ...]] = {
            "model.embed_tokens.weight": (self.vocab_size, hidden),
            "model.norm.weight": (hidden,),
        }
        if not self.tie_word_embeddings:
            shapes["lm_head.weight"] = (self.vocab_size, hidden)
        for number in range(self.num_hidden_layers):
            for name, shape in layer.items():
                shapes[f"model.layers.{number}.{name}.weight"] = shape
        return shapes


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of the folder.

    Raises:
        DrillFailed: missing, or not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DrillFailed(f"{path}: no such file; the runner needs it; {_ELSEWHERE}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DrillFailed(f"{path}: can't be read as JSON: {error}") from None
    if not isinstance(value, dict):
        raise DrillFailed(f"{path}: holds no JSON object")
    return value


def read_config(folder: Path) -> LlamaConfig:
    """The model's configuration.

    Raises:
        DrillFailed: not a Llama that this runner knows, or too large for it.
    """
    path = folder / "config.json"
    values = read_json(path)
    try:
        config = LlamaConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        what = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
        raise DrillFailed(f"{path}: {f'{field}: ' if field else ''}{what}; {_ELSEWHERE}") from None
    size = 4 * sum(math.prod(shape) for shape in config.shapes().values())
    if size > LARGEST_WEIGHTS_BYTES:
        raise DrillFailed(
            f"{path}: the weights take {size / 1e9:.1f} GB in float32, and the numpy runner is for "
            f"small models (at most {LARGEST_WEIGHTS_BYTES / 1e9:.0f} GB); {_ELSEWHERE}"
        )
    return config


def read_tensors(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Float32]:
    """Tensors by name, in float32, native byte order. Others that the files hold are left alone.

    Args:
        folder: of the model.
        shapes: the tensors to read, and the shape that each must have.

    Raises:
        DrillFailed: a tensor is missing, of another shape or type, or a file can't be read.
    """
    tensors: dict[str, Float32] = {}
    for path, names in _names_by_file(folder, shapes).items():
        spans = _spans(path)
        for name in names:
            span = spans.get(name)
            if span is None:
                raise DrillFailed(f"{path}: holds no tensor {name}, which the model needs")
            if span.shape != shapes[name] or span.dtype not in _TYPES:
                raise DrillFailed(
                    f"{path}: {name} is {span.dtype} {list(span.shape)}, where config.json asks "
                    f"for {list(shapes[name])} in one of {', '.join(_TYPES)}"
                )
            tensors[name] = _read(path, span)
    return tensors


def _names_by_file(folder: Path, names: Mapping[str, object]) -> dict[Path, list[str]]:
    if (folder / _WEIGHTS).is_file():
        return {folder / _WEIGHTS: list(names)}
    index = folder / _INDEX
    files: dict[Path, list[str]] = {}
    weight_map = read_json(index).get("weight_map")
    for name in names:
        shard = weight_map.get(name) if isinstance(weight_map, dict) else None
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise DrillFailed(f"{index}: names no file in the folder for {name}")
        files.setdefault(folder / shard, []).append(name)
    return files


def _spans(path: Path) -> dict[str, TensorSpan]:
    """Where a safetensors file holds its tensors, by name."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(header_length(file.read(8), size))
        return {span.name: span for span in parse_header(header, size)}
    except (OSError, HeaderRefused) as error:
        raise DrillFailed(f"{path}: can't be read as safetensors: {error}") from None


def _read(path: Path, span: TensorSpan) -> Float32:
    count = math.prod(span.shape)
    stored = np.fromfile(path, _TYPES[span.dtype], count, offset=span.start).reshape(span.shape)
    if span.dtype != "BF16":
        return stored.astype(np.float32, copy=False)
    bits = stored.astype(np.uint32)  # numpy has no such type: it is the upper half of a float32
    bits <<= 16
    return bits.view(np.float32)
